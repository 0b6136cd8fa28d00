package lease_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// What a server does between DISCOVER and ACK.
func ExampleAllocator() {
	store, done := newStore()
	defer done()
	allocator, err := lease.NewAllocator(store, []lease.PoolSpec{{
		SubnetID: 1,
		First:    netip.MustParseAddr("192.0.2.10"),
		Last:     netip.MustParseAddr("192.0.2.99"),
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer allocator.Close()
	pool := allocator.Pools()[0]

	// The offer: nobody else gets the address meanwhile.
	addr, ok := allocator.Take(pool, "client 1", time.Now().Add(10*time.Second))
	if !ok {
		log.Fatal("the pool has no free address")
	}
	// The request: the client is told of the lease once this returns.
	l := leaseOf(addr.String())
	l.CLTT = time.Now().Unix()
	if err := store.Commit(context.Background(), lease.Change{Lease: l, If: lease.Absent}); err != nil {
		log.Fatal(err)
	}
	allocator.Release(addr, "client 1")

	next, _ := allocator.Take(pool, "client 2", time.Now().Add(10*time.Second))
	fmt.Println(addr, next, pool.Usage().Assigned)
	// Output: 192.0.2.10 192.0.2.11 1
}

// partner commits here and then at another server.
type partner struct {
	lease.Committer
	send func(context.Context, []lease.Change) error
}

func (p partner) Commit(ctx context.Context, changes ...lease.Change) error {
	if err := p.Committer.Commit(ctx, changes...); err != nil {
		return err
	}
	return p.send(ctx, changes)
}

// What replicates leases stands between a server and its store. The server
// takes a Committer, does not know which, and tells the client of the lease
// when Commit has returned.
func ExampleCommitter() {
	store, done := newStore()
	defer done()
	var committer lease.Committer = partner{store, func(_ context.Context, changes []lease.Change) error {
		fmt.Println("the partner has", changes[0].Lease.Addr)
		return nil
	}}
	if err := committer.Commit(context.Background(), lease.Change{Lease: leaseOf("192.0.2.7")}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(store.Count(1, lease.Assigned, lease.V4), "lease here")
	// Output:
	// the partner has 192.0.2.7
	// 1 lease here
}
