package hastatus_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hastatus"
	"github.com/dhcpha/dhcpha/lease"
)

// The status page of a standby that has just been started.
func Example() {
	dir, err := os.MkdirTemp("", "hastatus")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	var standby *ha.Service
	page := hastatus.New(&hastatus.Options{
		Status: func() ha.Status { return standby.Status() },
		Leases: store,
	})
	standby, err = ha.New([]*ha.Config{{
		ThisServerName: "server2",
		Mode:           ha.HotStandby,
		Peers: []ha.Peer{
			{Name: "server1", Role: ha.Primary, URL: "http://192.0.2.1:8000/"},
			{Name: "server2", Role: ha.Standby, URL: "http://192.0.2.2:8000/"},
		},
	}}, store, &ha.Options{OnState: page.StateChanged})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go page.Run(ctx)

	server := httptest.NewServer(page) // a program has http.Server, on a loopback address
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	html, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	_, headline, _ := strings.Cut(string(html), `<h1 role="status">`)
	headline, _, _ = strings.Cut(headline, "</h1>")
	fmt.Println(headline)
	// Output:
	// This server is starting.
}
