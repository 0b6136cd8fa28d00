package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// sums are what several windows have in common.
type sums struct {
	times         int
	waits         []time.Duration // the longest of each
	checked       int
	late, lost    int
	twice, split  int
	moved         int
	byHand, ended int
}

func (o *outcome) sum(of func(*window) bool) (s sums) {
	for _, w := range o.windows {
		if !of(w) {
			continue
		}
		s.times++
		s.waits = append(s.waits, w.longest)
		s.checked += w.checked
		s.late += w.late[0] + w.late[1]
		s.lost += w.lost[0] + w.lost[1]
		s.twice += len(w.twice)
		s.split += len(w.split)
		s.moved += len(w.moved)
		s.byHand += w.byHand
		s.ended += len(w.ended)
	}
	slices.Sort(s.waits)
	return s
}

// waited is the longest wait, and the one in the middle of several.
func (s sums) waited() string {
	if len(s.waits) == 0 {
		return "–"
	}
	text := seconds(s.waits[len(s.waits)-1])
	if len(s.waits) > 1 {
		text += " (" + seconds(s.waits[len(s.waits)/2]) + ")"
	}
	return text
}

// clean says whether nothing happened that should not.
func (s sums) clean() bool { return s.late+s.lost+s.twice+s.split+s.moved+s.byHand+s.ended == 0 }

func (s sums) cells() string {
	return fmt.Sprintf("%s | %d | %d | %d | %d | %d | %d | %d", thousands(s.checked), s.late, s.lost, s.moved, s.twice, s.split, s.byHand, s.ended)
}

const cellHeads = "leases looked for | late | lost | refused | given twice | in a split | restarted by hand | ended by itself"

// table is what was found, in Markdown: how long clients waited, by the kind of
// fault and the pair; what became of leases, by the pair; and by the kind of
// fault, where something did.
func table(outcomes []*outcome) string {
	var b strings.Builder
	for len(outcomes) > 0 {
		n := slices.IndexFunc(outcomes, func(o *outcome) bool { return o.family.name != outcomes[0].family.name })
		if n < 0 {
			n = len(outcomes)
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		familyTable(&b, outcomes[:n])
		outcomes = outcomes[n:]
	}
	return b.String()
}

func familyTable(b *strings.Builder, outcomes []*outcome) {
	fmt.Fprintf(b, "%s, the longest time that a client waited for its %s (half of the times, up to):\n\n| fault |", outcomes[0].family.name, outcomes[0].ack)
	for _, o := range outcomes {
		fmt.Fprintf(b, " %s | times |", o.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|---:|", len(outcomes)) + "\n")
	names := []string{""}
	for _, k := range kinds() {
		if slices.ContainsFunc(outcomes, func(o *outcome) bool { return o.sum(ofKind(k.name)).times > 0 }) {
			names = append(names, k.name)
		}
	}
	for _, name := range names {
		fmt.Fprintf(b, "| %s |", faultName(name))
		for _, o := range outcomes {
			s := o.sum(ofKind(name))
			fmt.Fprintf(b, " %s | %d |", s.waited(), s.times)
		}
		b.WriteString("\n")
	}

	fmt.Fprintf(b, "\n| pair | faults | %s | of server1: descriptors, threads, MB | of server2 |\n|---|%s---|---|\n", cellHeads, strings.Repeat("---:|", 9))
	for _, o := range outcomes {
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", o.name, o.sum(func(w *window) bool { return w.fault != nil }).times,
			o.sum(func(*window) bool { return true }).cells(), longestOf(o.usages[0]), longestOf(o.usages[1]))
	}

	head := fmt.Sprintf("\n| fault | pair | %s |\n|---|---|%s\n", cellHeads, strings.Repeat("---:|", 8))
	for _, name := range names {
		for _, o := range outcomes {
			if s := o.sum(ofKind(name)); !s.clean() {
				fmt.Fprintf(b, "%s| %s | %s | %s |\n", head, faultName(name), o.name, s.cells())
				head = ""
			}
		}
	}
}

// ofKind says whether a window is one of a kind of fault; empty: of none.
func ofKind(name string) func(*window) bool {
	return func(w *window) bool {
		return w.fault == nil && name == "" || w.fault != nil && w.fault.kind.name == name
	}
}

func faultName(name string) string {
	if name == "" {
		return "none, between faults"
	}
	return name
}

// longestOf is the usage of the process that was looked at most often.
func longestOf(all []*span) string {
	if len(all) == 0 {
		return "–"
	}
	s := slices.MaxFunc(all, func(a, b *span) int { return a.looks - b.looks })
	return fmt.Sprintf("%d → %d, %d → %d, %.0f → %.0f", s.first.files, s.last.files, s.first.threads, s.last.threads,
		megabytes(s.first.memory), megabytes(s.last.memory))
}

// details are the cases that are counted, and pairs that did not come to the end.
func details(outcomes []*outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		for _, w := range o.windows {
			what := "no fault"
			if w.fault != nil {
				what = w.fault.String()
			}
			for _, d := range w.details {
				fmt.Fprintf(&b, "%s, %s: %s\n", o.title(), what, d)
			}
			if len(w.split) > 0 {
				fmt.Fprintf(&b, "%s, %s: given twice in a split: %s\n", o.title(), what, some(w.split))
			}
		}
		if o.err != nil {
			fmt.Fprintf(&b, "%s did not come to the end: %v\n", o.title(), o.err)
		}
	}
	return b.String()
}

// some are a few of many addresses.
func some(addrs map[netip.Addr]bool) string {
	const few = 5
	var all []string
	for addr := range addrs {
		all = append(all, addr.String())
	}
	slices.Sort(all)
	if len(all) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
	}
	return strings.Join(all, ", ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
