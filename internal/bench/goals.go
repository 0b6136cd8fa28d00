package main

import (
	"fmt"
	"slices"
	"strings"
)

// report is what a figure has found.
type report struct {
	text  string            // in Markdown, for the page on performance
	goals []goal            // for the table of goals, in the README
	plots map[string]string // SVG, by the file's name in docs
}

// goal is a line of the table of goals: a figure and what it should be.
type goal struct {
	what     string // is measured, over what
	bound    bound
	reached  float64
	measured string // what reached was calculated from, with its spread
}

// bound is what a goal demands.
type bound struct {
	value float64
	most  bool   // at most value; else at least
	unit  string // behind a number, such as " times" or " MB"; may be empty
}

func atLeast(value float64, unit string) bound { return bound{value, false, unit} }
func atMost(value float64, unit string) bound  { return bound{value, true, unit} }

func (b bound) String() string {
	if b.most {
		return "≤ " + b.format(b.value)
	}
	return "≥ " + b.format(b.value)
}

// format returns a value with the bound's unit.
func (b bound) format(v float64) string { return number(v) + b.unit }

// met says whether a value is as demanded.
func (b bound) met(v float64) bool {
	if b.most {
		return v <= b.value
	}
	return v >= b.value
}

// number writes a number with as many digits as can mean something.
func number(v float64) string {
	switch {
	case v >= 100:
		return thousands(int(v + .5))
	case v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	text := strings.TrimRight(fmt.Sprintf("%.2f", v), "0")
	return strings.TrimSuffix(text, ".")
}

// thousands writes a whole number with its thousands apart.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// goalsTable is the table of goals, in Markdown.
func goalsTable(goals []goal) string {
	var b strings.Builder
	b.WriteString("| what | goal | reached | | measured |\n|---|---:|---:|---|---|\n")
	for _, g := range goals {
		verdict := "**missed**"
		if g.bound.met(g.reached) {
			verdict = "met"
		}
		fmt.Fprintf(&b, "| %s | %v | %s | %s | %s |\n", g.what, g.bound, g.bound.format(g.reached), verdict, g.measured)
	}
	return b.String()
}

// mergeGoals returns a table with its lines replaced by those of a newer one,
// which stand for the same if they are of the same thing; others come last.
func mergeGoals(had, newer string) string {
	of := func(line string) string { what, _, _ := strings.Cut(line[1:], "|"); return what }
	var lines []string
	for line := range strings.Lines(had) {
		if strings.HasPrefix(line, "|") {
			lines = append(lines, line)
		}
	}
	for line := range strings.Lines(newer) {
		i := slices.IndexFunc(lines, func(l string) bool { return of(l) == of(line) })
		if i < 0 {
			lines = append(lines, line)
		} else {
			lines[i] = line
		}
	}
	return strings.Join(lines, "")
}

// over is a goal for the rate of one server over that of others, of which the
// best counts.
func over(what string, b bound, r result, others []result) goal {
	g := goal{what: what, bound: b, measured: r.rate()}
	for i, other := range others {
		ratio := r.PerSecond / other.PerSecond
		if i == 0 || ratio < g.reached {
			g.reached = ratio
		}
		g.measured += fmt.Sprintf("; %s %s, %s%s", other.name, other.rate(), number(ratio), b.unit)
	}
	return g
}

// rate is a result's rate with its spread.
func (r result) rate() string {
	return fmt.Sprintf("%s/s (%s to %s)", number(r.PerSecond), number(r.lowest), number(r.highest))
}
