package serve

import (
	"net/netip"
	"sync"
	"time"
)

// headroom is where a packet socket finds or puts the IPv4 header, which may
// have 40 bytes of options, and the UDP header.
const headroom = 60 + 8

// Datagram is a message received or to be sent, with the memory it lies in.
type Datagram struct {
	storage []byte // the headroom, and room for a message
	Payload []byte // within storage but for a UDP message that is longer

	Remote  netip.AddrPort // who sent it, or is to receive it; without zone
	Local   netip.Addr     // the address it was sent to, or is to be sent from; invalid if unknown or left to the system
	Ifindex int            // interface it came in on, or leaves by

	Kind  int     // to be sent: the kind of message, to count it
	HW    [8]byte // to be sent by a packet socket: the hardware address,
	HWLen int     // and its length; 0: everybody

	refused  int       // received: why it cannot be a query, if so
	exchange *Exchange // to be sent: what it ends; nil: nobody observes
}

// NewDatagram makes a datagram with room for a message of a size.
func NewDatagram(size int) *Datagram { return &Datagram{storage: make([]byte, headroom+size)} }

// Arrival is a datagram with what is known of how it came in.
type Arrival struct {
	Socket   *Socket
	Endpoint *Endpoint
	Unicast  bool
	Query    *Datagram
	Received time.Time
}

// Room is the empty memory for a message.
func (d *Datagram) Room() []byte { return d.storage[headroom:headroom] }

// datagrams recycles the memory. It is safe for concurrent use.
type datagrams struct {
	pool sync.Pool
	size int // of the longest message
}

func (p *datagrams) get() *Datagram {
	d, ok := p.pool.Get().(*Datagram)
	if !ok {
		d = NewDatagram(p.size)
	}
	return d
}

func (p *datagrams) put(d *Datagram) {
	d.Payload, d.refused, d.exchange = nil, 0, nil
	p.pool.Put(d)
}
