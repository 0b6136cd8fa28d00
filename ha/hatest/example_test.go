package hatest_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hatest"
	"github.com/dhcpha/dhcpha/lease"
)

// failover is the test: the clients of a server that is killed keep their
// addresses, those that come meanwhile are served by the other, and when it is
// back both have all leases. What hatest checks by itself need not be said: that
// no lease is lost and no address given twice. In a file of tests it is
//
//	func TestFailover(t *testing.T) { … }
func failover(t *testing.T) {
	hatest.Run(t, hatest.Config{Seed: 1, Start: start}, func(w *hatest.World) {
		w.Start()
		w.UntilState(time.Minute, ha.StateHotStandby)
		w.UntilServed(time.Minute, w.Crowd(20)...)

		w.Node("server1").Kill()
		w.UntilServed(20*time.Second, w.Crowd(30)...)
		w.UntilState(time.Minute, ha.StatePartnerDown, "server2")
		w.Sleep(2 * time.Hour) // in which all clients renew their leases
		w.UntilServed(0, w.Crowd(30)...)

		w.Node("server1").Start()
		w.Settle(time.Minute)
		if r := w.Report(); r.Longest > 20*time.Second {
			t.Errorf("a client was without an address for %v", r.Longest)
		}
	})
}

// program is the DHCP server that is tested. It gives each client the address
// with the number of its hardware address.
type program struct {
	node    *hatest.Node
	store   *lease.Store
	pair    *ha.Service
	stop    context.CancelFunc
	running sync.WaitGroup
}

// start starts it as it is started elsewhere, but for the options that come from
// the node.
func start(n *hatest.Node) (hatest.Program, error) {
	p := &program{node: n}
	var err error
	if p.store, err = n.OpenStore(); err != nil {
		return nil, err
	}
	if p.pair, err = ha.New(n.Configs(), p.store, n.Options()); err != nil {
		return nil, err
	}
	p.pair.Register(n.Mux())
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.Background())
	p.running.Go(func() {
		if err := p.pair.Run(ctx, n.Mux(), n.Subnets()); err != nil {
			fmt.Fprintln(os.Stderr, n.Name, err)
		}
	})
	return p, nil
}

// Close ends it.
func (p *program) Close() error {
	p.stop()
	p.running.Wait()
	return p.store.Close()
}

// Query answers a query. A program with packets would make one of it, and tell
// what its answer is.
func (p *program) Query(ctx context.Context, q hatest.Query) (hatest.Answer, bool) {
	if _, serve := p.pair.Admit(q.Client, q.Waited, nil); !serve {
		return hatest.Answer{}, false
	}
	if q.Server != "" && q.Server != p.node.Name {
		return hatest.Answer{}, false // for another server
	}
	addr := netip.AddrFrom4([4]byte{198, 51, 100, 10 + q.Client.HWAddr[5]})
	switch {
	case q.Kind == hatest.Discover:
		return hatest.Answer{Kind: hatest.Offer, Addr: addr}, true
	case slices.Contains([]hatest.Kind{hatest.Release, hatest.Decline}, q.Kind):
		return hatest.Answer{}, false
	case q.Addr != addr:
		return hatest.Answer{Kind: hatest.Nak}, true
	}
	err := p.pair.Commit(ctx, lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: addr, HWAddr: q.Client.HWAddr, SubnetID: q.Subnet, CLTT: p.node.Now().Unix(), ValidLft: 3600,
	}})
	return hatest.Answer{Kind: hatest.Ack, Addr: addr, Valid: time.Hour}, err == nil
}

// A test of what becomes of the clients of a program of one's own when one of
// its servers dies.
func Example() {
	if runs("TestFailover", failover) {
		fmt.Println("nobody was without an address for long, and no lease was lost")
	}
	// Output:
	// nobody was without an address for long, and no lease was lost
}

// runs runs a test where go test does not do so, as in an example. What it says
// goes to standard error, the example's own output being compared.
func runs(name string, test func(t *testing.T)) bool {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = stdout }()
	all := func(pattern, name string) (bool, error) { return true, nil }
	return testing.RunTests(all, []testing.InternalTest{{Name: name, F: test}})
}
