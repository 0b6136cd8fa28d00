package dhcp6_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/lease"
)

// An engine that answers Kea's commands. A program that serves the control
// sockets of its configuration uses ctrl.Sockets; this serves by HTTP.
func ExampleEngine_Register() {
	dir, err := os.MkdirTemp("", "dhcp6")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg, err := dhcp6.ParseConfig(strings.NewReader(`{ "Dhcp6": { "subnet6": [
		{ "id": 1, "subnet": "2001:db8::/64", "pools": [ { "pool": "2001:db8::10 - 2001:db8::99" } ] }
	] } }`), nil)
	if err != nil {
		log.Fatal(err)
	}
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	engine, err := dhcp6.NewEngine(cfg, store, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()

	mux := ctrl.NewMux()
	engine.Register(mux, &dhcp6.Commands{Version: "1.0"})
	engine.RegisterLeases(mux)
	listener := httptest.NewServer(mux)
	defer listener.Close()

	client, err := ctrl.NewClient(listener.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	added := map[string]any{"ip-address": "2001:db8::20", "duid": "00:03:00:01:02:00:00:00:00:01", "iaid": 1}
	for _, c := range []struct {
		command string
		args    any
	}{
		{"version-get", nil},
		{"lease6-add", added},
		{"stat-lease6-get", nil},
	} {
		reply, err := client.Call(context.Background(), c.command, c.args)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply.Text)
	}
	// Output:
	// 1.0
	// Lease for address 2001:db8::20, subnet-id 1 added.
	// stat-lease6-get[all subnets]: 1 rows found
}
