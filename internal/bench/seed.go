package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// seed gives a server, which has not been started, leases of the first clients
// that dhcpload has by seededClients. Every other one has a host name.
func (d *pair) seed(i, n int) {
	file := d.servers[i].leases()
	if err := d.writeLeases(file, n); err != nil {
		d.s.Fatal(err)
	}
	if d.servers[i].kind != ours {
		return
	}
	// What failoverd would do when it is started.
	store, _, err := lease.OpenMemfile(context.Background(), file, d.root == dhcp6.root, nil, nil)
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		d.s.Fatal(err)
	}
}

// seededClients are dhcpload's flags for n clients that have been given leases.
func seededClients(n int) []string { return []string{"-seed", "1", "-clients", fmt.Sprint(n)} }

// writeLeases writes a lease file of Kea.
func (f family) writeLeases(file string, n int) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(out)
	const valid = 7200
	expire := time.Now().Add(valid * time.Second).Unix()
	if f.root == dhcp6.root {
		b.WriteString("address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n")
	} else {
		b.WriteString("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n")
	}
	for i := range n {
		hw := fmt.Sprintf("02:00:01:%02x:%02x:%02x", byte(i>>16), byte(i>>8), byte(i))
		name := ""
		if i%2 == 1 {
			name = fmt.Sprintf("host-%d.example.org", i)
		}
		if f.root == dhcp6.root {
			fmt.Fprintf(b, "fd78::1:%x:%x,00:03:00:01:%s,%d,%d,1,3600,0,1,128,0,0,%s,%s,0,,1,2\n", i>>16, i&0xffff, hw, valid, expire, name, hw)
		} else {
			fmt.Fprintf(b, "10.%d.%d.%d,%s,01:%s,%d,%d,1,0,0,%s,0,\n", 128+i>>16, byte(i>>8), byte(i), hw, hw, valid, expire, name)
		}
	}
	return cmp.Or(b.Flush(), out.Close())
}
