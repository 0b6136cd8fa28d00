package dhcp6

import (
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

func vendorClass(items ...string) mod {
	o := &dhcpv6.OptVendorClass{EnterpriseNumber: 8888}
	for _, item := range items {
		o.Data = append(o.Data, []byte(item))
	}
	return with(o)
}

func TestVendorClasses(t *testing.T) {
	t.Parallel()
	p := planOf(t, oneSubnet())
	for _, c := range []struct {
		mods []mod
		want []string
	}{
		{nil, nil},
		{[]mod{vendorClass("phone")}, []string{"phone"}},
		{[]mod{vendorClass("phone", "eRouter1.0")}, []string{"eRouter1.0"}},
		{[]mod{vendorClass("phone", "eRouter1.0", "docsis3.0", "x")}, []string{"docsis3.0"}},
		{[]mod{vendorClass("phone", "docsis3.0", "eRouter1.0")}, []string{"docsis3.0"}},
		{[]mod{vendorClass("phone"), vendorClass("x"), vendorClass("phone")}, []string{"phone", "x"}},
		{[]mod{vendorClass("")}, []string{""}},
		{[]mod{with(raw(dhcpv6.OptionVendorClass, []byte("\x00\x00\x22\xb8\x00\x05phon")))}, nil},
		{[]mod{with(raw(dhcpv6.OptionVendorClass, []byte("\x00\x00\x22\xb8\x00\x01a\x00\x05phon")))}, []string{"a"}},
		{[]mod{with(raw(dhcpv6.OptionVendorClass, []byte("\x00\x00\x22")))}, nil},
	} {
		want := engine.ClassSet{engine.ClassAll}
		for _, name := range c.want {
			want = append(want, "VENDOR_CLASS_"+name)
		}
		require.Equal(t, append(want, engine.ClassUnknown), locatedBy(t, p, queryOf(solicit, 1, c.mods...)).classes)
	}
}

// The order in which a client comes into its classes, which decides whose
// options count.
func TestClassOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"client-classes": [
		{"name": "phones"},
		{"name": "not-phones", "test": "not member('phones')"},
		{"name": "friends", "test": "member('KNOWN')"},
		{"name": "late", "only-in-additional-list": true, "test": "member('friends')"},
		{"name": "later"}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "evaluate-additional-classes": ["late"],
			"pools": [{"pool": "2001:db8:1::/112", "evaluate-additional-classes": ["later"]}],
			"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "client-classes": ["phones"]}]}]`,
		&EngineOptions{Gate: gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) {
			return []string{"HA_server1"}, true
		})})
	x := exchangeOf(t, b.e, queryOf(solicit, 2, vendorClass("pc")))
	require.Empty(t, x.accept())
	x.identify()
	x.classifyFirst()
	require.Equal(t, engine.ClassSet{"HA_server1", "ALL", "VENDOR_CLASS_pc", "not-phones"}, x.classes)
	x.locate()
	known := engine.ClassSet{"HA_server1", "ALL", "VENDOR_CLASS_pc", "phones", "KNOWN", "friends"}
	require.Equal(t, known, x.classes, "a class that a reservation gives is seen by the other classes")
	x.reset()
	s := x.subnet
	x.classifyFor(s, s.pools[0], x.hostIn(s))
	require.Equal(t, append(known, "later", "late"), x.classes)
	x.reset()
	require.Equal(t, known, x.classes)
	x.classifyFor(nil, nil, nil)
	require.Equal(t, known, x.classes)
}

type gateFunc func(lease.Client, time.Duration, func() string) ([]string, bool)

func (f gateFunc) Admit(c lease.Client, waited time.Duration, server func() string) ([]string, bool) {
	return f(c, waited, server)
}

// What expressions see of a query, in Kea's words.
func TestExpressions(t *testing.T) {
	t.Parallel()
	relays := relayed(
		agent("2001:db8:7::1", "2001:db8:77::1", raw(dhcpv6.OptionRemoteID, []byte("\x00\x00\x22\xb8outer"))),
		agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("port7"))))
	for test, yes := range map[string]bool{
		`relay6[0].option[37].hex == 0x000022b86f75746572`:                          true,
		`relay6[1].option[37].exists`:                                               false,
		`relay6[-1].option[18].hex == 'port7'`:                                      true,
		`relay6[0].peeraddr == 2001:db8:77::1`:                                      true,
		`relay6[1].linkaddr == 2001:db8:1::1 and relay6[1].peeraddr == fe80::99`:    true,
		`relay6[2].linkaddr == 2001:db8:1::1`:                                       false,
		`pkt6.msgtype == 1 and pkt6.transid == 0x00010207`:                          true,
		`pkt.iface == 'eth9' and pkt.src == 2001:db8:9::1 and pkt.dst == ff02::1:2`: true,
		`pkt.len == 77`: true,
		`option[1].hex == 0x00030001020000000007`:                              true,
		`option[3].exists and not option[25].exists`:                           true,
		`substring(option[3].hex, 0, 4) == 0x00000005`:                         true,
		`vendor[4491].option[36].hex == 'x'`:                                   true,
		`vendor-class[8888].data == 'pc'`:                                      true,
		`vendor-class[99].data[1] == 'cd' and vendor-class[99].exists`:         true,
		`vendor-class[*].data == 'ab'`:                                         true,
		`vendor-class[98].exists or vendor[98].exists`:                         false,
		`vendor[99].option[36].hex == 'y' and vendor[*].option[36].hex == 'y'`: true,
		`option[6].hex == 0x00170018`:                                          true,
	} {
		q := queryOf(solicit, 7, relays, na(5), oro(23, 24), with(raw(dhcpv6.OptionVendorClass, []byte("\x00\x00\x00\x63\x00\x02ab\x00\x02cd"))), vendorClass("pc"),
			opt(dhcpv6.OptionVendorOpts, []byte("\x00\x00\x00\x63\x00\x24\x00\x01y")...), opt(dhcpv6.OptionVendorOpts, []byte("\x00\x00\x11\x8b\x00\x24\x00\x01x")...))
		q.Length = 77
		x := located(t, `"client-classes": [{"name": "met", "test": "`+test+`"}]`, q)
		require.Equal(t, yes, x.classes.Has("met"), test)
	}
	q := queryOf(solicit, 7, from("fe80::99%eth0"))
	q.Unicast = true
	x := located(t, `"client-classes": [{"name": "met", "test": "pkt.src == fe80::99 and pkt.dst == fe80::1"}]`, q)
	require.True(t, x.classes.Has("met"))
}

func TestDropClass(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "client-classes": [{"name": "DROP", "test": "member('UNKNOWN')"}], "reservations-global": true,
		"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:01", "hostname": "x"}]`), nil)
	require.Equal(t, "silence", short(b.ask(solicit, 2, na(1))))
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::10]", short(b.ask(solicit, 1, na(1))))
}

func TestFlexibleIdentifier(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"hooks-libraries": [{"library": "libdhcp_flex_id.so", "parameters": {"identifier-expression": "relay6[-1].option[18].hex"}}],
		"host-reservation-identifiers": ["flex-id"],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "reservations": [
			{"flex-id": "'port7'", "ip-addresses": ["2001:db8:1::7"]},
			{"duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::1"]}]}]`, nil)
	by := func(port string) mod {
		return relayed(agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte(port))))
	}
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::7]", short(b.ask(solicit, 1, na(1), by("port7"))))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 1, na(1), by("port8"))), "other identifiers are not searched")
}

func TestEarlyGlobalReservations(t *testing.T) {
	t.Parallel()
	for early, want := range map[string]uint32{"true": 2, "false": 1} {
		x := located(t, `"early-global-reservations-lookup": `+early+`, "reservations-global": true,
			"client-classes": [{"name": "given"}, {"name": "others", "test": "not member('given')"}],
			"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", "client-classes": ["given"]}],
			"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "client-class": "others"},
				{"id": 2, "subnet": "2001:db8:2::/64", "interface": "eth0"}]`, queryOf(solicit, 7))
		require.Equal(t, want, x.subnet.id)
		require.True(t, x.classes.Has("given"))
	}
}

func TestClassLifetimes(t *testing.T) {
	t.Parallel()
	x := located(t, oneSubnet("", `, "client-classes": [
		{"name": "a", "test": "member('ALL')", "valid-lifetime": 100, "max-valid-lifetime": 200},
		{"name": "b", "test": "member('ALL')", "valid-lifetime": 300, "preferred-lifetime": 50},
		{"name": "c", "test": "member('ALL')", "preferred-lifetime": 60}]`), queryOf(solicit, 7))
	lifetimes := func(w wish) [2]uint32 {
		preferred, valid := x.chooseLifetimes(x.subnet, w)
		return [2]uint32{preferred, valid}
	}
	require.Equal(t, [2]uint32{50, 100}, lifetimes(wish{}))
	require.Equal(t, [2]uint32{50, 200}, lifetimes(wish{preferred: 1000, valid: 1000}))
	require.Equal(t, [2]uint32{50, 100}, lifetimes(wish{preferred: 1, valid: 1}))
	x.classes = nil
	require.Equal(t, [2]uint32{3000, 4000}, lifetimes(wish{}))
}
