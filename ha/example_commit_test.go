package ha_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// How long clients wait for the disk, and for the partner: for metrics.
func ExampleOptions_onCommit() {
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
	primary, err := ha.New([]*ha.Config{{
		ThisServerName: "server1",
		Mode:           ha.PassiveBackup,
		Peers: []ha.Peer{
			{Name: "server1", Role: ha.Primary, URL: "http://127.0.0.1:8001/"},
			{Name: "server2", Role: ha.Backup, URL: "http://127.0.0.2:8001/"}, // which need not confirm
		},
		MultiThreading: &ha.MultiThreading{DedicatedListener: new(false)},
	}}, store, &ha.Options{
		OnState: func(ha.StateChange) { close(serving) },
		OnCommit: func(c ha.CommitTiming) {
			fmt.Println(c.Changes, "change on disk:", c.Err == nil && c.Disk > 0)
			fmt.Println("servers waited for:", c.Awaited, "for", c.Partner)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() {
		if err := primary.Run(ctx, nil, network{{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24"), ValidLft: 3600}}); err != nil {
			log.Print(err)
		}
	})

	<-serving
	err = primary.Commit(ctx, lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.10"), HWAddr: []byte{2, 0, 0, 0, 0, 1}, SubnetID: 1,
		CLTT: time.Now().Unix(), ValidLft: 3600,
	}})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 change on disk: true
	// servers waited for: 0 for 0s
}
