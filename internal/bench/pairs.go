package main

import "fmt"

// pairs measures how many leases a second pairs give out.
func pairs(s *tb, o options) report {
	p := buildPrograms(s)
	var subjects []subject
	for _, mode := range []string{"hot-standby", "load-balancing"} {
		for _, kea := range []bool{false, true} {
			d := newPair(s, p, kea, mode)
			subjects = append(subjects, subject{d.name + ", " + mode, d.from(), d.to(), d.clients, d.startBoth})
		}
	}
	return report{text: pairsTable(o.measure(s, p.load, subjects))}
}

// pairsTable is what the README says, in Markdown: of each mode ours and Kea's.
func pairsTable(results []result) string {
	text := dhcp4.rows(results)
	for i := 0; i < len(results); i += 2 {
		text += fmt.Sprintf("\n%s: %.1f times the rate of %s.", results[i].name, results[i].PerSecond/results[i+1].PerSecond, results[i+1].name)
	}
	return text + "\nEvery lease is of a new client, from DISCOVER to ACK, and at both servers before the ACK; " +
		"at failoverd on both disks (fsync), Kea writes its files without fsync.\n"
}
