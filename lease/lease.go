package lease

import (
	"fmt"
	"net/netip"
	"time"
)

// Type says what is leased. The zero Type is invalid, so that a forgotten one
// is noticed.
type Type uint8

const (
	V4 Type = iota + 1 // an IPv4 address
	NA                 // an IPv6 address, DHCPv6 IA_NA
	PD                 // an IPv6 prefix, DHCPv6 IA_PD
)

// String returns Kea's name of the type.
func (t Type) String() string {
	switch t {
	case V4:
		return "V4"
	case NA:
		return "IA_NA"
	case PD:
		return "IA_PD"
	default:
		return fmt.Sprintf("Type(%d)", uint8(t))
	}
}

// State is the state of a lease, with Kea's numbers.
type State uint8

const (
	Assigned         State = 0 // a client has it, or had it until it expired
	Declined         State = 1 // a client found it in use by somebody else; kept from use for a while
	ExpiredReclaimed State = 2 // expired and cleaned up; kept so that the client may get it back
	Released         State = 3 // given back by the client; kept so that the client may get it back
	Registered       State = 4 // a self-generated IPv6 address its owner registered (RFC 9686)
)

// String returns Kea's name of the state.
func (s State) String() string {
	switch s {
	case Assigned:
		return "assigned"
	case Declined:
		return "declined"
	case ExpiredReclaimed:
		return "expired-reclaimed"
	case Released:
		return "released"
	case Registered:
		return "registered"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// Infinite is the valid or preferred lifetime of a lease that never expires.
const Infinite uint32 = 0xffffffff

// Lease is one address or prefix and who has it until when. One type serves
// both families; a member that a family does not have stays zero.
type Lease struct {
	Type      Type
	Addr      netip.Addr // the address, or the first address of the prefix
	PrefixLen uint8      // length of the prefix, 1 to 128; PD only, otherwise 0

	ClientID []byte // DHCPv4: client identifier (option 61), nil if the client sent none; DHCPv6: DUID
	HWAddr   []byte // hardware address; nil if unknown (DHCPv6) or declined
	HWType   uint16 // hardware type of HWAddr (RFC 1700; 1 is Ethernet); DHCPv6 only, where it is kept in lease files
	HWSource uint32 // where HWAddr was found, in Kea's numbers; DHCPv6 only, where it is kept in lease files
	IAID     uint32 // DHCPv6 only

	SubnetID uint32 // of the configuration, from 1 on
	PoolID   uint32 // pool-id of the configuration; 0: the pool has none

	CLTT         int64  // client's last transaction time, Unix seconds
	ValidLft     uint32 // seconds from CLTT; Infinite never expires
	PreferredLft uint32 // seconds from CLTT; DHCPv6 only

	FQDNFwd  bool   // the server keeps the client's address record
	FQDNRev  bool   // the server keeps the client's PTR record
	Hostname string // what the client is called in DNS; empty: it has no name
	State    State  // whether a client has it: Assigned, Declined and so on

	UserContext []byte // a JSON object, or nil

	// Revision is set by the store when it returns a lease: the number of
	// the change that made the lease what it is. It is not part of the JSON.
	Revision uint64
}

// Key identifies a lease in a store.
type Key struct {
	Type Type
	Addr netip.Addr
}

// Key returns the lease's key.
func (l *Lease) Key() Key { return Key{l.Type, l.Addr} }

// String returns the address, with the type in front if it is not told by it.
func (k Key) String() string {
	if k.Type == PD {
		return "prefix " + k.Addr.String()
	}
	return k.Addr.String()
}

// Expires returns when the lease ends: CLTT plus the valid lifetime. The zero
// time means never.
func (l *Lease) Expires() time.Time {
	if l.ValidLft == Infinite {
		return time.Time{}
	}
	return time.Unix(l.CLTT+int64(l.ValidLft), 0)
}

// Expired says whether the lease has ended at now.
func (l *Lease) Expired(now time.Time) bool {
	return l.ValidLft != Infinite && !now.Before(l.Expires())
}

// Client is what identifies the sender of a query, in the terms leases are
// keyed by.
type Client struct {
	ID     []byte // DHCPv4: client identifier, nil if none; DHCPv6: DUID
	HWAddr []byte // hardware address; nil if unknown
}
