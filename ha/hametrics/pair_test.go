package hametrics_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/ha/hatest"
	"github.com/dhcpha/dhcpha/lease"
)

// program is a DHCP server with metrics: it gives each client the address with
// the number of its hardware address, whichever server the client belongs to.
type program struct {
	node      *hatest.Node
	store     *lease.Store
	addresses *lease.Allocator
	pair      *ha.Service
	registry  *prometheus.Registry
	stop      context.CancelFunc
	running   sync.WaitGroup
}

func start(n *hatest.Node) (hatest.Program, error) {
	p := &program{node: n, registry: prometheus.NewPedanticRegistry()}
	var err error
	if p.store, err = n.OpenStore(); err != nil {
		return nil, err
	}
	var specs []lease.PoolSpec
	for _, subnet := range n.Subnets() {
		for _, pool := range subnet.Pools {
			specs = append(specs, lease.PoolSpec{SubnetID: subnet.ID, First: pool.First, Last: pool.Last})
		}
	}
	if p.addresses, err = lease.NewAllocator(p.store, specs); err != nil {
		return nil, err
	}
	metrics := hametrics.New(hametrics.Options{Leases: p.store, Pools: p.addresses.Pools})
	opts := n.Options()
	opts.OnCommit = metrics.ObserveCommit
	if p.pair, err = ha.New(n.Configs(), p.store, opts); err != nil {
		return nil, err
	}
	metrics.Watch(p.pair)
	p.registry.MustRegister(metrics)
	p.pair.Register(n.Mux())
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.Background())
	p.running.Go(func() { _ = p.pair.Run(ctx, n.Mux(), n.Subnets()) })
	return p, nil
}

func (p *program) Close() error {
	p.stop()
	p.running.Wait()
	p.addresses.Close()
	return p.store.Close()
}

func (p *program) Query(ctx context.Context, q hatest.Query) (hatest.Answer, bool) {
	if _, serve := p.pair.Admit(q.Client, q.Waited, nil); !serve || q.Server != "" && q.Server != p.node.Name {
		return hatest.Answer{}, false
	}
	addr := netip.AddrFrom4([4]byte{198, 51, 100, 10 + q.Client.HWAddr[5]})
	l := lease.Lease{
		Type: lease.V4, Addr: addr, HWAddr: q.Client.HWAddr, SubnetID: q.Subnet, CLTT: p.node.Now().Unix(), ValidLft: 3600,
	}
	switch q.Kind {
	case hatest.Discover:
		return hatest.Answer{Kind: hatest.Offer, Addr: addr}, true
	case hatest.Release:
		return hatest.Answer{}, false
	case hatest.Decline:
		l.State, l.HWAddr = lease.Declined, nil
	}
	if q.Kind != hatest.Decline && q.Addr != addr {
		return hatest.Answer{Kind: hatest.Nak}, true
	}
	err := p.pair.Commit(ctx, lease.Change{Lease: l})
	return hatest.Answer{Kind: hatest.Ack, Addr: addr, Valid: time.Hour}, err == nil && q.Kind != hatest.Decline
}

// read returns the sum of a metric's values on each server that runs, of those
// with all of the labels.
func read(w *hatest.World, metric string, labels ...string) map[string]float64 {
	values := map[string]float64{}
	for _, n := range w.Nodes() {
		p, ok := n.Program().(*program)
		if !ok {
			continue
		}
		families, err := p.registry.Gather()
		require.NoError(w.T(), err)
		values[n.Name] = 0
		for _, f := range families {
			if f.GetName() != metric {
				continue
			}
			for _, m := range f.GetMetric() {
				has := map[string]bool{}
				for _, l := range m.GetLabel() {
					has[l.GetName()+"="+l.GetValue()] = true
				}
				all := true
				for _, l := range labels {
					all = all && has[l]
				}
				if all {
					values[n.Name] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
	}
	return values
}

func sum(values map[string]float64) (n float64) {
	for _, v := range values {
		n += v
	}
	return n
}

// Each lease of a pair is counted once in the pools: by the server that serves
// its client, be it that the client is its own, or that the other server is down.
func TestEachLeaseIsCountedOnce(t *testing.T) {
	const clients = 40
	for _, tt := range []struct {
		mode   ha.Mode
		normal ha.State
		scopes int
	}{{ha.HotStandby, ha.StateHotStandby, 1}, {ha.LoadBalancing, ha.StateLoadBalancing, 2}} {
		mode, normal, scopes := tt.mode, tt.normal, tt.scopes
		t.Run(string(mode), func(t *testing.T) {
			cfg := hatest.Config{Seed: 1, Start: start, Relationships: []*ha.Config{hatest.Pair(mode, 1)}}
			hatest.Run(t, cfg, func(w *hatest.World) {
				t := w.T()
				w.Start()
				w.UntilState(time.Minute, normal)
				w.UntilServed(time.Minute, w.Crowd(clients)...)
				w.Settle(time.Minute)
				once := func() {
					t.Helper()
					counted := read(w, "dhcpha_pool_leases")
					require.EqualValues(t, clients, sum(counted), "%v", counted)
					require.Zero(t, counted["backup1"])
					require.EqualValues(t, scopes, sum(read(w, "dhcpha_ha_scope_served")))
					for name, n := range read(w, "dhcpha_leases") {
						require.EqualValues(t, clients, n, "%s has every lease", name)
					}
				}
				once()
				counted := read(w, "dhcpha_pool_leases")
				if mode == ha.HotStandby {
					require.Zero(t, counted["server2"])
				} else {
					require.Greater(t, counted["server1"], 5.0)
					require.Greater(t, counted["server2"], 5.0)
				}

				// A declined address tells no client any more; it counts as another
				// state of the same lease.
				w.Client(3).Decline()
				w.Sleep(time.Second)
				w.Client(3).Leave()
				require.EqualValues(t, 1, sum(read(w, "dhcpha_pool_leases", "state=declined")))
				once()

				w.Node("server1").Kill()
				w.UntilState(time.Minute, ha.StatePartnerDown, "server2")
				require.EqualValues(t, clients, read(w, "dhcpha_pool_leases")["server2"])
				once()

				w.Node("server1").Start()
				w.UntilState(time.Minute, normal, "server1", "server2")
				w.Settle(time.Minute)
				once()
				require.EqualValues(t, 1, sum(read(w, "dhcpha_pool_leases", "state=declined")))
			})
		})
	}
}

// What a pair tells of an outage of the other server, from the silence to the
// takeover and the return.
func TestOutageIsTold(t *testing.T) {
	hatest.Run(t, hatest.Config{Seed: 2, Start: start}, func(w *hatest.World) {
		t := w.T()
		of := func(metric string, labels ...string) float64 { return read(w, metric, labels...)["server2"] }
		w.Start()
		w.UntilState(time.Minute, ha.StateHotStandby)
		w.UntilServed(time.Minute, w.Crowd(10)...)
		w.Settle(time.Minute)
		require.EqualValues(t, 1, of("dhcpha_ha_state", "state=hot-standby"))
		require.EqualValues(t, 1, of("dhcpha_ha_partner_state", "state=hot-standby"))
		require.Zero(t, of("dhcpha_ha_takeover_pending"))
		require.EqualValues(t, 1, of("dhcpha_ha_peer_reachable"))
		require.Zero(t, of("dhcpha_ha_serving"))
		require.GreaterOrEqual(t, read(w, "dhcpha_commits_total", "result=ok")["server1"], 10.0)
		require.EqualValues(t, read(w, "dhcpha_commits_total")["server1"], read(w, "dhcpha_commit_changes_total")["server1"])

		w.Node("server1").Kill()
		w.Until("server2 misses it", 10*time.Second, func() bool { return of("dhcpha_ha_takeover_pending") == 1 })
		left := of("dhcpha_ha_takeover_seconds")
		require.Greater(t, left, 0.0)
		require.LessOrEqual(t, left, 4.0, "max-response-delay of the pair")
		require.EqualValues(t, 1, of("dhcpha_ha_partner_state", "state=unavailable"))
		require.Zero(t, of("dhcpha_ha_peer_reachable"))

		w.UntilState(time.Minute, ha.StatePartnerDown, "server2")
		require.Zero(t, of("dhcpha_ha_takeover_pending"))
		require.EqualValues(t, 1, of("dhcpha_ha_partner_interrupted"))
		require.EqualValues(t, 1, of("dhcpha_ha_serving"))
		require.EqualValues(t, 1, of("dhcpha_ha_scope_served", "scope=server1"))
		w.UntilServed(time.Minute, w.Crowd(20)...)
		require.GreaterOrEqual(t, of("dhcpha_ha_peer_unacknowledged_updates", "peer=server1"), 10.0)
		require.GreaterOrEqual(t, of("dhcpha_ha_peer_lag_revisions", "peer=server1"), 10.0)

		w.Node("server1").Start()
		w.Settle(time.Minute)
		require.Zero(t, of("dhcpha_ha_peer_unacknowledged_updates"))
		require.Zero(t, of("dhcpha_ha_peer_lag_revisions"))
		require.Zero(t, of("dhcpha_ha_partner_interrupted"))
	})
}
