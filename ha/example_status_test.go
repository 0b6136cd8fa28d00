package ha_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// A standby that has just been started, in words.
func ExampleService_Status() {
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
	standby, err := ha.New([]*ha.Config{{
		ThisServerName: "server2",
		Mode:           ha.HotStandby,
		Peers: []ha.Peer{
			{Name: "server1", Role: ha.Primary, URL: "http://192.0.2.1:8000/"},
			{Name: "server2", Role: ha.Standby, URL: "http://192.0.2.2:8000/"},
		},
	}}, store, nil)
	if err != nil {
		log.Fatal(err)
	}
	status := standby.Status()
	fmt.Print(status)
	fmt.Println("serving:", status.Relationships[0].Idle == "")
	// Output:
	// server2 (hot-standby, standby): waiting, serves nobody: waiting for the partner's answer to a heartbeat
	//   partner server1 (primary): not heard yet
	//   server1 (primary, unknown): has all updates
	// serving: false
}
