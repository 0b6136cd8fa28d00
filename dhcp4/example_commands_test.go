package dhcp4_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/hash"
	"github.com/dhcpha/dhcpha/lease"
)

// newEngine makes an engine that is gone when done is called.
func newEngine(opts *dhcp4.EngineOptions) (e *dhcp4.Engine, done func()) {
	dir, err := os.MkdirTemp("", "dhcp4")
	if err != nil {
		log.Fatal(err)
	}
	cfg, err := dhcp4.ParseConfig(strings.NewReader(`{ "Dhcp4": { "subnet4": [
		{ "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10 - 192.0.2.99" } ] }
	] } }`), nil)
	if err != nil {
		log.Fatal(err)
	}
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	if e, err = dhcp4.NewEngine(cfg, store, opts); err != nil {
		log.Fatal(err)
	}
	return e, func() {
		e.Close()
		store.Close()
		os.RemoveAll(dir)
	}
}

// An engine that answers Kea's commands. A program that serves the control
// sockets of its configuration uses ctrl.Sockets; this serves by HTTP.
func ExampleEngine_Register() {
	engine, done := newEngine(nil)
	defer done()
	mux := ctrl.NewMux()
	engine.Register(mux, &dhcp4.Commands{Version: "1.0"})
	engine.RegisterLeases(mux)
	listener := httptest.NewServer(mux)
	defer listener.Close()

	client, err := ctrl.NewClient(listener.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for _, command := range []string{"version-get", "lease4-get-all", "dhcp-disable"} {
		reply, err := client.Call(context.Background(), command, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply.Text)
	}
	// Output:
	// 1.0
	// 0 IPv4 lease(s) found.
	// DHCPv4 service disabled
}

// half admits every second client, and those of the other half once they have
// been waiting for long.
type half struct{ mine hash.Buckets }

func (h half) Admit(client lease.Client, waited time.Duration, _ func() string) (classes []string, serve bool) {
	bucket, ok := hash.V4(client.ID, client.HWAddr)
	return nil, ok && h.mine.Contains(bucket) || waited >= 10*time.Second
}

// One of two servers that share the clients of a network.
func ExampleGate() {
	gate := half{hash.Share(0, 2)}
	_, done := newEngine(&dhcp4.EngineOptions{Gate: gate})
	defer done()

	client := lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, 2}}
	for _, waited := range []time.Duration{0, time.Minute} {
		_, serve := gate.Admit(client, waited, nil)
		fmt.Println(serve)
	}
	// Output:
	// false
	// true
}
