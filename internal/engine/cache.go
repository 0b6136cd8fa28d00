package engine

import (
	"bytes"

	"github.com/dhcpha/dhcpha/lease"
)

// Cache is when a renewed lease is not written again (Kea's lease caching).
// Unlike in Kea 3.0 the zero Cache, which is the default, writes always.
type Cache struct {
	Threshold *float64 // share of the valid lifetime
	MaxAge    *uint32  // seconds
}

// Reusable returns how many seconds a lease that is renewed at now, and
// unchanged otherwise, may be used for without being written: what remains of
// it, or 0 if it is to be written. One whose preferred lifetime has passed is.
func (c Cache) Reusable(l *lease.Lease, now int64) uint32 {
	age := now - l.CLTT
	switch {
	case c.Threshold == nil && c.MaxAge == nil, l.State != lease.Assigned, age < 0:
		return 0
	case l.PreferredLft != 0 && age >= int64(l.PreferredLft):
		return 0 // in DHCPv4 there is none
	case l.ValidLft == lease.Infinite:
		return lease.Infinite
	case age >= int64(l.ValidLft):
		return 0
	case c.MaxAge != nil && (*c.MaxAge == 0 || age > int64(*c.MaxAge)):
		return 0
	case c.Threshold != nil && (*c.Threshold <= 0 || float64(age) > *c.Threshold*float64(l.ValidLft)):
		return 0
	}
	return l.ValidLft - uint32(age)
}

// SameButTimes says whether two leases of an address differ in nothing but when
// they begin and end, so that the cache may be asked.
func SameButTimes(a, b *lease.Lease) bool {
	return bytes.Equal(a.ClientID, b.ClientID) && a.IAID == b.IAID &&
		bytes.Equal(a.HWAddr, b.HWAddr) && a.HWType == b.HWType && a.HWSource == b.HWSource &&
		a.SubnetID == b.SubnetID && a.PoolID == b.PoolID && a.State == b.State &&
		a.Hostname == b.Hostname && a.FQDNFwd == b.FQDNFwd && a.FQDNRev == b.FQDNRev &&
		bytes.Equal(a.UserContext, b.UserContext)
}
