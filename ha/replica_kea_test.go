package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// A real Kea has the leases that a replica has told it of, and no others.
func TestReplicaOfRealKea(t *testing.T) {
	host := testnet.New(t).Host("kea")
	config, err := json.Marshal(object{"Dhcp4": object{
		"interfaces-config": object{"interfaces": []string{}},
		"multi-threading":   object{"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
		"subnet4":           []object{{"id": 1, "subnet": "10.0.0.0/8"}},
		"hooks-libraries": []object{
			{"library": testnet.KeaHook(t, "libdhcp_lease_cmds.so")},
			{"library": testnet.KeaHook(t, "libdhcp_ha.so"), "parameters": object{"high-availability": []object{{
				"this-server-name": "server2", "mode": "hot-standby",
				"multi-threading": object{"enable-multi-threading": true, "http-dedicated-listener": true},
				"peers": []object{
					{"name": "server1", "role": "primary", "url": "http://" + oursAt + "/"},
					{"name": "server2", "role": "standby", "url": "http://" + keaAt + "/"},
				},
			}}}},
		},
	}})
	require.NoError(t, err)
	host.StartKea("kea-dhcp4", string(config))

	cfg := &Config{Mode: HotStandby}
	p, err := newPeer(cfg, Peer{Name: "server2", URL: "http://" + keaAt + "/", Role: Standby}, &Options{
		Family: ctrl.V4,
		Dial: func(ctx context.Context, network, address string) (c net.Conn, err error) {
			host.Do(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) })
			return c, err
		},
	})
	require.NoError(t, err)
	defer p.client.Close()
	store := openStore(t)
	r := newReplica(p, store, replicaOptions{cfg: cfg, family: ctrl.V4, log: slog.New(slog.DiscardHandler), tell: func(event) {}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { r.run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	r.greet(false)

	const leases = 5000
	now := time.Now().Unix()
	var batch []lease.Change
	for i := range leases {
		c := change(fmt.Sprintf("10.1.%d.%d", i/256, i%256), now)
		c.Lease.ClientID = []byte{1, 2, byte(i >> 8), byte(i)}
		batch = append(batch, c)
	}
	require.NoError(t, store.Commit(t.Context(), batch...))
	start := time.Now()
	require.NoError(t, r.drain(t.Context()))
	t.Logf("%.0f updates/s", leases/time.Since(start).Seconds())

	r.allow(true)
	released := batch[1]
	released.Lease.State = lease.Released // which Kea 2.2 cannot read
	require.NoError(t, commitTo(t.Context(), store, r,
		lease.Change{Lease: lease.Lease{Type: lease.V4, Addr: batch[0].Lease.Addr}, Delete: true}, released))
	foreign := change("11.0.0.1", now) // of no subnet
	require.ErrorIs(t, commitTo(t.Context(), store, r, foreign), errUnacknowledged)

	reply, err := p.call(t.Context(), "lease4-get-all", nil)
	require.NoError(t, err)
	var got struct{ Leases []lease.Lease }
	require.NoError(t, json.Unmarshal(reply.Arguments, &got))
	byAddr := map[netip.Addr]lease.Lease{}
	for _, l := range got.Leases {
		byAddr[l.Addr] = l
	}
	require.Len(t, byAddr, leases-2)
	for _, c := range batch[2:] {
		require.Equal(t, c.Lease, byAddr[c.Lease.Addr])
	}
}
