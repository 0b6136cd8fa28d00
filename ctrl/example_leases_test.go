package ctrl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// one is the only subnet there is.
type one ctrl.Subnet

func (o one) Subnet(id uint32) (ctrl.Subnet, bool) { return ctrl.Subnet(o), id == o.ID }

func (o one) Subnets() iter.Seq[ctrl.Subnet] { return slices.Values([]ctrl.Subnet{ctrl.Subnet(o)}) }

// A client that adds leases to a server and goes through all that it has, a
// page at a time. With the address of a Kea server, such as
// unix:/run/kea/kea4-ctrl-socket, it is the same.
func ExampleClient() {
	dir, err := os.MkdirTemp("", "ctrl")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	mux := ctrl.NewMux()
	ctrl.HandleLeases(mux, ctrl.V4, store, store, one{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24"), ValidLft: 3600})
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	client, err := ctrl.NewClient(server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for n := range 3 {
		args := map[string]any{"ip-address": fmt.Sprint("192.0.2.", 7+n), "hw-address": fmt.Sprint("02:00:00:00:00:0", n)}
		if _, err := client.Call(ctx, "lease4-add", args); err != nil {
			log.Fatal(err)
		}
	}

	for from := "start"; ; {
		reply, err := client.Call(ctx, "lease4-get-page", map[string]any{"from": from, "limit": 2})
		if err != nil {
			log.Fatal(err)
		}
		var page struct{ Leases []lease.Lease }
		if err := json.Unmarshal(reply.Arguments, &page); err != nil {
			log.Fatal(err)
		}
		for _, l := range page.Leases {
			fmt.Println(l.Addr, l.State)
			from = l.Addr.String()
		}
		if len(page.Leases) < 2 {
			break
		}
	}
	// Output:
	// 192.0.2.7 assigned
	// 192.0.2.8 assigned
	// 192.0.2.9 assigned
}
