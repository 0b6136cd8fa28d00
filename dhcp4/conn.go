package dhcp4

import "net/netip"

// batchSize is how many datagrams are read or written at a time at most.
const batchSize = 64

// conn is a socket.
type conn interface {
	// read waits for datagrams and fills the first n of batch. It returns
	// os.ErrDeadlineExceeded after stopReading, and os.ErrClosed after Close.
	read(batch []*datagram) (n int, err error)
	// write sends the first n of batch, n > 0, or says why it cannot send
	// the first.
	write(batch []*datagram) (n int, err error)
	// stopReading makes read return; write goes on.
	stopReading()
	// overflowed counts the datagrams that came in and were not read in time.
	overflowed() uint64
	Close() error
}

// network is the host's network, as far as the server needs it.
type network interface {
	links() ([]link, error)
	// raw says why there are no packet sockets, if so.
	raw() error
	// anyAddress says that a UDP socket for any address (0.0.0.0) tells by
	// which interface, and to which address, a datagram came.
	anyAddress() bool
	// listenUDP receives what is sent to one address, or to any. The link is
	// known for the first only.
	listenUDP(addr netip.AddrPort, l *link) (conn, error)
	// listenLink receives what is broadcast on a link, and sends frames to
	// hardware addresses there.
	listenLink(l *link, port uint16) (conn, error)
}
