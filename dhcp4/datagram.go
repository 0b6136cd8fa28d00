package dhcp4

import (
	"net/netip"
	"sync"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

const (
	// maxMessage is the longest message that is received or sent. Ethernet
	// carries 1,472 bytes.
	maxMessage = 2000
	// headroom is where a packet socket finds or puts the IPv4 header, which
	// may have 40 bytes of options, and the UDP header.
	headroom = 60 + 8
)

// datagram is a message received or to be sent, with the memory it lies in.
type datagram struct {
	storage [headroom + maxMessage]byte
	payload []byte // within storage; to be sent: with headroom before it

	remote  netip.AddrPort // who sent it, or is to receive it
	local   netip.Addr     // the address it was sent to, or is to be sent from; invalid if unknown
	ifindex int            // interface it came in on, or leaves by

	refused Refusal            // received: why it cannot be a query, if so
	typ     dhcpv4.MessageType // to be sent: its type, to count it
	hw      [8]byte            // to be sent by a packet socket: the hardware address,
	hwLen   int                // and its length
}

// datagrams recycles the memory. It is safe for concurrent use.
type datagrams struct{ pool sync.Pool }

func (p *datagrams) get() *datagram {
	d, ok := p.pool.Get().(*datagram)
	if !ok {
		d = new(datagram)
	}
	return d
}

func (p *datagrams) put(d *datagram) {
	d.payload, d.refused = nil, 0
	p.pool.Put(d)
}
