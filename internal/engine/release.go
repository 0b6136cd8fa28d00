package engine

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Removal is the change that removes a lease as it is known.
func Removal(l lease.Lease) lease.Change {
	c := lease.Removal(l)
	c.If = l.Revision
	return c
}

// Decline is the change that keeps an address from use, as its client has found
// it in use by somebody else. Nobody is said to have it then. period is
// decline-probation-period, in seconds; nil: it is not set.
func Decline(l lease.Lease, now time.Time, period *uint32) lease.Change {
	l.State = lease.Declined
	l.ClientID, l.HWAddr, l.HWType, l.HWSource = nil, nil, 0, 0
	l.Hostname, l.FQDNFwd, l.FQDNRev = "", false, false
	l.CLTT, l.ValidLft, l.PreferredLft = now.Unix(), 24*60*60, 0
	if period != nil {
		l.ValidLft = *period
	}
	return lease.Change{Lease: l, If: l.Revision}
}
