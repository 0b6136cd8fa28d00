package hastatus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// timeline is the way of some servers, drawn over time.
type timeline struct {
	Span  string // how long it reaches back
	Lanes []lane
	Ticks []tick
}

// lane is one server's.
type lane struct {
	Name  string
	Parts []part
}

// part is the time that it was in a state, in percent of the timeline.
type part struct {
	X, W  string
	State string
	Level level
	Title string
	Label string // the class of the name of the state, where there is room for it: on a wide screen, or everywhere
}

// tick is a time on the axis.
type tick struct{ X, Text string }

// reaches are how far back a timeline may reach, and how far its ticks are apart.
var reaches = []struct {
	span, tick time.Duration
	text       string
}{
	{10 * time.Minute, 2 * time.Minute, "10 minutes"},
	{time.Hour, 15 * time.Minute, "hour"},
	{6 * time.Hour, time.Hour, "6 hours"},
	{24 * time.Hour, 4 * time.Hour, "24 hours"},
	{7 * 24 * time.Hour, 24 * time.Hour, "7 days"},
	{30 * 24 * time.Hour, 5 * 24 * time.Hour, "30 days"},
}

// timeline reaches back so far that the last change is well within it.
func (h *history) timeline(names []string, now time.Time) timeline {
	last := h.began
	ways := make([][]entry, len(names))
	for i, name := range names {
		if ways[i] = h.way(name); len(ways[i]) > 0 {
			if at := ways[i][len(ways[i])-1].At; at.After(last) {
				last = at
			}
		}
	}
	reach := reaches[len(reaches)-1]
	for _, r := range reaches {
		if now.Sub(last) < r.span*4/5 {
			reach = r
			break
		}
	}
	start := now.Add(-reach.span)
	at := func(t time.Time) float64 {
		return min(max(100*float64(t.Sub(start))/float64(reach.span), 0), 100)
	}
	tl := timeline{Span: reach.text}
	for i, name := range names {
		l := lane{Name: name}
		if known := ways[i]; len(known) == 0 || at(known[0].At) > 0 {
			x := 100.0
			if len(known) > 0 {
				x = at(known[0].At)
			}
			l.Parts = append(l.Parts, part{X: percent(0), W: percent(x), State: "not recorded", Title: name + ": not recorded", Label: label(x)})
		}
		for k, e := range ways[i] {
			end := now
			if k+1 < len(ways[i]) {
				end = ways[i][k+1].At
			}
			x, w := at(e.At), at(end)-at(e.At)
			if end.Before(start) || w <= 0 && end != now {
				continue
			}
			l.Parts = append(l.Parts, part{
				X: percent(x), W: percent(max(w, 0.25)), State: e.State.String(), Level: levelOf(e.State), Label: label(w),
				Title: fmt.Sprintf("%s: %s from %s, for %s", name, e.State, clock(e.At, now), span(end.Sub(e.At))),
			})
		}
		tl.Lanes = append(tl.Lanes, l)
	}
	layout := "15:04"
	if reach.tick >= 24*time.Hour {
		layout = "2 Jan"
	}
	_, zone := now.Local().Zone()
	local := time.Duration(zone) * time.Second
	for t := start.Add(local).Truncate(reach.tick).Add(reach.tick - local); t.Before(now); t = t.Add(reach.tick) {
		if x := at(t); x > 3 && x < 97 {
			tl.Ticks = append(tl.Ticks, tick{percent(x), t.Local().Format(layout)})
		}
	}
	return tl
}

// label says whether a name has room in so many percent.
func label(w float64) string {
	switch {
	case w > 30:
		return "name"
	case w > 9:
		return "name wide"
	}
	return ""
}

func percent(x float64) string { return fmt.Sprintf("%.2f%%", x) }

// change is a line in the list of what happened.
type change struct {
	At      string
	ISO     string
	Name    string
	State   string
	Meaning string
	Level   level
	Serves  string
}

// The list has so many lines, of which the latest are seen at once.
const (
	maxChanges = 24
	latest     = 4
)

// changes lists what happened to servers, the latest first.
func (h *history) changes(names []string, now time.Time) []change {
	type named struct {
		entry
		name string
	}
	var all []named
	for _, name := range names {
		for _, e := range h.way(name) {
			all = append(all, named{e, name})
		}
	}
	slices.SortStableFunc(all, func(a, b named) int { return -cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	var list []change
	for _, e := range all[:min(len(all), maxChanges)] {
		c := change{
			At: clock(e.At, now), ISO: e.At.Format(time.RFC3339), Name: e.name,
			State: e.State.String(), Meaning: meaning(e.State), Level: levelOf(e.State),
		}
		if len(e.Serves) > 0 && e.State != ha.StateUnavailable {
			c.Serves = "serves " + plain(listed(e.Serves))
		}
		list = append(list, c)
	}
	return list
}
