package dhcpha_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hatest"
	"github.com/dhcpha/dhcpha/lease"
)

// TestEnginesUnderFaults walks pairs of whole servers, all but their sockets,
// through random faults: what clients are told of by the engines is on the disks
// that it has to be on, and no address is another client's.
func TestEnginesUnderFaults(t *testing.T) {
	t.Parallel()
	starts := map[ctrl.Family]func(*hatest.Node) (hatest.Program, error){ctrl.V4: start4, ctrl.V6: new(duids).start6}
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		for _, mode := range []ha.Mode{ha.HotStandby, ha.LoadBalancing} {
			t.Run(fmt.Sprint(family, mode), func(t *testing.T) {
				t.Parallel()
				acks := 0
				for seed := range uint64(worldSeeds) {
					cfg := hatest.Config{
						Seed: seed, Family: family, Start: starts[family],
						Relationships: []*ha.Config{hatest.Pair(mode, int(seed%2))},
					}
					hatest.Run(t, cfg, func(w *hatest.World) {
						underFaults(w, hatest.Random(seed, cfg, 3*time.Minute))
						acks += w.Report().Acks
					})
				}
				require.Greater(t, acks, 20*worldSeeds)
			})
		}
	}
}

// worldSeeds is how many scripts each kind of pair is walked through.
const worldSeeds = 12

// underFaults plays a script, but for what is done to clocks: the engines go by
// the time of the bubble. Then everything is mended.
func underFaults(w *hatest.World, script hatest.Script) {
	w.Start()
	w.Play(slices.DeleteFunc(script, func(s hatest.Step) bool { return s.Do == "clock" || s.Do == "drift" }))
	w.JoinAll()
	for _, n := range w.Nodes() {
		for _, other := range w.Nodes() {
			if n != other {
				w.Delay(n.Name, other.Name, 0, 0)
			}
		}
		for _, d := range [][2]string{{n.Name, hatest.Clients}, {hatest.Clients, n.Name}} {
			w.Delay(d[0], d[1], 0, 0)
			w.Lose(d[0], d[1], 0)
			w.Duplicate(d[0], d[1], 0)
		}
		n.DiskWorks()
		n.Start()
	}
	w.Until("maintenance is over", 5*time.Minute, func() bool {
		over := true
		for _, n := range w.Nodes() {
			if n.State() == ha.StatePartnerInMaintenance {
				n.Command("ha-maintenance-cancel", nil)
			}
			over = over && n.State() != ha.StatePartnerInMaintenance && n.State() != ha.StateInMaintenance
		}
		if !over {
			w.Sleep(5 * time.Second)
		}
		return over
	})
	w.Sleep(30 * time.Second)
	w.Settle(5 * time.Minute)
}

// engine is what the engines of both families have.
type engine interface {
	Close()
	Register(mux *ctrl.Mux)
	RegisterLeases(mux *ctrl.Mux)
	Run(ctx context.Context) error
	Subnets() ctrl.Subnets
}

// whole is a program with all that a server has but sockets.
type whole struct {
	engine engine
	store  *lease.Store
	pair   *ha.Service
	query  func(context.Context, hatest.Query) (hatest.Answer, bool)

	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	failed error
}

// startWhole starts a node's server; begin gives it its engine.
func startWhole(n *hatest.Node, begin func(*whole, *ctrl.Service, *ha.Options) error) (_ hatest.Program, err error) {
	p := new(whole)
	if p.store, err = n.OpenStore(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.store.Close())
		}
	}()
	opts := n.Options()
	opts.Switch = new(ctrl.Service)
	if p.pair, err = ha.New(n.Configs(), p.store, opts); err != nil {
		return nil, err
	}
	if err = begin(p, opts.Switch, opts); err != nil {
		return nil, err
	}
	mux := n.Mux()
	p.pair.Register(mux)
	p.engine.Register(mux)
	p.engine.RegisterLeases(mux)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	for _, run := range []func(context.Context) error{
		p.engine.Run,
		func(ctx context.Context) error { return p.pair.Run(ctx, mux, p.engine.Subnets()) },
	} {
		p.running.Go(func() { p.note(run(ctx)) })
	}
	return p, nil
}

func (p *whole) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = errors.Join(p.failed, err)
}

func (p *whole) Query(ctx context.Context, q hatest.Query) (hatest.Answer, bool) {
	return p.query(ctx, q)
}

func (p *whole) Close() error {
	p.stop()
	p.running.Wait()
	p.engine.Close()
	return errors.Join(p.failed, p.store.Close())
}

// configOf is the configuration of a node's subnets, as Kea's of the family.
func configOf(n *hatest.Node, family, more string) string {
	type object = map[string]any
	var subnets []object
	for _, s := range n.Subnets() {
		var pools []object
		for _, p := range s.Pools {
			pool := object{"pool": fmt.Sprintf("%v - %v", p.First, p.Last)}
			if p.Class != "" {
				pool["client-class"] = p.Class
			}
			pools = append(pools, pool)
		}
		subnets = append(subnets, object{"id": s.ID, "subnet": s.Prefix.String(), "valid-lifetime": 120, "pools": pools})
	}
	list, err := json.Marshal(subnets)
	if err != nil {
		panic(err) // of strings and numbers
	}
	return fmt.Sprintf(`{"Dhcp%s": {"subnet%s": %s%s}}`, family, family, list, more)
}

// routerOf is the address of the relay agent on the link of a subnet.
func routerOf(n *hatest.Node, id uint32) netip.Addr {
	s, _ := n.Subnets().Subnet(id)
	return s.Prefix.Addr().Next()
}

// addrOf is the address of a server.
func addrOf(n *hatest.Node, server string) netip.Addr {
	for _, cfg := range n.Configs() {
		for _, p := range cfg.Peers {
			if p.Name == server {
				return netip.MustParseAddrPort(p.URL[len("http://") : len(p.URL)-1]).Addr()
			}
		}
	}
	return netip.Addr{}
}
