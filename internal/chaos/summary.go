package main

import (
	"fmt"
	"strings"
)

// summary is what the README says of it all, in Markdown: a line for each pair.
func summary(outcomes []*outcome) string {
	var b strings.Builder
	b.WriteString("| pair | leases looked for | late | lost | given twice | a client waited at most |\n|---|---:|---:|---:|---:|---:|\n")
	for _, o := range outcomes {
		s := o.sum(func(*window) bool { return true })
		longest := "–"
		if n := len(s.waits); n > 0 {
			longest = seconds(s.waits[n-1])
		}
		fmt.Fprintf(&b, "| %s, %s | %s | %d | %d | %d | %s |\n", o.name, o.family.name, thousands(s.checked), s.late, s.lost, s.twice, longest)
	}
	return b.String()
}
