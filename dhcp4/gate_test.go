package dhcp4

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

const branches = `"client-classes": [{"name": "phones", "test": "substring(option[60].hex, 0, 5) == 'phone'"}],
	"shared-networks": [{"name": "town", "user-context": {"ha-server-name": "server3"}, "subnet4": [
		{"id": 3, "subnet": "203.0.113.0/25", "client-class": "phones"},
		{"id": 4, "subnet": "203.0.113.128/25", "user-context": {"ha-server-name": "server4"}}]}],
	"subnet4": [
		{"id": 1, "subnet": "192.0.2.0/24", "user-context": {"ha-server-name": "server1"}},
		{"id": 2, "subnet": "198.51.100.0/24"}]`

// A gate is told of the server by the subnet that the query would be served
// from, before anything else is done with it.
func TestGateIsToldTheServer(t *testing.T) {
	t.Parallel()
	var servers []string
	serve := true
	b := newBench(t, branches, &EngineOptions{Gate: gateFunc(func(_ lease.Client, _ time.Duration, server func() string) ([]string, bool) {
		servers = append(servers, server(), server())
		return nil, serve
	})})
	phone := opt(optVendorClass, []byte("phone-1")...)
	for _, c := range []struct {
		mods []mod
		want string
	}{
		{nil, "server1"},
		{[]mod{relay("198.51.100.1")}, ""},
		{[]mod{relay("203.0.113.1"), phone}, "server3"},
		{[]mod{relay("203.0.113.1")}, ""}, // the guard of its subnet keeps it out
		{[]mod{relay("203.0.113.129")}, "server4"},
		{[]mod{relay("10.0.0.1")}, ""},
	} {
		servers = nil
		b.ask(discover, 1, c.mods...)
		require.Equal(t, []string{c.want, c.want}, servers)
	}
	servers = nil
	b.ask(release, 1, ciaddr("203.0.113.130"), unicast)
	require.Equal(t, []string{"server4", "server4"}, servers)

	x := b.e.newExchange(incomingOf(queryOf(discover, 1, relay("203.0.113.1"), phone)))
	require.Empty(t, x.accept())
	require.Empty(t, x.classes, "it leaves no trace")
	require.Nil(t, x.subnet)

	found := map[uint32]string{}
	for s := range b.e.Subnets().Subnets() {
		found[s.ID] = s.Server
	}
	require.Equal(t, map[uint32]string{1: "server1", 2: "", 3: "server3", 4: "server4"}, found)

	_, err := ParseConfig(strings.NewReader(`{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "user-context": {"ha-server-name": 1}}]}}`), nil)
	require.ErrorContains(t, err, "subnet4[0].user-context.ha-server-name")
}

// counting is a Committer that counts.
type counting struct {
	lease.Committer
	commits int
}

func (c *counting) Commit(ctx context.Context, changes ...lease.Change) error {
	c.commits++
	return c.Committer.Commit(ctx, changes...)
}

// What no client waits for goes another way.
func TestBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		front, background, service := new(counting), new(counting), new(ctrl.Service)
		owned := false
		b := newBench(t, oneSubnet(`, "max-valid-lifetime": 3600, "min-valid-lifetime": 60`), &EngineOptions{
			Committer: front, Background: background, Service: service,
			Reclaims: func(lease.Lease) bool { return owned },
		})
		front.Committer, background.Committer = b.store, b.store
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.e.Run(ctx) }()
		b.ask(discover, 1)
		require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.1"), lifetimeWish(60))))
		require.Equal(t, []int{1, 0}, []int{front.commits, background.commits})

		mux := ctrl.NewMux()
		b.e.Register(mux, nil)
		b.e.RegisterLeases(mux)
		require.Contains(t, run(t, mux, "lease4-add", `{"ip-address": "192.0.2.99", "hw-address": "02:00:00:00:00:09"}`), `"result":0`)
		require.Equal(t, []int{1, 1}, []int{front.commits, background.commits})

		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, lease.Assigned, b.stored("192.0.2.10").State, "another server reclaims it")
		cancel()
		require.NoError(t, <-done)
		owned = true
		ctx, cancel = context.WithCancel(t.Context())
		go func() { done <- b.e.Run(ctx) }()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(t, lease.ExpiredReclaimed, b.stored("192.0.2.10").State)
		require.Equal(t, []int{1, 2}, []int{front.commits, background.commits})
		cancel()
		require.NoError(t, <-done)

		require.Same(t, service, b.e.Service())
		service.Disable(ctrl.OriginLocal, 0)
		require.Equal(t, "silence", short(b.ask(discover, 2)))
		require.Contains(t, run(t, mux, "status-get", ""), `"disabled-by-local-command":[1000]`)
	})
}
