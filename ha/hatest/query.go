package hatest

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Kind is what a query or an answer is, by the names of DHCPv4. The zero Kind
// is none.
type Kind uint8

// The kinds, first those of queries.
const (
	Discover Kind = iota + 1 // DHCPv6: Solicit
	Request                  // a REQUEST for what a server has offered
	Reboot                   // a REQUEST of a client that has been switched off and remembers its address; DHCPv6: Confirm
	Renew                    // a REQUEST to the server that has given the lease
	Rebind                   // a REQUEST to all servers
	Release
	Decline

	Offer // DHCPv6: Advertise
	Ack   // DHCPv6: Reply
	Nak   // DHCPv6: a Reply that says NoBinding, NotOnLink or NoAddrsAvail
)

var kindNames = [...]string{
	Discover: "discover", Request: "request", Reboot: "reboot", Renew: "renew", Rebind: "rebind",
	Release: "release", Decline: "decline", Offer: "offer", Ack: "ack", Nak: "nak",
}

// String returns the name of the kind, such as discover.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Query is what a client asks.
type Query struct {
	Kind   Kind
	Client lease.Client // DHCPv4: a hardware address; DHCPv6: a DUID. The IAID is always 1.
	Subnet uint32       // of the client's link
	Addr   netip.Addr   // that the client has, or asks for; invalid: any
	// Server is the node that the client has chosen, which is named in the
	// query; empty: none. The others are sent it too where it is a broadcast, as
	// it is in DHCPv6 always.
	Server string
	Waited time.Duration // how long the client says that it has been trying
}

// Answer is what a server answers.
type Answer struct {
	Kind Kind
	Addr netip.Addr
	// Valid is how long the client may use the address from now on. 0 in an Ack:
	// nothing is given, as when a client has released its lease or, in DHCPv6,
	// asks whether its address is one of its link.
	Valid time.Duration
	// Renew and Rebind are T1 and T2. 0: as the RFCs have it, 0.5 and 0.875 of
	// the lease, in DHCPv6 0.5 and 0.8.
	Renew, Rebind time.Duration
}

// String tells of the query in traces.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString(q.Kind.String())
	if q.Addr.IsValid() {
		b.WriteString(" " + q.Addr.String())
	}
	if q.Server != "" {
		b.WriteString(" of " + q.Server)
	}
	if q.Waited > 0 {
		fmt.Fprintf(&b, ", has waited %v", q.Waited)
	}
	return b.String()
}

// String tells of the answer in traces.
func (a Answer) String() string {
	text := a.Kind.String()
	if a.Addr.IsValid() {
		text += " " + a.Addr.String()
	}
	if a.Valid > 0 {
		text += fmt.Sprintf(" for %v", a.Valid)
	}
	return text
}
