package dhcp6

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// planOf compiles a configuration.
func planOf(t testing.TB, cfg string) *plan {
	t.Helper()
	p, err := newPlan(config(t, cfg))
	require.NoError(t, err)
	return p
}

// locatedBy is an exchange once it knows where the client is.
func locatedBy(t testing.TB, p *plan, q *Query) *exchange {
	t.Helper()
	e := new(Engine)
	e.duid.Store(new([]byte))
	e.core.Log = slog.New(slog.DiscardHandler)
	e.plan.Store(p)
	x := exchangeOf(t, e, q)
	x.classes.Add(q.Classes...)
	x.identify()
	x.classifyFirst()
	x.locate()
	return x
}

func located(t testing.TB, cfg string, q *Query) *exchange {
	t.Helper()
	return locatedBy(t, planOf(t, cfg), q)
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func TestPlanInherits(t *testing.T) {
	t.Parallel()
	p := planOf(t, `"valid-lifetime": 1000, "preferred-lifetime": 600, "cache-max-age": 7, "ddns-qualifying-suffix": "global",
		"shared-networks": [{"name": "net", "valid-lifetime": 2000, "user-context": {"ha-server-name": "server2"}, "interface-id": "net", "subnet6": [
			{"id": 3, "subnet": "2001:db8:3::/64", "pools": [{"pool": "2001:db8:3::/80"}]},
			{"id": 1, "subnet": "2001:db8:1::/64", "valid-lifetime": 3000, "user-context": {"ha-server-name": "server1"}, "interface-id": "one"}]}],
		"subnet6": [{"id": 2, "subnet": "2001:db8:2::/64", "preferred-lifetime": 0, "reservations": [{"duid": "01:02:03", "hostname": "x"}]}]`)
	require.Equal(t, []uint32{1, 2, 3}, []uint32{p.subnets[0].id, p.subnets[1].id, p.subnets[2].id})
	one, two, three := p.byID[1], p.byID[2], p.byID[3]
	require.Equal(t, []uint32{3000, 1000, 2000}, []uint32{one.valid.Usual, two.valid.Usual, three.valid.Usual})
	require.Equal(t, []uint32{600, 0, 600}, []uint32{one.preferred.Usual, two.preferred.Usual, three.preferred.Usual})
	require.Equal(t, []string{"server1", "", "server2"}, []string{one.server, two.server, three.server})
	require.Equal(t, []string{"one", "", "net"}, []string{one.interfaceID, two.interfaceID, three.interfaceID})
	require.EqualValues(t, 7, *one.cache.MaxAge)
	require.Nil(t, one.cache.Threshold, "the default caches nothing")
	require.Equal(t, []*subnet{three, one}, one.Siblings())
	require.Equal(t, []*subnet{two}, two.Siblings())
	require.NotNil(t, two.Own.Find([]engine.Identity{{Kind: engine.ByDUID, Value: []byte{1, 2, 3}}}))
	require.Nil(t, two.Global)

	_, err := newPlan(&Config{Subnets: []Subnet{{ID: 1}}})
	require.Error(t, err, "it is checked")
}

func TestExclusion(t *testing.T) {
	t.Parallel()
	p := planOf(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "pd-pools": [
		{"prefix": "2001:db8:f000::", "prefix-len": 36, "delegated-len": 56, "excluded-prefix": "2001:db8:f000:80::", "excluded-prefix-len": 59},
		{"prefix": "2001:db8:e000::", "prefix-len": 36, "delegated-len": 56}],
		"reservations": [{"duid": "01:02:03", "prefixes": ["2001:db8:1::/48", "2001:db8:2::/48"], "excluded-prefixes": ["2001:db8:1:1::/64", ""]}]}]`)
	s := p.byID[1]
	for delegated, want := range map[string]string{
		"2001:db8:f000::/56":      "2001:db8:f000:80::/59",
		"2001:db8:f000:300::/56":  "2001:db8:f000:380::/59",
		"2001:db8:ffff:ff00::/56": "2001:db8:ffff:ff80::/59",
	} {
		require.Equal(t, want, s.pdPools[0].exclusion(netip.MustParsePrefix(delegated)).String(), delegated)
	}
	require.False(t, s.pdPools[1].exclusion(netip.MustParsePrefix("2001:db8:e000::/56")).IsValid())
	h := s.Own.Find([]engine.Identity{{Kind: engine.ByDUID, Value: []byte{1, 2, 3}}})
	require.Equal(t, "2001:db8:1:1::/64", h.exclusion(netip.MustParsePrefix("2001:db8:1::/48")).String())
	require.False(t, h.exclusion(netip.MustParsePrefix("2001:db8:2::/48")).IsValid())
	require.False(t, h.exclusion(netip.MustParsePrefix("2001:db8:3::/48")).IsValid())
}

// reserving has reservations of all kinds of lengths, for the clients whose
// DUID ends in the last part of what is reserved.
const reserving = `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
	"pools": [{"pool": "2001:db8:1::1-2001:db8:1::ffff"}],
	"pd-pools": [{"prefix": "2001:db8:f000::", "prefix-len": 48, "delegated-len": 56}],
	"reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::1", "2001:db8:1:0:1::1"], "prefixes": ["2001:db8:f000:100::/56", "2001:db8:aaaa::/48"]},
		{"duid": "00:03:00:01:02:00:00:00:00:02", "prefixes": ["2001:db8:f000:200::/60"]},
		{"duid": "00:03:00:01:02:00:00:00:00:03", "prefixes": ["2001:db8:f000:210::/60"]},
		{"duid": "00:03:00:01:02:00:00:00:00:04", "prefixes": ["2001:db8:f000:400::/54"]},
		{"duid": "00:03:00:01:02:00:00:00:00:05", "prefixes": ["2001:db8:f000:900::/64"]}]%s}]`

func TestReservedForOther(t *testing.T) {
	t.Parallel()
	p := planOf(t, fmt.Sprintf(reserving, ""))
	for prefix, others := range map[string][]byte{ // the clients that may have it
		"2001:db8:1::1/128":        {1},
		"2001:db8:1:0:1::1/128":    {1},
		"2001:db8:1::2/128":        {1, 2, 3, 4, 5, 6},
		"2001:db8:aaaa::/48":       {1},
		"2001:db8:aaaa:100::/56":   {1},
		"2001:db8:f000:100::/56":   {1},
		"2001:db8:f000:200::/56":   {}, // each would have a part of the other's
		"2001:db8:f000:200::/60":   {2},
		"2001:db8:f000:210::/60":   {3},
		"2001:db8:f000:300::/56":   {1, 2, 3, 4, 5, 6},
		"2001:db8:f000:500::/56":   {4},
		"2001:db8:f000:700::/56":   {4},
		"2001:db8:f000:800::/56":   {1, 2, 3, 4, 5, 6},
		"2001:db8:f000:900::/56":   {5},
		"2001:db8:f000:900::1/128": {1, 2, 3, 4, 5, 6},
	} {
		for client := byte(1); client <= 6; client++ {
			x := locatedBy(t, p, queryOf(solicit, client))
			require.Equal(t, !slices.Contains(others, client), x.reservedForOther(netip.MustParsePrefix(prefix), x.subnet), "%s, client %d", prefix, client)
		}
	}
	x := located(t, fmt.Sprintf(reserving, `, "reservations-out-of-pool": true`), queryOf(solicit, 9))
	require.False(t, x.reservedForOther(netip.MustParsePrefix("2001:db8:1::1/128"), x.subnet), "in the pool nothing is reserved")
	require.False(t, x.reservedForOther(netip.MustParsePrefix("2001:db8:f000:100::/56"), x.subnet))
	require.True(t, x.reservedForOther(netip.MustParsePrefix("2001:db8:1:0:1::1/128"), x.subnet))
	require.True(t, x.reservedForOther(netip.MustParsePrefix("2001:db8:aaaa::/48"), x.subnet))
}

func TestReservedIsNotPicked(t *testing.T) {
	t.Parallel()
	specs := planOf(t, fmt.Sprintf(reserving, `, "pd-allocator": "random"`)).poolSpecs()
	require.Len(t, specs, 2)
	kept := func(i int) (list []string) {
		for _, a := range specs[i].Exclude {
			list = append(list, a.String())
		}
		slices.Sort(list)
		return list
	}
	require.Equal(t, []string{"2001:db8:1::1"}, kept(0))
	require.Equal(t, []string{
		"2001:db8:f000:100::", "2001:db8:f000:200::",
		"2001:db8:f000:400::", "2001:db8:f000:500::", "2001:db8:f000:600::", "2001:db8:f000:700::", "2001:db8:f000:900::",
	}, kept(1))
	require.Equal(t, "iterative", specs[0].Allocator.String())
	require.Equal(t, "random", specs[1].Allocator.String())
	require.Equal(t, 56, specs[1].DelegatedLen)

	for _, spec := range planOf(t, fmt.Sprintf(reserving, `, "reservations-out-of-pool": true`)).poolSpecs() {
		require.Empty(t, spec.Exclude)
	}
	_, err := newPlan(config(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "pd-pools": [{"prefix": "2001:db8:f000::", "prefix-len": 40, "delegated-len": 64}],
		"reservations": [{"duid": "01:02:03", "prefixes": ["2001:db8:f000::/44"]}]}]`))
	require.ErrorContains(t, err, "2001:db8:f000::/44 reserves more than 65536")
}

func TestGlobalReservations(t *testing.T) {
	t.Parallel()
	x := located(t, `"reservations-global": true, "reservations-in-subnet": false,
		"reservations": [{"hw-address": "02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::1", "2001:db8:2::1"], "prefixes": ["2001:db8:f000::/56"]}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "reservations": [{"hw-address": "02:00:00:00:00:02", "ip-addresses": ["2001:db8:1::2"]}]}]`,
		queryOf(solicit, 7))
	for _, p := range prefixes("2001:db8:1::1/128", "2001:db8:f000::/56") {
		require.True(t, x.reservedForOther(p, x.subnet))
	}
	for _, p := range prefixes("2001:db8:1::2/128", "2001:db8:2::1/128") {
		require.False(t, x.reservedForOther(p, x.subnet))
	}
}
