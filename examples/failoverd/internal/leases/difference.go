package leases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// difference is a lease that two sources do not have alike.
type difference struct {
	key  lease.Key
	a, b *lease.Lease // nil: it is not there
	// ended says that in neither source anybody holds it any more: it has
	// expired, was given back, or is gone. A server drops such leases when it
	// comes to it, and a Kea knows fewer kinds of them.
	ended  bool
	fields []field // of a lease that both have
}

// field is a part of a lease that differs.
type field struct {
	name string // as in Kea's JSON, but for "expires"
	a, b string
}

// compareLeases returns what two sources do not have alike, by address. Times
// may differ by tolerance.
func compareLeases(a, b leaseMap, now time.Time, tolerance time.Duration) (all []difference) {
	for _, l := range a.sorted() {
		d := difference{key: l.Key(), a: &l}
		if other, ok := b[d.key]; ok {
			d.b = &other
			d.fields = withoutTolerated(differences(&l, &other), &l, &other, tolerance)
			if len(d.fields) == 0 {
				continue
			}
		}
		all = append(all, d)
	}
	for _, l := range b.sorted() {
		if _, ok := a[l.Key()]; !ok {
			all = append(all, difference{key: l.Key(), b: &l})
		}
	}
	for i := range all {
		all[i].ended = !held(all[i].a, now) && !held(all[i].b, now)
	}
	return all
}

// held says whether an address is kept from others.
func held(l *lease.Lease, now time.Time) bool {
	if l == nil || l.State == lease.ExpiredReclaimed || l.State == lease.Released {
		return false
	}
	return !l.Expired(now)
}

// differences returns in which parts two leases of one address differ, as far
// as both sources can know them.
func differences(a, b *lease.Lease) (found []field) {
	add := func(name string, differs bool, ofA, ofB any) {
		if differs {
			found = append(found, field{name, fmt.Sprint(ofA), fmt.Sprint(ofB)})
		}
	}
	v4 := a.Type == lease.V4
	add("state", a.State != b.State, a.State, b.State)
	add(map[bool]string{true: "client-id", false: "duid"}[v4], !bytes.Equal(a.ClientID, b.ClientID), hex(a.ClientID), hex(b.ClientID))
	// A server of DHCPv6 finds hardware addresses out, or does not.
	known := v4 || len(a.HWAddr) > 0 && len(b.HWAddr) > 0
	add("hw-address", known && !bytes.Equal(a.HWAddr, b.HWAddr), hex(a.HWAddr), hex(b.HWAddr))
	add("iaid", a.IAID != b.IAID, a.IAID, b.IAID)
	add("prefix-len", a.PrefixLen != b.PrefixLen, a.PrefixLen, b.PrefixLen)
	add("subnet-id", a.SubnetID != b.SubnetID, a.SubnetID, b.SubnetID)
	// Kea has pools with a number since 2.6.
	add("pool-id", a.PoolID != b.PoolID && a.PoolID > 0 && b.PoolID > 0, a.PoolID, b.PoolID)
	add(expires, end(a) != end(b), until(a), until(b))
	add("valid-lft", a.ValidLft != b.ValidLft, a.ValidLft, b.ValidLft)
	add("preferred-lft", a.PreferredLft != b.PreferredLft, a.PreferredLft, b.PreferredLft)
	add("hostname", a.Hostname != b.Hostname, strconv.QuoteToASCII(a.Hostname), strconv.QuoteToASCII(b.Hostname))
	add("fqdn-fwd", a.FQDNFwd != b.FQDNFwd, a.FQDNFwd, b.FQDNFwd)
	add("fqdn-rev", a.FQDNRev != b.FQDNRev, a.FQDNRev, b.FQDNRev)
	add("user-context", !sameJSON(a.UserContext, b.UserContext), printable(string(a.UserContext)), printable(string(b.UserContext)))
	return found
}

// expires is the field that says when a lease ends.
const expires = "expires"

// end is when a lease ends in Unix seconds; 0: never.
func end(l *lease.Lease) int64 {
	if l.ValidLft == lease.Infinite {
		return 0
	}
	return l.CLTT + int64(l.ValidLft)
}

// withoutTolerated leaves out times that differ by no more than tolerance.
func withoutTolerated(fields []field, a, b *lease.Lease, tolerance time.Duration) (kept []field) {
	for _, f := range fields {
		if by, ok := later(a, b); f.name == expires && ok && by.Abs() <= tolerance {
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// later is by how much the second of two leases ends later; false: one of them
// never ends.
func later(a, b *lease.Lease) (by time.Duration, ok bool) {
	if a.ValidLft == lease.Infinite || b.ValidLft == lease.Infinite {
		return 0, false
	}
	return b.Expires().Sub(a.Expires()), true
}

// sameJSON says whether two user contexts mean the same.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return len(a) > 0 && len(b) > 0 && json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
