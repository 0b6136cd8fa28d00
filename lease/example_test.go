package lease_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// newStore opens a store in a folder that goes away with it.
func newStore() (s *lease.Store, done func()) {
	dir, err := os.MkdirTemp("", "lease")
	if err != nil {
		log.Fatal(err)
	}
	s, err = lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	return s, func() {
		s.Close()
		os.RemoveAll(dir)
	}
}

func leaseOf(addr string) lease.Lease {
	return lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1,
		HWAddr: []byte{2, 0, 0, 0, 0, 1}, ClientID: []byte{1, 2, 0, 0, 0, 0, 1},
		Hostname: "h1", CLTT: 1_700_000_000, ValidLft: 3600,
	}
}

// The program of the package's documentation.
func Example() {
	store, done := newStore()
	defer done()
	ctx := context.Background()

	l := leaseOf("192.0.2.7")
	err := store.Commit(ctx, lease.Change{Lease: l, If: lease.Absent})
	fmt.Println("first:", err)
	err = store.Commit(ctx, lease.Change{Lease: l, If: lease.Absent})
	fmt.Println("second is a conflict:", errors.Is(err, lease.ErrConflict))

	for _, l := range store.ByClientID(l.ClientID) {
		fmt.Println(l.Addr, "until", l.Expires().UTC().Format(time.TimeOnly))
	}
	// Output:
	// first: <nil>
	// second is a conflict: true
	// 192.0.2.7 until 23:13:20
}

// A renewal is made only if nobody has changed the lease since it was read.
func ExampleChange() {
	store, done := newStore()
	defer done()
	ctx := context.Background()
	store.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.7")})

	l, _ := store.Lookup(lease.Key{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.7")})
	seen := l.Revision
	l.CLTT += 1800
	fmt.Println(store.Commit(ctx, lease.Change{Lease: l, If: seen}))
	fmt.Println(store.Commit(ctx, lease.Change{Lease: l, If: seen}))
	// Output:
	// <nil>
	// lease: commit 192.0.2.7: lease changed meanwhile
}

// What has changed since a revision, each lease once.
func ExampleStore_Since() {
	store, done := newStore()
	defer done()
	ctx := context.Background()
	store.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.7")}, lease.Change{Lease: leaseOf("192.0.2.8")})
	seen := store.Revision()
	store.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.9")})
	store.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.7"), Delete: true})

	for rev, c := range store.Since(seen) {
		fmt.Println(rev, c.Lease.Addr, "removed:", c.Delete)
	}
	// Output:
	// 3 192.0.2.9 removed: false
	// 4 192.0.2.7 removed: true
}

// Pages of leases in the order of their addresses.
func ExampleStore_Page() {
	store, done := newStore()
	defer done()
	for _, addr := range []string{"192.0.2.9", "192.0.2.10", "192.0.2.8"} {
		store.Commit(context.Background(), lease.Change{Lease: leaseOf(addr)})
	}
	after := netip.IPv4Unspecified()
	for {
		page := store.Page(after, 2)
		for _, l := range page {
			fmt.Println(l.Addr)
			after = l.Addr
		}
		if len(page) < 2 {
			break
		}
	}
	// Output:
	// 192.0.2.8
	// 192.0.2.9
	// 192.0.2.10
}

// A copy of the store while it is in use.
func ExampleStore_Backup() {
	store, done := newStore()
	defer done()
	store.Commit(context.Background(), lease.Change{Lease: leaseOf("192.0.2.7")})

	f, err := os.CreateTemp("", "backup")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(f.Name())
	if _, err := store.Backup(f); err != nil {
		log.Fatal(err)
	}
	f.Close()

	copied, err := lease.Open(f.Name(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer copied.Close()
	fmt.Println(copied.Count(1, lease.Assigned, lease.V4))
	// Output: 1
}

// The JSON is that of Kea's lease commands.
func ExampleLease_MarshalJSON() {
	b, err := json.MarshalIndent(leaseOf("192.0.2.7"), "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(b))
	// Output:
	// {
	//   "client-id": "01:02:00:00:00:00:01",
	//   "cltt": 1700000000,
	//   "fqdn-fwd": false,
	//   "fqdn-rev": false,
	//   "hostname": "h1",
	//   "hw-address": "02:00:00:00:00:01",
	//   "ip-address": "192.0.2.7",
	//   "state": 0,
	//   "subnet-id": 1,
	//   "valid-lft": 3600
	// }
}
