//go:build !linux

package main

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// link is a socket, read and written a message a system call: good enough to
// try something, not to measure it.
type link struct {
	conn   *net.UDPConn
	buffer [2048]byte
	n      int
	sender netip.AddrPort
}

// receiveBatch is how many messages are received with one system call.
const receiveBatch = 1

func newLink(conn *net.UDPConn) (*link, error) {
	// Best effort: the system may allow less, and then drops count as timeouts.
	_ = conn.SetReadBuffer(4 << 20)
	_ = conn.SetWriteBuffer(4 << 20)
	return &link{conn: conn}, nil
}

func (l *link) send(messages []byte, size int, to netip.AddrPort) error {
	return sendEach(l.conn, messages, size, to)
}

// receive waits for a message, at most for a time, and says how many came.
func (l *link) receive(wait time.Duration) (int, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	var err error
	l.n, l.sender, err = l.conn.ReadFromUDPAddrPort(l.buffer[:])
	switch {
	case err == nil:
		return 1, nil
	case errors.Is(err, net.ErrClosed):
		return 0, err
	}
	return 0, nil // no answer yet; or a server's port is closed, which is no answer either
}

// message returns the one that came last.
func (l *link) message(int) []byte { return l.buffer[:l.n] }

// from is who sent it.
func (l *link) from(int) netip.Addr { return l.sender.Addr().Unmap() }
