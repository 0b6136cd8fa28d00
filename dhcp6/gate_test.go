package dhcp6

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// A gate judges by the DUID and the time that the client has waited, and gives
// classes.
func TestGate(t *testing.T) {
	t.Parallel()
	var seen []string
	var waited time.Duration
	b := newBench(t, `"client-classes": [{"name": "HA_server1"}, {"name": "ours", "test": "member('HA_server1')"}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [
			{"pool": "2001:db8:1::10-2001:db8:1::13", "client-class": "HA_server2"}, {"pool": "2001:db8:1::20-2001:db8:1::23", "client-class": "ours"}]}]`,
		&EngineOptions{Gate: gateFunc(func(c lease.Client, d time.Duration, _ func() string) ([]string, bool) {
			seen, waited = append(seen, string(c.ID)), d
			return []string{"HA_server1"}, c.ID[9] != 2
		})})
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::20]", short(b.ask(solicit, 1, na(1), opt(dhcpv6.OptionElapsedTime, 0x01, 0x2c))))
	require.Equal(t, 3*time.Second, waited)
	require.Equal(t, "silence", short(b.ask(solicit, 2, na(1))))
	require.Equal(t, "silence", short(b.ask(solicit, 3, na(1), toServer(serverDUIDText))))
	require.Equal(t, []string{string(duid(1)), string(duid(2))}, seen, "what is not valid is nobody's")
	require.EqualValues(t, 2, b.stat("pkt6-receive-drop"))
	require.EqualValues(t, 3, b.stat("pkt6-solicit-received"))
	require.EqualValues(t, 1, b.stat("pkt6-advertise-sent"))
}

// A gate is told of the server by the subnet that the query would be served
// from, before anything else is done with it.
func TestGateIsToldTheServer(t *testing.T) {
	t.Parallel()
	var servers []string
	b := newBench(t, `"client-classes": [{"name": "phones", "test": "option[15].exists"}],
		"shared-networks": [{"name": "town", "user-context": {"ha-server-name": "server3"}, "subnet6": [
			{"id": 3, "subnet": "2001:db8:3::/64", "client-class": "phones"},
			{"id": 4, "subnet": "2001:db8:4::/64", "user-context": {"ha-server-name": "server4"}}]}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "user-context": {"ha-server-name": "server1"}}, {"id": 2, "subnet": "2001:db8:2::/64"}]`,
		&EngineOptions{Gate: gateFunc(func(_ lease.Client, _ time.Duration, server func() string) ([]string, bool) {
			servers = append(servers, server(), server())
			return nil, true
		})})
	phone := opt(dhcpv6.OptionUserClass, 0, 1, 'p')
	on := func(link string) mod { return relayed(agent(link, "fe80::99")) }
	for _, c := range []struct {
		mods []mod
		want string
	}{
		{nil, "server1"},
		{[]mod{on("2001:db8:2::1")}, ""},
		{[]mod{on("2001:db8:3::1"), phone}, "server3"},
		{[]mod{on("2001:db8:3::1")}, ""}, // the guard of its subnet keeps it out
		{[]mod{on("2001:db8:4::1")}, "server4"},
		{[]mod{on("2001:db8:9::1")}, ""},
	} {
		servers = nil
		b.ask(solicit, 1, c.mods...)
		require.Equal(t, []string{c.want, c.want}, servers)
	}
	x := exchangeOf(t, b.e, queryOf(solicit, 1, on("2001:db8:3::1"), phone))
	require.Empty(t, x.accept())
	require.Empty(t, x.classes, "it leaves no trace")
	require.Nil(t, x.subnet)
}

func TestDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "client-classes": [{"name": "DROP", "test": "option[15].exists"}]`), nil)
	require.Equal(t, "silence", short(b.ask(solicit, 1, na(1), opt(dhcpv6.OptionUserClass, 0, 1, 'p'))))
	require.EqualValues(t, 1, b.stat("pkt6-admin-filtered"))
	b.e.Service().Disable(ctrl.OriginLocal, 0)
	require.Equal(t, "silence", short(b.ask(solicit, 1, na(1))))
	require.EqualValues(t, 1, b.stat("pkt6-service-disabled"))
}

// unconfirmed is a committer of which the leases are not safe yet.
type unconfirmed struct{ lease.Committer }

func (unconfirmed) Confirmed(lease.Lease) bool { return false }

// A lease that a partner may not know is written again, cached or not.
func TestUnconfirmedLeasesAreNotReused(t *testing.T) {
	t.Parallel()
	c := &unconfirmed{}
	b := newBench(t, oneSubnet(`, "cache-threshold": 0.5`), &EngineOptions{Committer: c})
	c.Committer = b.store
	b.ask(request, 7, na(1))
	b.ask(renew, 7, na(1))
	require.EqualValues(t, 2, b.store.Revision())
}

// What has expired is reclaimed, by the configuration of the moment.
func TestReclaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(`, "min-valid-lifetime": 60`), nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.e.Run(ctx) }()
		b.ask(request, 7, na(1, addr10+" 0 60"), pd(1, prefix0+" 0 60"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, lease.ExpiredReclaimed, b.stored(addr10).State)
		require.Equal(t, lease.ExpiredReclaimed, b.stored(prefix0).State)
		require.Equal(t, "REPLY NA1["+addr10+"] PD1["+prefix0+"]", short(b.ask(request, 7, na(1), pd(1))), "its client gets it back")
		require.EqualValues(t, 2, b.stat("cumulative-assigned-nas"))
		cancel()
		require.NoError(t, <-done)
	})
}

// Queries go by the configuration that there is when they come in; after a bad
// one all is as it was.
func TestReload(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	require.Equal(t, "REPLY NA1["+addr10+"]", short(b.ask(request, 7, na(1))))
	require.Equal(t, "ADVERTISE NA1["+addr11+"]", short(b.ask(solicit, 8, na(1))))
	cfg := config(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "valid-lifetime": 77, "pools": [{"pool": "2001:db8:1::11-2001:db8:1::12"}]}]`)
	cfg.ServerID = &ServerID{Type: "EN", EnterpriseID: 62448, Identifier: Hex{2}}
	require.NoError(t, b.e.Reload(cfg))
	require.Same(t, cfg, b.e.Config())
	require.Equal(t, unhex("00020000f3f002"), b.e.ServerID())
	require.Equal(t, b.e.ServerID(), b.store.ServerID())
	toNow := toServer("00020000f3f002")
	require.Equal(t, "REPLY NA1["+addr12+"]", short(b.ask(request, 9, na(1, addr11), toNow)), "an offer stays good")
	require.Equal(t, "REPLY NA1["+addr11+"]", short(b.ask(request, 8, na(1), toNow)))
	require.EqualValues(t, 77, b.stored(addr11).ValidLft)
	require.Equal(t, "silence", short(b.ask(request, 8, na(1))), "it is for the server of before")
	require.Equal(t, "REPLY NA1[-"+addr10+" NoAddrsAvail]", short(b.ask(renew, 7, na(1, addr10), toNow)), "it is not in a pool any more")

	bad := config(t, oneSubnet())
	bad.ServerID = &ServerID{Type: "UUID", Identifier: Hex{1}}
	require.Error(t, b.e.Reload(bad))
	require.Same(t, cfg, b.e.Config())
	require.Equal(t, unhex("00020000f3f002"), b.e.ServerID())
}

// A gate is not asked who is to be told parameters: all servers tell them.
func TestGateLetsInformationPass(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), &EngineOptions{Gate: gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) {
		return nil, false
	})})
	require.Equal(t, "silence", short(b.ask(solicit, 1, na(1))))
	require.Equal(t, "REPLY", short(b.ask(information, 1)))
	require.Equal(t, "REPLY", short(b.ask(information, 1, without(dhcpv6.OptionClientID))))
}
