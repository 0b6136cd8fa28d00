package engine

import (
	"math"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

// What is counted apart.
const (
	addresses = iota
	delegated
	kinds
)

// kindOf is what a lease of a type counts as.
func kindOf(typ lease.Type) int {
	if typ == lease.PD {
		return delegated
	}
	return addresses
}

// Limits are how much clients behind one port of a relay agent, and behind one
// relay agent, may have at a time.
type Limits struct {
	port, relay [kinds]int64
}

// LimitsOf returns the limits that are configured; nil: there are none.
func LimitsOf(c conf.Limits) *Limits {
	if !c.Any() {
		return nil
	}
	return &Limits{
		port:  [kinds]int64{addresses: most(c.PortAddresses), delegated: most(c.PortPrefixes)},
		relay: [kinds]int64{addresses: most(c.RelayAddresses), delegated: most(c.RelayPrefixes)},
	}
}

func most(n *uint32) int64 {
	if n == nil {
		return math.MaxInt64
	}
	return int64(*n)
}

// Over says which limit keeps a client from what it wants; the zero Over: none.
type Over int

const (
	OverPort  Over = iota + 1 // that of the port
	OverRelay                 // that of the relay agent
	Unplaced                  // there are limits, but no relay agent stands for who asks from elsewhere
)

// String is the end of the statistic that counts it.
func (o Over) String() string {
	switch o {
	case 0:
		return "within"
	case OverPort:
		return "port-limit"
	case OverRelay:
		return "relay-limit"
	case Unplaced:
		return "no-relay"
	default:
		return "unknown"
	}
}

// Limited counts that a client behind a relay agent is given nothing more in a
// subnet.
func (s *Stats) Limited(over Over, subnet uint32) {
	s.Count(s.names.failure("-"+over.String()), subnet)
}
