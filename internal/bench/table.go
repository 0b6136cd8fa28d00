package main

import (
	"fmt"
	"strings"
)

// rows are results as a table in Markdown.
func (f family) rows(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| server | leases a second | lowest to highest | exchanges in flight | %s to %s, half within | 99 %% within | processor time each |\n", f.request, f.ack)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s to %s | %d | %.1f ms | %.1f ms | %.0f µs |\n",
			r.name, number(r.PerSecond), number(r.lowest), number(r.highest), r.window, r.AckP50, r.AckP99, r.cpu())
	}
	return b.String()
}

// promises says what the rows are of.
func (f family) promises(pairs bool) string {
	text := "Every lease is of a new client, from " + f.discover + " to " + f.ack + ". "
	if pairs {
		text += "It is at both servers before the " + f.ack + ", in failoverd on both disks (fsync); Kea writes its files without fsync.\n"
	} else {
		text += "failoverd has it on disk (fsync) before the " + f.ack + "; Kea writes its file without fsync.\n"
	}
	return text + "As shipped, Kea logs to a file and uses threads as is its default; tuned, it logs warnings only and uses all cores. " +
		"failoverd has the file of the latter. The stateless responder parses, answers and forgets.\n"
}

// documents are where figures are written.
var documents = []string{"README.md", "docs/performance.md"}
