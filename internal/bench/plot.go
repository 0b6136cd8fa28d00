package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is a chart of lines, drawn as SVG. It brings its own background, light or
// dark as the reader's system is.
type plot struct {
	title string
	x, y  axis
	lines []line
}

// axis is one of two. It begins at from, or with log, which wants from to be
// positive, at a power of ten.
type axis struct {
	label    string
	from, to float64
	log      bool
}

// line is a curve through points, of a colour that others may have, too.
type line struct {
	name   string
	colour int // from 0
	dashed bool
	points []spot
}

type spot struct{ x, y float64 }

// Where things are, in pixels. The names of lines stand above the plot.
const (
	plotWidth, plotHeight = 760, 420
	plotLeft, plotRight   = 82, 742
	plotTop, plotBottom   = 90, 370
)

// Colours that differ also for who does not see all of them, on light and on
// dark.
const plotStyle = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.paper { fill: #ffffff }
.grid { stroke: #d8dee4; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.dashed { stroke-dasharray: 6 4 }
.c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #6e7781 } .c3 { stroke: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.paper { fill: #0d1117 }
.grid { stroke: #30363d }
.c0 { stroke: #58a6ff } .c1 { stroke: #f0883e } .c2 { stroke: #8b949e } .c3 { stroke: #3fb950 }
}
`

// svg draws the plot.
func (p plot) svg() string {
	var b strings.Builder
	text := func(x, y float64, anchor, class, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, html.EscapeString(s))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(p.title), plotStyle)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="6" class="paper"/>`+"\n", plotWidth, plotHeight)
	text(plotLeft, 28, "start", "title", p.title)
	for _, v := range p.x.ticks() {
		x := p.x.at(v, plotLeft, plotRight)
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" class="grid"/>`+"\n", x, plotTop, plotBottom)
		text(x, plotBottom+18, "middle", "", number(v))
	}
	for _, v := range p.y.ticks() {
		y := p.y.at(v, plotBottom, plotTop)
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" class="grid"/>`+"\n", plotLeft, y, plotRight)
		text(plotLeft-8, y+4, "end", "", number(v))
	}
	text((plotLeft+plotRight)/2, plotHeight-14, "middle", "", p.x.label)
	fmt.Fprintf(&b, `<g transform="translate(16 %d) rotate(-90)">`+"\n", (plotTop+plotBottom)/2)
	text(0, 0, "middle", "", p.y.label)
	b.WriteString("</g>\n")
	for i, l := range p.lines {
		class := fmt.Sprintf("line c%d", l.colour)
		if l.dashed {
			class += " dashed"
		}
		x, y := float64(plotLeft+i%3*220), float64(52+i/3*20)
		fmt.Fprintf(&b, `<path d="M%.1f %.1fh26" class="%s"/>`+"\n", x, y-4, class)
		text(x+32, y, "start", "", l.name)
		var d strings.Builder
		for j, s := range l.points {
			fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(j, 1)], p.x.at(s.x, plotLeft, plotRight), p.y.at(s.y, plotBottom, plotTop))
		}
		fmt.Fprintf(&b, `<path d="%s" class="%s"/>`+"\n", &d, class)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// at is where a value is between two ends.
func (a axis) at(v, from, to float64) float64 {
	share := (v - a.from) / (a.to - a.from)
	if a.log {
		share = math.Log(v/a.from) / math.Log(a.to/a.from)
	}
	return from + min(max(share, 0), 1)*(to-from)
}

// ticks are the values that are written at an axis: with log those that begin
// with 1, 2 or 5, else multiples of such a number.
func (a axis) ticks() []float64 {
	var all []float64
	if a.log {
		for power := math.Pow(10, math.Floor(math.Log10(a.from))); power <= a.to; power *= 10 {
			for _, digit := range []float64{1, 2, 5} {
				if v := digit * power; v >= a.from*.999 && v <= a.to*1.001 {
					all = append(all, v)
				}
			}
		}
		return all
	}
	step := math.Pow(10, math.Floor(math.Log10(a.to-a.from)))
	for _, part := range []float64{.1, .2, .5} {
		if (a.to-a.from)/(step*part) <= 8 {
			step *= part
			break
		}
	}
	for i := math.Ceil(a.from / step); i*step <= a.to*1.001; i++ {
		all = append(all, i*step)
	}
	return all
}
