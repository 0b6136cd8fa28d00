package dhcp6

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// scene is a query to an engine with these leases, and what becomes of it.
type scene struct {
	name   string
	more   string
	before []lease.Lease
	typ    dhcpv6.MessageType
	client byte
	mods   []mod
	want   string
	leases map[string]byte // afterwards: what is leased, and to which client; 0: declined
}

// ending is added to a client whose lease is about to end.
const ending = 128

func (s *scene) play(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(s.more), nil)
	b.put(s.before...)
	require.Equal(t, s.want, short(b.ask(s.typ, s.client, s.mods...)))
	have := map[string]byte{}
	for _, l := range b.all() {
		if !engine.InUse(&l, time.Now()) {
			continue
		}
		who := byte(0)
		if len(l.ClientID) > 0 {
			who = l.ClientID[len(l.ClientID)-1]
		}
		if l.State == lease.Assigned && l.PreferredLft == 0 {
			require.EqualValues(t, 60, l.ValidLft)
			who += ending
		}
		p := prefixOf(&l).String()
		if l.Type == lease.NA {
			p = l.Addr.String()
		}
		have[p] = who
	}
	if s.leases == nil {
		s.leases = map[string]byte{}
	}
	require.Equal(t, s.leases, have)
}

const (
	addr10, addr11, addr12, addr13 = "2001:db8:1::10", "2001:db8:1::11", "2001:db8:1::12", "2001:db8:1::13"
	prefix0, prefix1, prefix2      = "2001:db8:f00::/56", "2001:db8:f00:100::/56", "2001:db8:f00:200::/56"
	elsewhere                      = "2001:db8:7::1"
)

// RFC 9915, section 18.3.2.
func TestRequest(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{
		{name: "what was advertised", mods: []mod{na(1, addr12), pd(1, prefix2)}, want: "REPLY NA1[" + addr12 + "] PD1[" + prefix2 + "]", leases: map[string]byte{addr12: 7, prefix2: 7}},
		{name: "another if that is taken", before: []lease.Lease{of(1, 1, addr12)}, mods: []mod{na(1, addr12)}, want: "REPLY NA1[" + addr10 + "]", leases: map[string]byte{addr12: 1, addr10: 7}},
		{name: "what it has", before: []lease.Lease{of(7, 1, addr12)}, mods: []mod{na(1, addr10)}, want: "REPLY NA1[" + addr12 + "]", leases: map[string]byte{addr12: 7}},
		{name: "NotOnLink", mods: []mod{na(1, elsewhere), na(2, addr10), pd(1, "2001:db8:e00::/56")}, want: "REPLY NA1[NotOnLink] NA2[" + addr10 + "] PD1[" + prefix0 + "]", leases: map[string]byte{addr10: 7, prefix0: 7}},
		{name: "NotOnLink for one of several", mods: []mod{na(1, addr10, elsewhere)}, want: "REPLY NA1[NotOnLink]"},
		{name: "nothing left", before: []lease.Lease{of(1, 1, addr10), of(2, 1, addr11), of(3, 1, addr12), of(4, 1, addr13)}, mods: []mod{na(1, addr10), pd(1)},
			want: "REPLY NA1[NoAddrsAvail] PD1[" + prefix0 + "]", leases: map[string]byte{addr10: 1, addr11: 2, addr12: 3, addr13: 4, prefix0: 7}},
		{name: "no subnet", mods: []mod{onInterface("eth5"), na(1, addr10), pd(1)}, want: "REPLY NA1[NoAddrsAvail] PD1[NoPrefixAvail]"},
		{name: "its reservation, in place of what it had", more: `, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", "ip-addresses": ["2001:db8:1::77"]}]`,
			before: []lease.Lease{of(7, 1, addr10), of(7, 2, addr11)}, mods: []mod{na(1, addr10)}, want: "REPLY NA1[2001:db8:1::77]", leases: map[string]byte{"2001:db8:1::77": 7, addr10: 7 + ending, addr11: 7}},
		{name: "the reserved prefix of another length", more: `, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", "prefixes": ["2001:db8:e00::/48"]}]`,
			mods: []mod{pd(1)}, want: "REPLY PD1[2001:db8:e00::/48]", leases: map[string]byte{"2001:db8:e00::/48": 7}},
		{name: "not what another has left in a pool of another length", before: []lease.Lease{of(1, 1, "2001:db8:f00::/55"), of(2, 1, "2001:db8:f00:210::/60")},
			mods: []mod{pd(1, prefix1), pd(2, prefix2)}, want: "REPLY PD1[2001:db8:f00:300::/56] PD2[NoPrefixAvail]",
			leases: map[string]byte{"2001:db8:f00::/55": 1, "2001:db8:f00:210::/60": 2, "2001:db8:f00:300::/56": 7}},
		{name: "nothing without IAs", want: "REPLY"},
		{name: "another server", mods: []mod{na(1), toServer("00020000f3f002")}, want: "silence"},
		{name: "no server", mods: []mod{na(1), without(dhcpv6.OptionServerID)}, want: "silence"},
		{name: "no client", mods: []mod{na(1), without(dhcpv6.OptionClientID)}, want: "silence"},
		{name: "two clients", mods: []mod{na(1), opt(dhcpv6.OptionClientID, duid(8)...)}, want: "silence"},
		{name: "a DUID of two bytes", mods: []mod{na(1), without(dhcpv6.OptionClientID), opt(dhcpv6.OptionClientID, 0, 9)}, want: "silence"},
		{name: "a DUID of 131 bytes", mods: []mod{na(1), without(dhcpv6.OptionClientID), opt(dhcpv6.OptionClientID, make([]byte, 131)...)}, want: "silence"},
	} {
		s.typ, s.client = request, 7
		t.Run(s.name, s.play)
	}
}

// The lease that a Request leads to.
func TestLease(t *testing.T) {
	t.Parallel()
	b := newBench(t, strings.Replace(oneSubnet(), `"pool":`, `"pool-id": 5, "pool":`, 1), nil)
	before := time.Now().Unix()
	b.ask(request, 7, na(9, addr12), pd(8, prefix2), fqdn(0, "\x02me\x03Lan\x00"))
	l := b.stored(addr12)
	require.GreaterOrEqual(t, l.CLTT, before)
	want := lease.Lease{
		Type: lease.NA, Addr: l.Addr, ClientID: duid(7), IAID: 9, HWAddr: []byte{2, 0, 0, 0, 0, 7}, HWType: 1, HWSource: uint32(fromDUID),
		SubnetID: 1, PoolID: 5, CLTT: l.CLTT, ValidLft: 4000, PreferredLft: 3000, Hostname: "me.lan.", Revision: l.Revision,
	}
	require.Equal(t, want, *l)
	l = b.stored(prefix2)
	want.Type, want.Addr, want.PrefixLen, want.IAID, want.PoolID, want.Revision = lease.PD, l.Addr, 56, 8, 0, l.Revision
	require.Equal(t, want, *l)
	require.EqualValues(t, 1, b.stat("cumulative-assigned-nas"))
	require.EqualValues(t, 1, b.stat("assigned-pds"))
}

// All leases of a query are committed together, or none is and there is no
// reply.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	failing := &brokenCommitter{}
	b := newBench(t, oneSubnet(), &EngineOptions{Committer: failing})
	failing.store = b.store
	failing.err = errors.New("disk full")
	for _, typ := range []dhcpv6.MessageType{request, renew, rebind} {
		reply, err := b.e.ServeDHCP(context.Background(), queryOf(typ, 7, na(1), na(2), pd(1)))
		require.ErrorIs(t, err, failing.err)
		require.Nil(t, reply)
	}
	require.Equal(t, 3, failing.most, "all changes in one commit")
	require.Empty(t, b.all())
	require.Equal(t, "ADVERTISE NA1["+addr12+"]", short(b.ask(solicit, 8, na(1))), "what could not be committed is kept for its client")
	failing.err = nil
	require.Equal(t, "REPLY NA1["+addr10+"] NA2["+addr11+"] PD1["+prefix0+"]", short(b.ask(request, 7, na(1), na(2), pd(1))))

	failing.err = errors.New("disk full")
	for _, typ := range []dhcpv6.MessageType{release, decline} {
		_, err := b.e.ServeDHCP(context.Background(), queryOf(typ, 7, na(1, addr10)))
		require.ErrorIs(t, err, failing.err)
	}
	require.Len(t, b.all(), 3)
}

// brokenCommitter is a committer that can be made to fail.
type brokenCommitter struct {
	store     *lease.Store
	err       error
	conflicts int // how often it fails because somebody else was first
	before    func()
	most      int
}

func (c *brokenCommitter) Commit(ctx context.Context, changes ...lease.Change) error {
	c.most = max(c.most, len(changes))
	if c.before != nil {
		c.before()
	}
	if c.conflicts > 0 {
		c.conflicts--
		return lease.ErrConflict
	}
	if c.err != nil {
		return c.err
	}
	return c.store.Commit(ctx, changes...)
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	c := &brokenCommitter{conflicts: 2}
	b := newBench(t, oneSubnet(), &EngineOptions{Committer: c})
	c.store = b.store
	require.Equal(t, "REPLY NA1["+addr10+"]", short(b.ask(request, 7, na(1))), "it is tried anew")
	c.conflicts = 3
	require.Equal(t, "silence", short(b.ask(request, 8, na(1))))

	// Another server has given the address to somebody else.
	first := true
	c.before = func() {
		if first {
			first = false
			b.put(of(1, 1, addr12))
		}
	}
	require.Equal(t, "REPLY NA1["+addr13+"]", short(b.ask(request, 9, na(1, addr12))))
	require.EqualValues(t, 1, b.stored(addr12).ClientID[9])

	// Or has taken the client's own for another client.
	first = true
	c.before = func() {
		if first {
			first = false
			b.put(of(1, 2, addr10))
		}
	}
	require.Equal(t, "REPLY NA1["+addr11+" -"+addr10+"]", short(b.ask(renew, 7, na(1, addr10))))
	require.EqualValues(t, 1, b.stored(addr10).ClientID[9])
}

// What is advertised is kept for a while.
func TestOffersAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(), nil)
		require.Equal(t, "ADVERTISE NA1["+addr10+"] PD1["+prefix0+"]", short(b.ask(solicit, 1, na(1), pd(1))))
		require.Equal(t, "ADVERTISE NA1["+addr11+"] PD1["+prefix1+"]", short(b.ask(solicit, 2, na(1, addr10), pd(1, prefix0))), "advertised to somebody else just now")
		require.Equal(t, "ADVERTISE NA1["+addr10+"] PD1["+prefix0+"]", short(b.ask(solicit, 1, na(1), pd(1))), "a client that asks again is told the same")
		time.Sleep(engine.OfferHold)
		require.Equal(t, "ADVERTISE NA1["+addr10+"]", short(b.ask(solicit, 3, na(1, addr10))), "it does not last")
	})
}

func TestOffersEndWhenAnotherServerIsSelected(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	require.Equal(t, "ADVERTISE NA1["+addr10+"] PD1["+prefix0+"]", short(b.ask(solicit, 1, na(1), pd(1))))
	require.Equal(t, "silence", short(b.ask(request, 1, na(1), pd(1), toServer("00020000f3f002"))))
	require.Equal(t, "ADVERTISE NA1["+addr10+"] PD1["+prefix0+"]", short(b.ask(solicit, 2, na(1, addr10), pd(1, prefix0))))
	require.EqualValues(t, 1, b.stat("pkt6-not-for-us"))
}

// A client that has started anew with another IAID is not kept from its own
// reservation by what it was advertised before.
func TestReservationUnderAnotherIAID(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", "ip-addresses": ["2001:db8:1::77"]}]`), nil)
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::77]", short(b.ask(solicit, 7, na(1))))
	require.Equal(t, "ADVERTISE NA2[2001:db8:1::77]", short(b.ask(solicit, 7, na(2))))
	require.Equal(t, "ADVERTISE NA2[2001:db8:1::77] NA1["+addr10+"]", short(b.ask(solicit, 7, na(2), na(1))))
}
