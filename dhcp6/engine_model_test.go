package dhcp6

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine/enginetest"
	"github.com/dhcpha/dhcpha/lease"
)

// judge judges the answer to a packet, and what has changed with it. It returns
// how many leases were given that the client did not have.
func (m *clients) judge(in *packet, client []byte, answer *dhcpv6.Message) (given int64) {
	now := time.Now().Unix()
	before := m.Leases
	typ := in.message.typ()
	asked := (&exchange{course: course{m: in.message}}).ias()
	ours := true
	if id, named := in.message.option(dhcpv6.OptionServerID); named {
		ours = bytes.Equal(id, unhex(serverDUIDText))
	}
	if !m.Serving && answer != nil {
		m.Failf("it is answered while the service is off")
	}
	gives := m.given(client, answer)
	for _, g := range gives {
		m.mayHave(client, g)
	}
	if m.Serving && ours && len(in.relays) == 0 {
		m.mustSay(typ, in, client, asked, answer, gives)
	}
	isAsked := func(l *lease.Lease) bool {
		return slices.ContainsFunc(asked, func(a ia) bool {
			return a.typ == l.Type && a.id == l.IAID && slices.ContainsFunc(a.asked, func(w wish) bool { return w.prefix == prefixOf(l) })
		})
	}
	m.Judge("packet", func(c *enginetest.Change) string {
		mine := c.Was != nil && bytes.Equal(c.Was.ClientID, client)
		switch {
		case answer == nil:
			return "it was not answered"
		case typ == release && c.Is == nil && mine && c.Was.State == lease.Assigned && isAsked(c.Was):
		case typ == decline && c.Is != nil && mine && c.Was.State == lease.Assigned && c.Was.Type == lease.NA && isAsked(c.Was):
			if c.Is.State != lease.Declined || len(c.Is.ClientID) > 0 || c.Is.CLTT != now || c.Is.ValidLft != 2000 {
				return "it was to be kept from use"
			}
		case typ == register:
			return m.registers(c, client, now)
		case answer.MessageType != dhcpv6.MessageTypeReply:
			return "nothing was acknowledged"
		case c.Is != nil && slices.ContainsFunc(gives, func(g gift) bool { return g.isIn(c.Is, client) }):
			if c.Is.State != lease.Assigned || c.Is.CLTT != now {
				return "it was to be the client's from now on"
			}
		case c.Is != nil && mine && enginetest.InUse(c.Was) && c.Was.State == lease.Assigned:
			// The client is told that it is over, and may be late to hear it.
			want := *c.Was
			want.CLTT, want.ValidLft, want.PreferredLft, want.Revision = now, 60, 0, c.Is.Revision
			if string(want.AppendUpdate(nil)) != string(c.Is.AppendUpdate(nil)) || enginetest.InUse(c.Was) && c.Was.Expires().Unix() <= now+60 && c.Was.ValidLft != lease.Infinite {
				return "it was to end soon"
			}
		default:
			return "that has nothing to do with the client"
		}
		return ""
	})
	if answer == nil {
		return 0
	}
	for _, g := range gives {
		if answer.MessageType != dhcpv6.MessageTypeReply {
			m.offers[g.holder] = g.prefix
			continue
		}
		k := lease.Key{Type: g.typ, Addr: g.prefix.Addr()}
		l, ok := m.Leases[k]
		if !ok || !g.isIn(&l, client) || l.State != lease.Assigned || l.CLTT+int64(l.ValidLft) != now+int64(g.valid) {
			m.Failf("%v is acknowledged for %d s and stored as %+v", g.prefix, g.valid, l)
		}
		if was, ok := before[k]; !ok || !enginetest.InUse(&was) || was.State != lease.Assigned || !g.isIn(&was, client) {
			given++
		}
	}
	if typ == release || typ == decline {
		for _, l := range m.Leases {
			if bytes.Equal(l.ClientID, client) && l.State == lease.Assigned && enginetest.InUse(&l) && isAsked(&l) && (typ == release || l.Type == lease.NA) {
				m.Failf("%v was given back in vain", l.Key())
			}
		}
	}
	if both := overlap(m.all()); both != "" {
		m.Failf("%s", both)
	}
	return given
}

// gift is an address or prefix that a client is offered or given.
type gift struct {
	typ    lease.Type
	id     uint32 // of the identity association
	holder string
	prefix netip.Prefix
	valid  uint32
}

// isIn says whether a lease is that.
func (g *gift) isIn(l *lease.Lease, client []byte) bool {
	return l.Type == g.typ && prefixOf(l) == g.prefix && l.IAID == g.id && bytes.Equal(l.ClientID, client)
}

// given returns what is in an answer.
func (m *clients) given(client []byte, answer *dhcpv6.Message) (gives []gift) {
	if answer == nil || answer.MessageType != dhcpv6.MessageTypeReply && answer.MessageType != dhcpv6.MessageTypeAdvertise {
		return nil
	}
	for _, a := range iasOf(client, answer) {
		for _, w := range a.asked {
			if w.preferred > w.valid {
				m.Failf("%v is preferred for longer than it is valid", w.prefix)
			}
			if w.valid == 0 {
				continue
			}
			if slices.ContainsFunc(gives, func(g gift) bool { return g.prefix.Overlaps(w.prefix) }) {
				m.Failf("%v is given twice", w.prefix)
			}
			gives = append(gives, gift{a.typ, a.id, a.holder, w.prefix, w.valid})
		}
	}
	return gives
}

// What is reserved, for clients 2 and 5.
var reservedFor = map[byte][]netip.Prefix{
	2: {netip.MustParsePrefix(addr12 + "/128"), netip.MustParsePrefix("2001:db8:1::99/128"), netip.MustParsePrefix("2001:db8:e00::/48")},
	5: {netip.MustParsePrefix("2001:db8:e00:5::/64")},
}

// What is in the pools and is not reserved.
var unreserved = map[lease.Type][]netip.Prefix{
	lease.NA: {netip.MustParsePrefix(addr10 + "/128"), netip.MustParsePrefix(addr11 + "/128"), netip.MustParsePrefix("2001:db8:1::13/128")},
	lease.PD: {netip.MustParsePrefix("2001:db8:f00::/56"), netip.MustParsePrefix("2001:db8:f00:100::/56"), netip.MustParsePrefix("2001:db8:f00:200::/56"), netip.MustParsePrefix("2001:db8:f00:300::/56")},
}

// reservations returns what is reserved for a client.
func reservations(client []byte) []netip.Prefix {
	for n, list := range reservedFor {
		if bytes.Equal(client, duid(n)) {
			return list
		}
	}
	return nil
}

// mayHave fails if what a client is offered or given is not to be had.
func (m *clients) mayHave(client []byte, g gift) {
	for _, l := range m.Leases {
		if enginetest.InUse(&l) && prefixOf(&l).Overlaps(g.prefix) && !g.isIn(&l, client) && (l.Type == g.typ || l.State != lease.Registered) {
			m.Failf("%v is within or around %v of %x", g.prefix, prefixOf(&l), l.ClientID)
		}
		if enginetest.InUse(&l) && g.isIn(&l, client) && l.State != lease.Assigned {
			m.Failf("%v is %v", g.prefix, l.State)
		}
	}
	if !slices.Contains(unreserved[g.typ], g.prefix) && !slices.Contains(reservations(client), g.prefix) {
		m.Failf("%v is not the client's to have", g.prefix)
	}
}

// registers judges what has become of an address that a client has registered.
func (m *clients) registers(c *enginetest.Change, client []byte, now int64) string {
	mine := c.Was != nil && bytes.Equal(c.Was.ClientID, client) && c.Was.State == lease.Registered
	switch {
	case c.Is == nil && mine: // the client does not use it any more
	case c.Is == nil:
		return "it is not the client's"
	case c.Is.State != lease.Registered || !bytes.Equal(c.Is.ClientID, client) || c.Is.CLTT != now:
		return "it was to be registered for the client"
	case c.Was != nil && enginetest.InUse(c.Was) && c.Was.State != lease.Registered:
		return "it was leased"
	}
	return ""
}

// mustSay fails if a client that is on the link is not answered what it has to
// be.
func (m *clients) mustSay(typ dhcpv6.MessageType, in *packet, client []byte, asked []ia, answer *dhcpv6.Message, gives []gift) {
	if invalid(in.message, client) != "" {
		return
	}
	switch typ {
	case solicit, request, renew, rebind, release, information:
		if answer == nil {
			m.Failf("it is not answered")
		}
	}
	if _, says := in.message.option(dhcpv6.OptionVendorClass); says {
		return
	}
	if typ != solicit && typ != request && typ != renew && typ != rebind {
		return
	}
	reserved := reservations(client)
	for _, a := range asked {
		strays := typ == request && a.typ == lease.NA && slices.ContainsFunc(a.asked, func(w wish) bool {
			return !w.only() && !netip.MustParsePrefix("2001:db8:1::/64").Contains(w.prefix.Addr())
		})
		if strays || len(reserved) > 0 {
			continue // what is to be said depends on more
		}
		isGiven := func(p netip.Prefix) bool {
			return slices.ContainsFunc(gives, func(g gift) bool { return g.typ == a.typ && g.id == a.id && g.prefix == p })
		}
		has := false
		for _, l := range m.Leases {
			its := l.Type == a.typ && l.IAID == a.id && bytes.Equal(l.ClientID, client) && l.State == lease.Assigned && enginetest.InUse(&l)
			if has = has || its; its && slices.Contains(unreserved[a.typ], prefixOf(&l)) && !isGiven(prefixOf(&l)) {
				m.Failf("%v is the client's, and is not prolonged", prefixOf(&l))
			}
		}
		if has || len(asked) > 1 {
			continue
		}
		for _, p := range unreserved[a.typ] {
			if m.free(p) && len(gives) == 0 {
				m.Failf("%v is free, and the client is given nothing", p)
			}
		}
	}
}

// free says whether nobody has a prefix, or a part of it.
func (m *clients) free(p netip.Prefix) bool {
	for _, l := range m.Leases {
		if prefixOf(&l).Overlaps(p) && enginetest.InUse(&l) {
			return false
		}
	}
	return true
}

// overlap says which two leases are of the same; empty: none are.
func overlap(all []lease.Lease) string {
	all = slices.DeleteFunc(all, func(l lease.Lease) bool { return !enginetest.InUse(&l) })
	for i := range all {
		for j := range all[:i] {
			if all[i].Type != all[j].Type && (all[i].State == lease.Registered || all[j].State == lease.Registered) {
				continue // within a prefix that is delegated clients make addresses of their own
			}
			if p, other := prefixOf(&all[i]), prefixOf(&all[j]); p.Overlaps(other) {
				return fmt.Sprintf("%s and %s are leased", p, other)
			}
		}
	}
	return ""
}

// checkLeases checks that no two leases are of the same.
func (b *bench) checkLeases() {
	b.t.Helper()
	require.Empty(b.t, overlap(b.all()))
}
