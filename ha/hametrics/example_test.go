package hametrics_test

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/lease"
)

// A server that has just been started, as Prometheus sees it.
func Example() {
	dir, err := os.MkdirTemp("", "hametrics")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	allocator, err := lease.NewAllocator(store, []lease.PoolSpec{
		{SubnetID: 1, First: netip.MustParseAddr("192.0.2.10"), Last: netip.MustParseAddr("192.0.2.99")},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer allocator.Close()

	metrics := hametrics.New(hametrics.Options{Leases: store, Pools: allocator.Pools})
	pair, err := ha.New([]*ha.Config{{
		ThisServerName: "server1",
		Mode:           ha.HotStandby,
		Peers: []ha.Peer{
			{Name: "server1", Role: ha.Primary, URL: "http://192.0.2.1:8000/"},
			{Name: "server2", Role: ha.Standby, URL: "http://192.0.2.2:8000/"},
		},
	}}, store, &ha.Options{OnCommit: metrics.ObserveCommit})
	if err != nil {
		log.Fatal(err)
	}
	metrics.Watch(pair)

	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "dhcpha_pool") || strings.HasSuffix(line, `state="waiting"} 1`+"\n") {
			fmt.Print(line)
		}
	}
	// Output:
	// dhcpha_ha_state{server="server1",state="waiting"} 1
	// dhcpha_pool_leases{pool="192.0.2.10 - 192.0.2.99",state="assigned",subnet="1",type="V4"} 0
	// dhcpha_pool_leases{pool="192.0.2.10 - 192.0.2.99",state="declined",subnet="1",type="V4"} 0
	// dhcpha_pool_size{pool="192.0.2.10 - 192.0.2.99",subnet="1",type="V4"} 90
}

// All metrics, for a table of a manual.
func ExampleList() {
	for _, m := range hametrics.List()[:2] {
		fmt.Println(m.Name, m.Type, m.Labels)
		fmt.Println(m.Help)
	}
	// Output:
	// dhcpha_ha_info gauge [server mode role partner]
	// 1 for each relationship, with its mode, this server's role and the name of the other active server (empty: there is none).
	// dhcpha_ha_state gauge [server state]
	// 1 for the state in which this server is, 0 for all others.
}
