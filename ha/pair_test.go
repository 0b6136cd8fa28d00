package ha

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// node is a server of a pair, which can be stopped and started again.
type node struct {
	t       *testing.T
	net     *memnet.Net // nil: Dial and Listen of opts are
	path    string      // of its leases
	cfgs    []*Config
	opts    Options
	subnets ctrl.Subnets // nil: oneSubnet or subnet6
	plain   bool         // it does not say of which kind it is
	store   *lease.Store
	*Service
	mux *ctrl.Mux

	stop context.CancelFunc
	done chan error

	mu      sync.Mutex
	states  []State
	updates []LeaseUpdate
}

// newNode makes a server with the leases in a file of its own, which need not
// exist yet.
func newNode(t *testing.T, n *memnet.Net, opts Options, cfgs ...*Config) *node {
	return &node{t: t, net: n, path: filepath.Join(memoryDir(t), "leases.db"), cfgs: cfgs, opts: opts}
}

// memoryDir returns a folder for leases that need not outlive the test: in
// memory where the system has such a place, so that thousands of commits do not
// wait for a disk that others keep busy.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "dhcpha")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (d *node) start() {
	var err error
	d.store, err = lease.Open(d.path, nil)
	require.NoError(d.t, err)
	opts := d.opts
	if d.net != nil {
		place, err := d.cfgs[0].this().endpoint()
		require.NoError(d.t, err)
		host := d.net.Host(place.host)
		opts.Dial, opts.Listen = host.Dial, host.Listen
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(d.t.Output(), nil))
	}
	opts.OnState = func(c StateChange) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.states = append(d.states, c.To)
	}
	opts.OnUpdate = func(u LeaseUpdate) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.updates = append(d.updates, u)
	}
	d.Service, err = New(d.cfgs, d.store, &opts)
	require.NoError(d.t, err)
	d.mux = ctrl.NewMux()
	d.Register(d.mux)
	if heartbeat := d.mux.Handler("ha-heartbeat"); d.plain {
		d.mux.Handle("ha-heartbeat", func(ctx context.Context, args json.RawMessage) ctrl.Response {
			resp := heartbeat(ctx, args)
			if a, ok := resp.Arguments.(wireAccount); ok {
				a.Extensions = nil
				resp.Arguments = a
			}
			return resp
		})
	}
	family := d.Service.opts.Family
	ctrl.HandleService(d.mux, family, d.Service.opts.Switch)
	if d.subnets == nil {
		d.subnets = oneSubnet{}
		if family == ctrl.V6 {
			d.subnets = subnet6{}
		}
	}
	ctrl.HandleLeases(d.mux, family, d.store, d.Background(), d.subnets)
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.done = stop, make(chan error, 1)
	go func() { d.done <- d.Run(ctx, d.mux, d.subnets) }()
}

// end stops the server in good order.
func (d *node) end() {
	if d.stop == nil {
		return
	}
	d.stop()
	require.NoError(d.t, <-d.done)
	require.NoError(d.t, d.store.Close())
	d.stop = nil
}

func (d *node) state() State { return d.relationships[0].view.Load().state }

func (d *node) seen() []State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.states)
}

// until waits for a state, a minute at most.
func (d *node) until(s State) {
	d.t.Helper()
	for range 600 {
		if synctest.Wait(); d.state() == s {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.t.Fatalf("%s is in %v and not in %v:\n%v", d.cfgs[0].ThisServerName, d.state(), s, d.Status())
}

// run runs a command as an administrator does.
func (d *node) run(command, args string) ctrl.Response {
	req := &ctrl.Request{Command: command}
	if args != "" {
		req.Arguments = json.RawMessage(args)
	}
	return d.mux.Run(context.Background(), req)
}

// give commits a lease of the address for the client, as a DHCP server does.
func (d *node) give(addr string, client byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return d.Commit(ctx, lease.Change{Lease: leaseOf(addr, client)})
}

func leaseOf(addr string, client byte) lease.Lease {
	return lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1,
		HWAddr: []byte{2, 0, 0, 0, 0, client}, CLTT: time.Now().Unix(), ValidLft: 3600,
	}
}

// has returns who has the address.
func (d *node) has(addr string) (client byte, ok bool) {
	l, ok := d.store.Lookup(lease.Key{Type: lease.V4, Addr: netip.MustParseAddr(addr)})
	if ok {
		client = l.HWAddr[5]
	}
	return client, ok
}

// leases returns what matters of all leases.
func (d *node) leases() (all []string) {
	for l := range d.store.All() {
		text, err := l.MarshalJSON()
		require.NoError(d.t, err)
		all = append(all, string(text))
	}
	return all
}

// serves says which of the clients 0 to 255 are served.
func (d *node) serves() (n int) {
	for i := range 256 {
		if _, ok := d.Admit(lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, byte(i)}}, 0, nil); ok {
			n++
		}
	}
	return n
}

// pairTest runs a test with a pair in a bubble of its own.
func pairTest(t *testing.T, mode Mode, test func(a, b *node), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		var nodes []*node
		for _, name := range []string{"server1", "server2"} {
			cfg := pairConfig(mode, name)
			cfg.Peers[0].URL, cfg.Peers[1].URL = "http://192.0.2.1:8000/", "http://192.0.2.2:8000/"
			for _, f := range change {
				f(cfg)
			}
			nodes = append(nodes, newNode(t, n, Options{}, cfg))
		}
		defer func() {
			for _, d := range nodes {
				d.end()
			}
			synctest.Wait()
		}()
		test(nodes[0], nodes[1])
	})
}
