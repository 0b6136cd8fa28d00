package dhcp6

import (
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// lengthPools delegates prefixes of several lengths.
const lengthPools = `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pd-pools": [
	{"prefix": "2001:db8:5600::", "prefix-len": 55, "delegated-len": 56},
	{"prefix": "2001:db8:6000::", "prefix-len": 59, "delegated-len": 60},
	{"prefix": "2001:db8:4800::", "prefix-len": 47, "delegated-len": 48},
	{"prefix": "2001:db8:6400::", "prefix-len": 63, "delegated-len": 64}]}]`

// RFC 8168, section 3.2: the length that a client wishes for, or else one that
// is close to it.
func TestPrefixLengthHints(t *testing.T) {
	t.Parallel()
	const (
		p48, p56, p60, p64 = "2001:db8:4800::/48", "2001:db8:5600::/56", "2001:db8:6000::/60", "2001:db8:6400::/64"
	)
	all := func(prefixes ...string) (leases []lease.Lease) {
		for _, p := range prefixes {
			leases = append(leases, of(1, 1, p))
		}
		return leases
	}
	for _, c := range []struct {
		name   string
		before []lease.Lease
		hint   string
		want   string
	}{
		{name: "no wish", want: p56},
		{name: "just that", hint: "::/60", want: p60},
		{name: "just that, too", hint: "::/48", want: p48},
		{name: "the closest of the shorter ones", hint: "::/62", want: p60},
		{name: "the next shorter ones", before: all(p60, "2001:db8:6000:10::/60"), hint: "::/62", want: p56},
		{name: "a shorter one before a longer one", before: all(p56, "2001:db8:5600:100::/56"), hint: "::/56", want: p48},
		{name: "a longer one if there is none shorter", hint: "::/40", want: p48},
		{name: "the closest of the longer ones", before: all(p48, "2001:db8:4801::/48"), hint: "::/40", want: p56},
		{name: "the prefix", hint: "2001:db8:6000:10::/60", want: "2001:db8:6000:10::/60"},
		{name: "the prefix, of the pool's length", hint: "2001:db8:5600:110::/61", want: "2001:db8:5600:100::/56"},
		{name: "of another's prefix the length", before: all("2001:db8:6000:10::/60"), hint: "2001:db8:6000:10::/60", want: p60},
		{name: "a prefix of nowhere", hint: "2001:db8:ffff::/64", want: p64},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, lengthPools, nil)
			b.put(c.before...)
			a := pd(1)
			if c.hint != "" {
				a = pd(1, c.hint)
			}
			require.Equal(t, "ADVERTISE PD1["+c.want+"]", short(b.ask(solicit, 7, a)))
		})
	}
}

// sharedLink is a link of two subnets, one of which is for phones.
const sharedLink = `"client-classes": [{"name": "phones", "test": "option[15].exists", "valid-lifetime": 500, "preferred-lifetime": 400}],
	"shared-networks": [{"name": "floor", "interface": "eth0", "subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::10"}], "pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 56, "delegated-len": 56}],
		 "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:04", "hostname": "four"}]},
		{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::10-2001:db8:2::11"}, {"pool": "2001:db8:2::20-2001:db8:2::21", "client-class": "phones"}],
		 "pd-pools": [{"prefix": "2001:db8:f01::", "prefix-len": 55, "delegated-len": 56}],
		 "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:05", "ip-addresses": ["2001:db8:2::99"]}, {"duid": "00:03:00:01:02:00:00:00:00:06", "hostname": "six"}]},
		{"id": 3, "subnet": "2001:db8:3::/64", "client-class": "phones", "pools": [{"pool": "2001:db8:3::10-2001:db8:3::10"}]}]}]`

func TestSharedNetwork(t *testing.T) {
	t.Parallel()
	phone := opt(dhcpv6.OptionUserClass, 0, 1, 'p')
	b := newBench(t, sharedLink, nil)
	require.Equal(t, "REPLY NA1[2001:db8:1::10] PD1[2001:db8:f00::/56]", short(b.ask(request, 1, na(1), pd(1))))
	require.Equal(t, "REPLY NA1[2001:db8:2::10]", short(b.ask(request, 2, na(1))), "the next subnet if one is exhausted")
	require.Equal(t, "REPLY PD1[2001:db8:f01::/56] NA1[2001:db8:2::11]", short(b.ask(request, 3, pd(1), na(1))))
	require.Equal(t, "REPLY NA1[NoAddrsAvail]", short(b.ask(request, 7, na(1))), "other pools and subnets are guarded")
	require.Equal(t, "REPLY NA1[2001:db8:2::20]", short(b.ask(request, 8, na(1), phone)))
	require.Equal(t, "REPLY NA1[2001:db8:3::10]", short(b.ask(request, 9, na(1, "2001:db8:3::10"), phone)))
	require.EqualValues(t, 500, b.stored("2001:db8:3::10").ValidLft, "as the class says")
	require.EqualValues(t, 400, b.stored("2001:db8:3::10").PreferredLft)
	require.EqualValues(t, 3, b.stored("2001:db8:3::10").SubnetID)
	require.Equal(t, "REPLY NA1[-2001:db8:3::10 NoAddrsAvail]", short(b.ask(renew, 9, na(1, "2001:db8:3::10"))), "the guard is of renewals too")
	require.EqualValues(t, 60, b.stored("2001:db8:3::10").ValidLft)
	require.Equal(t, "REPLY Success", short(b.ask(confirm, 9, na(1, "2001:db8:3::10"), na(2, "2001:db8:1::5"))), "the addresses of all subnets are of the link")
	require.Equal(t, "REPLY NA1[2001:db8:2::99]", short(b.ask(request, 5, na(1))), "a reservation in another subnet")
	require.Equal(t, "REPLY NA1[2001:db8:2::10]", short(b.ask(rebind, 2, na(1, "2001:db8:2::10"))))
	require.EqualValues(t, 2, b.stat("v6-allocation-fail-shared-network"))
	require.EqualValues(t, 2, b.stat("v6-allocation-fail"))

	b = newBench(t, sharedLink, nil)
	require.Equal(t, "ADVERTISE NA1[2001:db8:2::10]", short(b.ask(solicit, 6, na(1))), "a reservation that reserves nothing leads to its subnet")
	require.Equal(t, "ADVERTISE PD1[2001:db8:f01::/56] NA1[2001:db8:2::11]", short(b.ask(solicit, 7, pd(1, "2001:db8:f01::/56"), na(1))), "all from one subnet where that can be")
}

// What a delegating router keeps of a prefix (RFC 6603).
func TestExcludedPrefix(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
		"pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 54, "delegated-len": 56, "excluded-prefix": "2001:db8:f00:a5::", "excluded-prefix-len": 64}],
		"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "prefixes": ["2001:db8:e00::/48", "2001:db8:e01::/48"], "excluded-prefixes": ["2001:db8:e00:8000::/49", ""]}]}]`, nil)
	excluded := func(m *dhcpv6.Message) (values []string) {
		for _, a := range m.Options.IAPD() {
			for _, p := range a.Options.Prefixes() {
				v := payloadOf(p.Options.Options, dhcpv6.OptionPDExclude)
				values = append(values, string(v))
			}
		}
		return values
	}
	wants := oro(uint16(dhcpv6.OptionPDExclude))
	for _, typ := range []dhcpv6.MessageType{solicit, request, renew} {
		require.Equal(t, []string{"\x40\xa5", "\x40\xa5"}, excluded(b.ask(typ, 1, pd(1, prefix0), pd(2, prefix1), wants)))
		require.Equal(t, []string{"\x31\x80", ""}, excluded(b.ask(typ, 2, pd(1), pd(2), wants)))
	}
	require.Equal(t, []string{"", ""}, excluded(b.ask(renew, 1, pd(1), pd(2))), "only to who asks")
}

func TestExclusionValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ delegated, excluded, want string }{
		{"2001:db8::/48", "2001:db8:0:8000::/49", "31 80"},
		{"2001:db8::/48", "2001:db8:0:1234::/64", "40 1234"},
		{"2001:db8::/59", "2001:db8:0:0:8000::/65", "41 04"}, // RFC 6603, section 4.2: from the left, the rest is 0
		{"2001:db8:0:e0::/59", "2001:db8:0:f5::/64", "40 a8"},
		{"2001:db8::/63", "2001:db8:0:1::/64", "40 80"},
	} {
		require.Equal(t, unhex(c.want), exclusionValue(wished(c.delegated).prefix, wished(c.excluded).prefix), c)
	}
}

// Lifetimes are between the bounds, and the preferred one is not longer than the
// valid one.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	const bounds = `"valid-lifetime": 4000, "min-valid-lifetime": 2000, "max-valid-lifetime": 6000, "preferred-lifetime": 3000, "min-preferred-lifetime": 1000, "max-preferred-lifetime": 5000, `
	for _, c := range []struct {
		params           string
		asked            string
		preferred, valid uint32
	}{
		{bounds, "", 3000, 4000},
		{bounds, " 1500 5000", 1500, 5000},
		{bounds, " 1 1", 1000, 2000},
		{bounds, " 9999 9999", 5000, 6000},
		{bounds, " 4500 2500", 1562, 2500},
		{`"valid-lifetime": 4000, `, "", 2500, 4000},
		{`"valid-lifetime": 4000, "preferred-lifetime": 9000, `, "", 2500, 4000},
		{`"valid-lifetime": 4294967295, `, "", lease.Infinite, lease.Infinite},
		{`"valid-lifetime": 4294967295, "preferred-lifetime": 100, `, "", 100, lease.Infinite},
	} {
		b := newBench(t, c.params+`"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}]}]`, nil)
		m := b.ask(request, 7, na(1, addr10+c.asked))
		got := m.Options.OneIANA().Options.OneAddress()
		require.Equal(t, seconds(c.preferred), got.PreferredLifetime, c)
		require.Equal(t, seconds(c.valid), got.ValidLifetime, c)
		l := b.stored(addr10)
		require.Equal(t, []uint32{c.preferred, c.valid}, []uint32{l.PreferredLft, l.ValidLft})
	}
}

// RFC 9915, section 21.4: T1 and T2 go by the shortest preferred lifetime.
func TestTimers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		params string
		t1, t2 time.Duration
	}{
		{`, "calculate-tee-times": false`, 0, 0},
		{`, "renew-timer": 1000, "rebind-timer": 2000`, 1000 * time.Second, 2000 * time.Second},
		{``, 1500 * time.Second, 2400 * time.Second},
		{`, "t1-percent": 0.25, "t2-percent": 0.5`, 750 * time.Second, 1500 * time.Second},
	} {
		b := newBench(t, oneSubnet(c.params), nil)
		m := b.ask(solicit, 7, na(1), pd(1))
		require.Equal(t, []time.Duration{c.t1, c.t2, c.t1, c.t2}, []time.Duration{m.Options.OneIANA().T1, m.Options.OneIANA().T2, m.Options.OneIAPD().T1, m.Options.OneIAPD().T2}, c)
	}
}

// RFC 9915, section 18.1: all that a reply grants is to be renewed by one message,
// in time for what has the shortest preferred lifetime.
func TestTimersAreThoseOfTheReply(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"shared-networks": [{"name": "link", "interface": "eth0", "rapid-commit": true, "subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "rapid-commit": true, "preferred-lifetime": 3000, "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}]},
		{"id": 2, "subnet": "2001:db8:2::/64", "rapid-commit": true, "preferred-lifetime": 1000, "pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 56, "delegated-len": 56}]}]}]`, nil)
	times := func(m *dhcpv6.Message) (list []time.Duration) {
		for _, o := range m.Options.IANA() {
			list = append(list, o.T1, o.T2)
		}
		for _, o := range m.Options.IAPD() {
			list = append(list, o.T1, o.T2)
		}
		return list
	}
	const t1, t2 = 500 * time.Second, 800 * time.Second
	for _, typ := range []dhcpv6.MessageType{solicit, request, renew, rebind} {
		require.Equal(t, []time.Duration{t1, t2, t1, t2, t1, t2}, times(b.ask(typ, 7, na(1), na(2), pd(1))), typ)
	}
	require.Equal(t, []time.Duration{1500 * time.Second, 2400 * time.Second}, times(b.ask(renew, 7, na(1))))
	require.Equal(t, []time.Duration{1500 * time.Second, 2400 * time.Second, 0, 0}, times(b.ask(request, 8, na(1), pd(1))), "what is not granted is not renewed")
}

// Reservations may be of prefixes, or of an address, within another one. What
// one client has of it no other gets.
func TestReservationsWithinOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:02", "prefixes": ["2001:db8:e00::/40"]},
		{"duid": "00:03:00:01:02:00:00:00:00:03", "prefixes": ["2001:db8:e00:1200::/56"]},
		{"duid": "00:03:00:01:02:00:00:00:00:04", "prefixes": ["2001:db8:1::/120"]},
		{"duid": "00:03:00:01:02:00:00:00:00:05", "ip-addresses": ["2001:db8:1::77"]}]`), nil)
	require.Equal(t, "REPLY PD1[2001:db8:e00::/40]", short(b.ask(request, 2, pd(1))))
	require.Equal(t, "REPLY PD1["+prefix0+"]", short(b.ask(request, 3, pd(1))), "a part of what another has")
	require.Equal(t, "REPLY PD1[2001:db8:1::/120]", short(b.ask(request, 4, pd(1))))
	require.Equal(t, "REPLY NA1[NoAddrsAvail]", short(b.ask(request, 6, na(1, addr10))), "a wish within a prefix of another's")
	require.Equal(t, "REPLY NA1[NoAddrsAvail]", short(b.ask(request, 5, na(1))))
	b.checkLeases()
	b.ask(release, 2, pd(1, "2001:db8:e00::/40"))
	b.ask(release, 4, pd(1, "2001:db8:1::/120"))
	require.Equal(t, "REPLY PD2[2001:db8:e00:1200::/56]", short(b.ask(request, 3, pd(2))))
	require.Equal(t, "REPLY NA1[2001:db8:1::77]", short(b.ask(request, 5, na(1))))
	require.NotContains(t, short(b.ask(request, 2, pd(1))), "/40", "what another has is a part of it")
	require.NotContains(t, short(b.ask(request, 4, pd(1))), "/120")
	b.checkLeases()
}

// An address that a client registers within its prefix keeps the prefix from
// nobody, itself included, when that has been given back.
func TestRegistrationWithinAPrefix(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(""), nil)
	b.lease(2, pd(1, prefix0))
	own := "2001:db8:f00::5"
	require.NotNil(t, b.ask(register, 2, with(prefixOption(lease.NA, wished(own).prefix, 4000, 5000)), from(own)))
	require.Equal(t, "REPLY PD1["+prefix0+"]", short(b.ask(renew, 2, pd(1, prefix0))))
	b.ask(release, 2, pd(1, prefix0))
	require.Equal(t, "REPLY PD1["+prefix0+"]", short(b.ask(request, 3, pd(1, prefix0))))
}
