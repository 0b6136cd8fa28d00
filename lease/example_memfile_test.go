package lease_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhcpha/dhcpha/lease"
)

const keaLeases = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.0.2.7,02:00:00:00:00:01,,3600,4000000000,1,0,0,printer,0,,0
192.0.2.8,02:00:00:00:00:02,,3600,4000000000,1,0,0,camera,0,,0
192.0.2.8,02:00:00:00:00:02,,3600,4000001800,1,0,0,camera,0,,0
192.0.2.9,not a hardware address,,3600,4000000000,1,0,0,,0,,0
`

// The leases of a Kea server that has been stopped, and back.
func ExampleImportMemfile() {
	dir, err := os.MkdirTemp("", "lease")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "kea-leases4.csv")
	if err := os.WriteFile(file, []byte(keaLeases), 0o600); err != nil {
		log.Fatal(err)
	}

	store, done := newStore()
	defer done()
	result, err := lease.ImportMemfile(context.Background(), store, file, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Rows, "rows,", result.Bad, "bad:")
	for _, row := range result.Errors {
		fmt.Printf("line %d: %s\n", row.Line, row.Column)
	}
	for l := range store.All() {
		fmt.Println(l.Addr, l.State, l.Hostname)
	}

	var csv strings.Builder
	n, err := lease.ExportMemfile(&csv, store, false)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "exported:")
	fmt.Print(csv.String())
	// Output:
	// 3 rows, 1 bad:
	// line 5: hwaddr
	// 192.0.2.7 assigned printer
	// 192.0.2.8 assigned camera
	// 2 exported:
	// address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
	// 192.0.2.7,02:00:00:00:00:01,,3600,4000000000,1,0,0,printer,0,,0
	// 192.0.2.8,02:00:00:00:00:02,,3600,4000001800,1,0,0,camera,0,,0
}
