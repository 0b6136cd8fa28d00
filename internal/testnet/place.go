package testnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// place is where crafted clients are: behind a relay agent at the loopback
// address of the server's family, and a port of its own.
type place struct {
	conn   *net.UDPConn
	server netip.AddrPort
	buf    [2048]byte
}

// patience is how long a client there waits before it asks again.
const patience = 200 * time.Millisecond

func newPlace(t testing.TB, server netip.AddrPort) place {
	t.Helper()
	conn := listen(t, server.Addr())
	t.Cleanup(func() { conn.Close() })
	return place{conn: conn, server: server}
}

func listen(t testing.TB, addr netip.Addr) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// Send sends bytes as they are. It does not matter whether the server is there:
// nobody would tell a client.
func (p *place) Send(packet []byte) { _, _ = p.conn.WriteToUDPAddrPort(packet, p.server) }

// ask sends a packet again and again until take says that an answer is to it.
func (p *place) ask(ctx context.Context, packet []byte, take func(answer []byte) (bool, error)) error {
	for ctx.Err() == nil {
		p.Send(packet)
		if err := p.receive(take); !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return context.Cause(ctx)
}

// receive waits for a while for an answer.
func (p *place) receive(take func(answer []byte) (bool, error)) error {
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for {
		n, err := p.conn.Read(p.buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			continue // the server's port is closed
		}
		if ok, err := take(p.buf[:n]); ok || err != nil {
			return err
		}
	}
}

// Loopback returns the name of the machine's loopback interface.
func Loopback(t testing.TB) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Fatal("this machine has no loopback interface")
	return ""
}

// FreePort returns a UDP port of 127.0.0.1 that nobody listened on a moment
// ago.
func FreePort(t testing.TB) netip.AddrPort {
	t.Helper()
	return freePort(t, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

// FreePort6 is FreePort with ::1.
func FreePort6(t testing.TB) netip.AddrPort {
	t.Helper()
	return freePort(t, netip.IPv6Loopback())
}

func freePort(t testing.TB, addr netip.Addr) netip.AddrPort {
	t.Helper()
	conn := listen(t, addr)
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}
