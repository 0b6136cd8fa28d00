package ha_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// engine is the DHCP server of somebody else, as far as leases are concerned.
type engine struct {
	pair *ha.Service
	next netip.Addr
}

// request is a client's query. An address that is not valid means that the
// client is not answered.
func (e *engine) request(ctx context.Context, hw []byte, waited time.Duration) netip.Addr {
	// First: whose query is it?
	client := lease.Client{HWAddr: hw}
	if _, serve := e.pair.Admit(client, waited, nil); !serve {
		return netip.Addr{}
	}
	given := lease.Lease{
		Type: lease.V4, Addr: e.next, HWAddr: hw, SubnetID: 1,
		CLTT: time.Now().Unix(), ValidLft: 3600,
	}
	// Last, before the reply: is the lease safe? If another client has got the
	// address meanwhile, it is not.
	if err := e.pair.Commit(ctx, lease.Change{Lease: given, If: lease.Absent}); err != nil {
		return netip.Addr{}
	}
	e.next = e.next.Next()
	return given.Addr
}

// network is the subnets of the engine.
type network []ctrl.Subnet

func (n network) Subnets() iter.Seq[ctrl.Subnet] { return slices.Values(n) }
func (n network) Subnet(id uint32) (ctrl.Subnet, bool) {
	i := slices.IndexFunc(n, func(s ctrl.Subnet) bool { return s.ID == id })
	if i < 0 {
		return ctrl.Subnet{}, false
	}
	return n[i], true
}

// High availability for an engine of one's own. Here it is a primary with a
// backup server, which need not be there; in a pair the engine is the same.
func ExampleService() {
	dir, err := os.MkdirTemp("", "ha")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	serving := make(chan struct{})
	pair, err := ha.New([]*ha.Config{{
		ThisServerName: "server1",
		Mode:           ha.PassiveBackup,
		Peers: []ha.Peer{
			{Name: "server1", Role: ha.Primary, URL: "http://127.0.0.1:8001/"},
			{Name: "server2", Role: ha.Backup, URL: "http://127.0.0.2:8001/"},
		},
		MultiThreading: &ha.MultiThreading{DedicatedListener: new(false)}, // backups send no commands
	}}, store, &ha.Options{OnState: func(c ha.StateChange) {
		fmt.Println(c.Server, "is now in", c.To, "and serves the clients of", c.Scopes)
		close(serving)
	}})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() {
		if err := pair.Run(ctx, nil, network{{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24"), ValidLft: 3600}}); err != nil {
			log.Print(err)
		}
	})

	e := &engine{pair: pair, next: netip.MustParseAddr("192.0.2.10")}
	<-serving
	fmt.Println(e.request(ctx, []byte{2, 0, 0, 0, 0, 1}, 0))
	fmt.Println(e.request(ctx, []byte{2, 0, 0, 0, 0, 2}, 0))
	// Output:
	// server1 is now in passive-backup and serves the clients of [server1]
	// 192.0.2.10
	// 192.0.2.11
}
