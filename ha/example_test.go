package ha_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"net"
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

// subnets of the example: a single one.
type subnets []ctrl.Subnet

func (s subnets) Subnet(id uint32) (ctrl.Subnet, bool) { return s[0], id == s[0].ID }
func (s subnets) Subnets() iter.Seq[ctrl.Subnet]       { return slices.Values(s) }

// Two servers in one process, as a hot-standby pair: a lease that one of them
// gives is the other's, too, when Commit returns.
func Example() {
	dir, err := os.MkdirTemp("", "ha")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	parameters := fmt.Appendf(nil, `{"high-availability": [{
		"mode": "hot-standby", "heartbeat-delay": 50, "max-response-delay": 2000, "max-unacked-clients": 0,
		"peers": [
			{"name": "server1", "role": "primary", "url": "http://%s/"},
			{"name": "server2", "role": "standby", "url": "http://%s/"}
		]}]}`, freeAddress(), freeAddress())

	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	var servers []*ha.Service
	var stores []*lease.Store
	normal := make(chan string, 2)
	for _, name := range []string{"server1", "server2"} {
		cfgs, err := ha.ParseConfigs(parameters, &ha.ParseOptions{ThisServer: name})
		if err != nil {
			log.Fatal(err)
		}
		store, err := lease.Open(filepath.Join(dir, name), nil)
		if err != nil {
			log.Fatal(err)
		}
		server, err := ha.New(cfgs, store, &ha.Options{OnState: func(c ha.StateChange) {
			if c.To == ha.StateHotStandby {
				normal <- c.Server
			}
		}})
		if err != nil {
			log.Fatal(err)
		}
		mux, all := ctrl.NewMux(), subnets{{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24"), ValidLft: 3600}}
		server.Register(mux)
		ctrl.HandleLeases(mux, ctrl.V4, store, server.Background(), all)
		running.Go(func() {
			defer store.Close()
			server.Run(ctx, mux, all)
		})
		servers, stores = append(servers, server), append(stores, store)
	}
	<-normal
	<-normal

	// A DHCP server asks for each query, and commits before it answers.
	client := lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, 1}}
	classes, serve := servers[0].Admit(client, 0, nil)
	fmt.Println("server1 serves:", serve, classes)
	_, serve = servers[1].Admit(client, 0, nil)
	fmt.Println("server2 serves:", serve)
	given := lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.7"), SubnetID: 1,
		HWAddr: client.HWAddr, CLTT: time.Now().Unix(), ValidLft: 3600,
	}
	if err := servers[0].Commit(ctx, lease.Change{Lease: given}); err != nil {
		log.Fatal(err)
	}
	_, found := stores[1].Lookup(given.Key())
	fmt.Println("server2 has the lease:", found)
	fmt.Println("server1 is", servers[0].Status().Relationships[0].State)
	// Output:
	// server1 serves: true [HA_server1]
	// server2 serves: false
	// server2 has the lease: true
	// server1 is hot-standby
}

// freeAddress returns one of this host that nobody uses.
func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
