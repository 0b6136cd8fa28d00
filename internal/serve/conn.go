package serve

import (
	"net/netip"

	"golang.org/x/net/bpf"
)

// BatchSize is how many datagrams are read or written at a time at most.
const BatchSize = 64

// Conn is a socket.
type Conn interface {
	// Read waits for datagrams and fills the first n of batch. It returns
	// os.ErrDeadlineExceeded after StopReading, and os.ErrClosed after Close.
	Read(batch []*Datagram) (n int, err error)
	// Write sends the first n of batch, n > 0, or says why it cannot send
	// the first. It may change the order before.
	Write(batch []*Datagram) (n int, err error)
	// StopReading makes Read return; Write goes on.
	StopReading()
	// Overflowed counts the datagrams that came in and were not read in time,
	// or were refused.
	Overflowed() uint64
	Close() error
}

// Network is the network of a host, as far as a server of one family needs it.
type Network interface {
	// Links lists the interfaces.
	Links() ([]Link, error)
	// Raw says why there are no packet sockets, if so.
	Raw() error
	// Sockets says what UDP sockets the host has.
	Sockets() SocketKind
	// ListenUDP receives what is sent to one address, or to any. The link is
	// given unless the socket serves all links.
	ListenUDP(addr netip.AddrPort, l *Link) (Conn, error)
	// ListenLink receives what is broadcast on a link, and sends frames to
	// hardware addresses there.
	ListenLink(l *Link, port uint16) (Conn, error)
}

// SocketKind is how much one UDP socket can serve.
type SocketKind int

const (
	// PerAddress: a socket must be bound to the one address that it serves,
	// because a datagram does not tell by which interface it came.
	PerAddress SocketKind = iota + 1
	// PerLink: a socket for any address can be bound to a link.
	PerLink
	// PerHost: a socket for any address serves all links, and its datagrams
	// tell by which they came. It is a joiner.
	PerHost
)

// joiner is a Conn for all links that has to be told from which it is to
// receive what is sent to everybody, again and again.
type joiner interface {
	Join(l *Link) error
}

// refuser is a Conn that can have the system refuse datagrams, before they take
// the place of others.
type refuser interface {
	// Refuse refuses what the filter, which is as of Protocol.Unwanted,
	// refuses; nil: nothing any more.
	Refuse(unwanted []bpf.Instruction) error
}

// hostNetwork is the network of the host.
type hostNetwork struct {
	family   Family
	segments bool
}

// HostNetwork is the network of the host. With segments, what is written to a UDP
// socket for one receiver at a time may leave as one packet, which the system
// divides; it is an error to listen where the system cannot.
func HostNetwork(f Family, segments bool) Network { return hostNetwork{f, segments} }

func (n hostNetwork) Links() ([]Link, error) { return hostLinks(n.family) }
