package hatest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// keeper is a Program that lets clients have what they ask for, and records what
// it was asked.
type keeper struct {
	n     *Node
	store *lease.Store
	pair  *ha.Service
	stop  context.CancelFunc
	done  chan error

	mu    sync.Mutex
	asked []time.Duration // when, after the beginning of the world
}

// keep is a Config.Start.
func keep(n *Node) (Program, error) {
	store, err := n.OpenStore()
	if err != nil {
		return nil, err
	}
	k := &keeper{n: n, store: store, done: make(chan error)}
	if k.pair, err = ha.New(n.Configs(), store, n.Options()); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	k.pair.Register(n.Mux())
	var ctx context.Context
	ctx, k.stop = context.WithCancel(context.Background())
	go func() { k.done <- k.pair.Run(ctx, n.Mux(), n.Subnets()) }()
	return k, nil
}

func (k *keeper) Query(ctx context.Context, q Query) (Answer, bool) {
	k.mu.Lock()
	k.asked = append(k.asked, time.Since(k.n.w.trace.began))
	k.mu.Unlock()
	if q.Kind != Request {
		return Answer{Kind: Offer, Addr: q.Addr}, true
	}
	if err := k.give(ctx, q.Addr, 1); err != nil {
		return Answer{}, false
	}
	return Answer{Kind: Ack, Addr: q.Addr, Valid: time.Hour}, true
}

// give commits a lease, if the server serves now.
func (k *keeper) give(ctx context.Context, addr netip.Addr, client byte) error {
	subnet, _ := k.n.Subnets().Subnet(1)
	for s := range k.n.Subnets().Subnets() {
		if s.Prefix.Contains(addr) {
			subnet = s
		}
	}
	hw := []byte{2, 0, 0, 0, 0, client}
	l := lease.Lease{Type: lease.V4, Addr: addr, SubnetID: subnet.ID, HWAddr: hw, CLTT: k.n.Now().Unix(), ValidLft: 3600}
	if addr.Is6() {
		l.Type, l.HWAddr, l.ClientID, l.IAID = lease.NA, nil, append([]byte{0, 3, 0, 1}, hw...), 1
	}
	if _, serve := k.pair.Admit(lease.Client{HWAddr: l.HWAddr, ID: l.ClientID}, 0, func() string { return subnet.Server }); !serve {
		return errors.New("left to the partner")
	}
	return k.pair.Commit(ctx, lease.Change{Lease: l})
}

func (k *keeper) Close() error {
	k.stop()
	return errors.Join(<-k.done, k.store.Close())
}

// keeper returns the program of a node.
func (w *World) keeper(name string) *keeper { return w.Node(name).Program().(*keeper) }

// gives has a node give an address of the first subnet.
func (w *World) gives(name string, i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return w.keeper(name).give(ctx, w.address(i), byte(i))
}

// address is one of the first subnet.
func (w *World) address(i int) netip.Addr {
	addr := w.cfg.Subnets[0].Prefix.Addr()
	for range i {
		addr = addr.Next()
	}
	return addr
}

// has says whether a node has the lease of an address.
func (w *World) has(name string, i int) bool {
	t := lease.V4
	if w.cfg.Family == ctrl.V6 {
		t = lease.NA
	}
	_, ok := w.keeper(name).store.Lookup(lease.Key{Type: t, Addr: w.address(i)})
	return ok
}

// keepers runs a test with a world whose programs are keepers.
func keepers(t *testing.T, cfg Config, test func(t *testing.T, w *World)) {
	t.Helper()
	cfg.Start = keep
	Run(t, cfg, func(w *World) { test(w.T(), w) })
}

// normal is the world of a pair in normal operation.
func normal(t *testing.T, mode ha.Mode, test func(t *testing.T, w *World)) {
	t.Helper()
	keepers(t, Config{Seed: 1, Relationships: []*ha.Config{Pair(mode, 0)}}, func(t *testing.T, w *World) {
		w.Start()
		w.UntilState(20*time.Second, normalIn(mode))
		test(t, w)
	})
}

func normalIn(mode ha.Mode) ha.State {
	return map[ha.Mode]ha.State{
		ha.HotStandby: ha.StateHotStandby, ha.LoadBalancing: ha.StateLoadBalancing, ha.PassiveBackup: ha.StatePassiveBackup,
	}[mode]
}

// hub is two branches, each of which has a server of its own that a common one
// stands in for.
func hub() Config {
	var cfg Config
	for i := range 2 {
		c := Pair(ha.HotStandby, 0)
		c.Peers[0].Name, c.Peers[0].URL = fmt.Sprintf("spoke%d", i+1), fmt.Sprintf("http://192.0.2.%d:8000/", i+1)
		c.Peers[1].Name, c.Peers[1].URL = fmt.Sprintf("hub%d", i+1), "http://192.0.2.100:8000/"
		cfg.Relationships = append(cfg.Relationships, c)
		cfg.Subnets = append(cfg.Subnets, Subnet{Subnet: ctrl.Subnet{
			ID: uint32(i + 1), Prefix: netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", i)), Server: c.Peers[0].Name,
		}})
	}
	return cfg
}
