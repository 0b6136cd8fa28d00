package dhcp6

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// Which subnet is selected of relayed queries is compared with Kea in
// TestPlanIsKeas.
func TestSubnetSelection(t *testing.T) {
	t.Parallel()
	p := planOf(t, `"client-classes": [{"name": "phones", "test": "option[15].exists"}],
		"subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "client-class": "phones"},
			{"id": 2, "subnet": "2001:db8:2::/64", "interface": "eth0"},
			{"id": 3, "subnet": "2001:db8:3::/64", "relay": {"ip-address": "2001:db8:99::1"}},
			{"id": 4, "subnet": "2001:db8:4::/64", "interface-id": "port4"}],
		"shared-networks": [{"name": "net", "interface": "eth1", "subnet6": [
			{"id": 5, "subnet": "2001:db8:5::/64"},
			{"id": 6, "subnet": "2001:db8:6::/64"}]}]`)
	phone := opt(dhcpv6.OptionUserClass, 0, 1, 'p')
	port4 := dhcpv6.OptInterfaceID([]byte("port4"))
	for name, c := range map[string]struct {
		mods []mod
		want uint32
	}{
		"interface":                            {nil, 2},
		"interface and class":                  {[]mod{phone}, 1},
		"interface before source":              {[]mod{from("2001:db8:3::9")}, 2},
		"source":                               {[]mod{onInterface("eth7"), from("2001:db8:3::9")}, 3},
		"link-local source":                    {[]mod{onInterface("eth7")}, 0},
		"interface of the network":             {[]mod{onInterface("eth1")}, 5},
		"no interface":                         {[]mod{onInterface("")}, 0},
		"relayed: interface does not matter":   {[]mod{relayed(agent("2001:db8:77::1", "fe80::9")), onInterface("eth0")}, 0},
		"only lightweight agents: it does":     {[]mod{relayed(agent("::", "fe80::9", port4)), onInterface("eth0")}, 2},
		"link-local link-address: it does too": {[]mod{relayed(agent("fe80::1", "fe80::9")), onInterface("eth0")}, 2},
		"relay agent":                          {[]mod{relayed(agent("2001:db8:99::1", "fe80::9"))}, 3},
		"interface-id":                         {[]mod{relayed(agent("2001:db8:99::1", "fe80::9", port4))}, 4},
		"interface-id of another agent":        {[]mod{relayed(agent("::", "fe80::9", port4), agent("2001:db8:99::1", "fe80::9"))}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var id uint32
			if x := locatedBy(t, p, queryOf(solicit, 7, c.mods...)); x.subnet != nil {
				id = x.subnet.id
			}
			require.Equal(t, c.want, id)
		})
	}
}

func TestPoolFor(t *testing.T) {
	t.Parallel()
	x := located(t, `"client-classes": [{"name": "phones"}],
		"shared-networks": [{"name": "net", "interface": "eth0", "subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::/112", "pool-id": 1}],
			 "pd-pools": [{"prefix": "2001:db8:f000::", "prefix-len": 48, "delegated-len": 56, "pool-id": 2}]},
			{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::1-2001:db8:2::9", "pool-id": 3}]},
			{"id": 3, "subnet": "2001:db8:3::/64", "client-class": "phones", "pools": [{"pool": "2001:db8:3::/112", "pool-id": 4}]},
			{"id": 4, "subnet": "2001:db8:4::/64", "pools": [{"pool": "2001:db8:4::/112", "client-class": "phones", "pool-id": 5}]}]}]`, queryOf(solicit, 7))
	find := func(typ lease.Type, addr string) uint32 {
		_, pl := x.poolFor(typ, prefixes(addr + "/128")[0].Addr())
		if pl == nil {
			return 0
		}
		return pl.id
	}
	require.EqualValues(t, 1, find(lease.NA, "2001:db8:1::9"))
	require.EqualValues(t, 0, find(lease.PD, "2001:db8:1::9"))
	require.EqualValues(t, 2, find(lease.PD, "2001:db8:f000:ff00::"))
	require.EqualValues(t, 0, find(lease.NA, "2001:db8:f000:ff00::"))
	require.EqualValues(t, 3, find(lease.NA, "2001:db8:2::9"))
	require.EqualValues(t, 0, find(lease.NA, "2001:db8:2::a"))
	require.EqualValues(t, 0, find(lease.NA, "2001:db8:3::1"))
	require.EqualValues(t, 0, find(lease.NA, "2001:db8:4::1"))
	x.classes.Add("phones")
	require.EqualValues(t, 4, find(lease.NA, "2001:db8:3::1"))
	require.EqualValues(t, 5, find(lease.NA, "2001:db8:4::1"))
	x.subnet = nil
	require.EqualValues(t, 0, find(lease.NA, "2001:db8:1::9"))
}

func TestServerName(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "user-context": {"ha-server-name": "server1"}},
		{"id": 2, "subnet": "2001:db8:2::/64"}]`, nil)
	x := exchangeOf(t, b.e, queryOf(solicit, 7))
	require.Equal(t, "server1", x.serverName())
	require.Nil(t, x.subnet, "it leaves no trace")
	require.Empty(t, x.classes)
	require.Empty(t, exchangeOf(t, b.e, queryOf(solicit, 7, onInterface("eth7"))).serverName())
	require.Empty(t, exchangeOf(t, b.e, queryOf(solicit, 7, onInterface("eth7"), from("2001:db8:2::1"))).serverName())
}

// What is most easily forgotten, the interface of a subnet, is in the log.
func TestClientWithoutASubnetIsInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::/112"}]}]`,
		&EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NotNil(t, b.ask(solicit, 1, na(1), pd(1)))
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "once a query")
	require.Contains(t, log.String(), `level=WARN msg="no subnet for client"`)
	require.Contains(t, log.String(), "client.duid=00:03:00:01:02:00:00:00:00:01")
	require.Contains(t, log.String(), "interface=eth0")
}

// Where no link has a subnet the server looks well and gives nobody anything,
// which it tells; that a subnet is for other clients is as it was meant.
func TestLinkWithoutASubnetIsTold(t *testing.T) {
	t.Parallel()
	const guests = `"client-classes": [{"name": "guest", "test": "not member('ALL')"}], "subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "client-class": "guest", "pools": [{"pool": "2001:db8:1::/112"}]}]`
	b := newBench(t, guests, nil)
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 1, na(1))))
	require.Zero(t, b.e.NoSubnet())
	before := time.Now()
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 1, na(1), onInterface("eth9"))))
	require.WithinRange(t, b.e.NoSubnet(), before, time.Now())
	require.EqualValues(t, 1, b.stat("v6-allocation-fail-no-subnet"))
}
