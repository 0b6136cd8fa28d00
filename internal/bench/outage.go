package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"strings"
	"time"
)

// The outage: how long the standby is away, and how many leases are renewed
// meanwhile.
const (
	outageTime    = 10 * time.Second
	outageChanges = 500
)

// comeback is the return of a standby.
type comeback struct {
	took  time.Duration // from its first answer to a command until both work together
	bytes int           // between the two, from its start on
}

// outage measures how a standby comes back to a primary that has many leases:
// with none, and after an outage.
func outage(s *tb, o options) report {
	p := buildPrograms(s)
	kinds := []*pair{newPair(s, p, dhcp4, "hot-standby", ours), newPair(s, p, dhcp4, "hot-standby", keaTuned)}
	for _, d := range kinds {
		d.seed(o.leases)
		d.start(0)
		d.awaitStates("partner-down")
	}
	empty, away := make([][]comeback, len(kinds)), make([][]comeback, len(kinds))
	for range o.repeat {
		for i, d := range kinds {
			d.forget(1)
			empty[i] = append(empty[i], d.comeBack("empty"))
			left := time.Now()
			d.servers[1].Kill()
			d.awaitStates("partner-down")
			d.renew(outageChanges)
			time.Sleep(time.Until(left.Add(outageTime)))
			away[i] = append(away[i], d.comeBack("after an outage"))
			d.servers[1].Kill()
			d.awaitStates("partner-down")
		}
	}
	return report{text: outageTable(o, kinds, empty, away)}
}

// seed gives the first server, which has not been started, leases of the
// clients that renew has.
func (d *pair) seed(n int) {
	var b strings.Builder
	b.WriteString("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n")
	expire := time.Now().Add(2 * time.Hour).Unix()
	for i := range n {
		// The first client of dhcpload -seed 1.
		hw := fmt.Sprintf("02:00:01:%02x:%02x:%02x", byte(i>>16), byte(i>>8), byte(i))
		fmt.Fprintf(&b, "10.%d.%d.%d,%s,01:%s,7200,%d,1,0,0,,0,\n", 128+i>>16, byte(i>>8), byte(i), hw, hw, expire)
	}
	if err := os.WriteFile(d.servers[0].leases(), []byte(b.String()), 0o644); err != nil {
		d.s.Fatal(err)
	}
}

// renew renews the leases of some clients.
func (d *pair) renew(n int) {
	const seconds = 2
	r := loadOf(d.s, d.clients, d.program.load, "-bind", d.from(), "-to", d.endpoint(d.family.servers[0]), "-seed", "1", "-clients", fmt.Sprint(n),
		"-rate", fmt.Sprint(n/seconds), "-for", fmt.Sprint(seconds, "s"))
	log.Printf("%s: %d leases renewed", d.name, r.Completed)
}

// comeBack starts the standby.
func (d *pair) comeBack(how string) comeback {
	before, began := d.exchanged(), time.Now()
	d.start(1)
	back := time.Now()
	d.awaitNormal()
	c := comeback{time.Since(back), d.exchanged() - before}
	log.Printf("%s, %s: %.2f s to start, then %.2f s until both are %s, %d bytes",
		d.name, how, back.Sub(began).Seconds(), c.took.Seconds(), d.mode, c.bytes)
	d.compare()
	return c
}

// exchanged is how many bytes the servers have exchanged, with all headers.
func (d *pair) exchanged() int {
	var links []struct {
		Stats struct{ RX, TX struct{ Bytes int } } `json:"stats64"`
	}
	if err := json.Unmarshal([]byte(d.servers[0].host.IP("-s", "-j", "link", "show", "dev", "ha0")), &links); err != nil {
		d.s.Fatal(err)
	}
	return links[0].Stats.RX.Bytes + links[0].Stats.TX.Bytes
}

// compare fails if the servers have not the same leases.
func (d *pair) compare() {
	var all [2]map[string]int64
	for i, sv := range d.servers {
		all[i] = make(map[string]int64)
		for from := "start"; ; {
			var page struct {
				Leases []struct {
					Addr string `json:"ip-address"`
					CLTT int64
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := sv.call(ctx, "lease4-get-page", map[string]any{"from": from, "limit": 5000}, &page)
			cancel()
			if err != nil {
				d.s.Fatal(err)
			}
			if len(page.Leases) == 0 {
				break
			}
			for _, l := range page.Leases {
				all[i][l.Addr] = l.CLTT
			}
			from = page.Leases[len(page.Leases)-1].Addr
		}
	}
	if !maps.Equal(all[0], all[1]) {
		d.s.Fatalf("%s: the servers have not the same leases, %d and %d", d.name, len(all[0]), len(all[1]))
	}
}

// outageTable is what the README says, in Markdown.
func outageTable(o options, kinds []*pair, empty, away [][]comeback) string {
	var b strings.Builder
	b.WriteString("| pair | empty standby: until both are in normal operation | leases a second | bytes | after an outage: until both are in normal operation | in heartbeats | bytes |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for i, d := range kinds {
		took := func(c comeback) float64 { return c.took.Seconds() }
		e, a := median(empty[i], took), median(away[i], took)
		fmt.Fprintf(&b, "| %s | %.1f s | %.0f | %d | %.1f s | %.1f | %d |\n", d.name,
			took(e), float64(o.leases)/took(e), e.bytes, took(a), took(a)/heartbeatDelay.Seconds(), a.bytes)
	}
	fmt.Fprintf(&b, "\nThe primary of a hot-standby has %d leases; in the outage of %.0f s %d are renewed. Heartbeats are %.0f s apart.\n"+
		"The time begins when the standby answers commands. The bytes, of both directions and with all headers, are those on the link between the two since its start. Medians of %d.\n",
		o.leases, outageTime.Seconds(), outageChanges, heartbeatDelay.Seconds(), len(empty[0]))
	return b.String()
}
