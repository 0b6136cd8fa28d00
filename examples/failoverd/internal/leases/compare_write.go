package leases

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// writeText says what differs to a person.
func (r *comparison) writeText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "A  %s: %s\nB  %s: %s\n", r.a.name, count(len(r.a.leases), "lease"), r.b.name, count(len(r.b.leases), "lease"))
	r.section(out, "only in A", func(d *difference) bool { return d.b == nil })
	r.section(out, "only in B", func(d *difference) bool { return d.a == nil })
	r.section(out, "different in A | in B", func(d *difference) bool { return d.a != nil && d.b != nil })
	onlyA, onlyB, both, ended := r.sum()
	out.WriteString("\n")
	if n := onlyA + onlyB + both; n == 0 {
		out.WriteString("alike\n")
	} else {
		fmt.Fprintf(out, "%s not alike: %d only in A, %d only in B, %d different\n", count(n, "lease"), onlyA, onlyB, both)
	}
	if ended > 0 {
		fmt.Fprintf(out, "besides, %s that nobody holds any more (-all shows them)\n", count(ended, "lease"))
	}
	if by, ok := r.shift(); ok {
		fmt.Fprintf(out, "all of them end %v in B: if the clocks of the servers differ by that, see -tolerance\n", shiftWords(by))
	}
	return out.Flush()
}

func shiftWords(by time.Duration) string {
	if by < 0 {
		return by.Abs().String() + " earlier"
	}
	return by.String() + " later"
}

// section writes the differences of one kind, if there are any.
func (r *comparison) section(w io.Writer, title string, of func(*difference) bool) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	first := true
	for i := range r.differences {
		d := &r.differences[i]
		if !r.counts(d) || !of(d) {
			continue
		}
		if first {
			fmt.Fprintf(table, "\n%s\n", title)
			first = false
		}
		if d.a == nil || d.b == nil {
			l := orOther(d.a, d.b)
			fmt.Fprintf(table, "  %s\t%s\tuntil %s\t%s\n", leased(l), l.State, until(l), owner(l))
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\n", leased(d.a), owner(d.a))
		for _, f := range d.fields {
			fmt.Fprintf(table, "    %s\t%s | %s\n", f.name, orNone(f.a), orNone(f.b))
		}
	}
}

func orOther(a, b *lease.Lease) *lease.Lease {
	if a != nil {
		return a
	}
	return b
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// owner says whose a lease is.
func owner(l *lease.Lease) string {
	var words []string
	for _, part := range []struct{ name, value string }{
		{"hw-address", hex(l.HWAddr)}, {strings.ToLower(idName(l)), hex(l.ClientID)}, {"hostname", printable(l.Hostname)},
	} {
		if part.value != "" {
			words = append(words, part.name+" "+part.value)
		}
	}
	return strings.Join(words, ", ")
}

// The JSON of a comparison.
type (
	comparisonJSON struct {
		Alike       bool             `json:"alike"`
		A           sourceJSON       `json:"a"`
		B           sourceJSON       `json:"b"`
		OnlyA       int              `json:"only-a"`
		OnlyB       int              `json:"only-b"`
		Different   int              `json:"different"`
		Ended       int              `json:"ended"` // that are not alike, do not count and are not listed
		Differences []differenceJSON `json:"differences"`
	}
	sourceJSON struct {
		Source string `json:"source"`
		Leases int    `json:"leases"`
	}
	differenceJSON struct {
		Address string       `json:"ip-address"`
		Type    string       `json:"type"`
		Fields  []string     `json:"fields,omitempty"` // of a lease that both have
		A       *lease.Lease `json:"a"`
		B       *lease.Lease `json:"b"`
	}
)

// writeJSON says what differs to a program.
func (r *comparison) writeJSON(w io.Writer) error {
	text := comparisonJSON{
		Alike: r.alike(),
		A:     sourceJSON{r.a.name, len(r.a.leases)}, B: sourceJSON{r.b.name, len(r.b.leases)},
		Differences: []differenceJSON{},
	}
	text.OnlyA, text.OnlyB, text.Different, text.Ended = r.sum()
	for i := range r.differences {
		d := &r.differences[i]
		if !r.counts(d) {
			continue
		}
		one := differenceJSON{Address: d.key.Addr.String(), Type: d.key.Type.String(), A: d.a, B: d.b}
		for _, f := range d.fields {
			one.Fields = append(one.Fields, f.name)
		}
		text.Differences = append(text.Differences, one)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(text)
}
