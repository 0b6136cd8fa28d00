package main

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// outcome is what a pair has gone through.
type outcome struct {
	family
	name    string
	ours    [2]bool
	windows []*window
	usages  [2][]*span
	err     error // what kept it from the end
}

// window is a time, and what was found of it: from a fault until the pair has
// been looked at after it, or from there to the next fault.
type window struct {
	fault   *fault // nil: there is none
	began   time.Time
	normal  time.Time     // the servers work together again; zero: not yet
	longest time.Duration // that a client waited for its ACK
	checked int           // leases that were looked for, at both servers
	late    [2]int        // were not there at first, by server
	lost    [2]int        // nor moments later
	blame   int           // of the latter, those that are a fault of ours
	twice   map[netip.Addr]bool
	split   map[netip.Addr]bool // the same, of a split
	moved   map[netip.Addr]bool // their clients were refused them before their time was over
	byHand  int                 // restarts that a person would have had to do
	ended   []int               // servers that ended by themselves
	details []string
}

// title names the pair.
func (o *outcome) title() string { return o.family.name + ", " + o.name }

// begin begins another window.
func (o *outcome) begin(f *fault) *window {
	w := &window{fault: f, began: time.Now(), twice: make(map[netip.Addr]bool), split: make(map[netip.Addr]bool), moved: make(map[netip.Addr]bool)}
	if f == nil {
		w.normal = w.began
	}
	o.windows = append(o.windows, w)
	return w
}

// window is the one that goes on.
func (o *outcome) window() *window { return o.windows[len(o.windows)-1] }

// looked notes that a server was asked for so many leases.
func (w *window) looked(n int) { w.checked += n }

// delay notes what a server has not yet.
func (o *outcome) delay(server int, late []loss) {
	w := o.window()
	w.late[server] += len(late)
	if !o.ours[server] {
		return // with a Kea this is what happens
	}
	for _, l := range late[:min(len(late), 5)] {
		w.details = append(w.details, fmt.Sprintf("server%d has a lease late: %v", server+1, l))
	}
}

// lose notes what a server has not. It is counted once. A failoverd is to blame
// for what it, or another failoverd, has acknowledged: a Kea may acknowledge what
// it tells nobody.
func (o *outcome) lose(server int, lost []loss, b *book) {
	w := o.window()
	for _, l := range lost {
		delete(b.claims, l.addr)
		if o.ours[server] && o.ours[slices.Index(o.addrs[:], l.server)] {
			w.blame++
		}
	}
	w.lost[server] += len(lost)
	for _, l := range lost[:min(len(lost), 5)] {
		w.details = append(w.details, fmt.Sprintf("server%d has lost a lease: %v", server+1, l))
	}
}

// note notes what clients went through.
func (o *outcome) note(n news) {
	for _, t := range n.waits {
		w := o.during(t)
		w.longest = max(w.longest, t.to.Sub(t.from))
	}
	for _, c := range n.twice {
		w := o.during(wait{c.second.at, c.second.at})
		if o.split(c) {
			w.split[c.addr] = true
			continue
		}
		if !w.twice[c.addr] {
			w.details = append(w.details, c.String())
		}
		w.twice[c.addr] = true
	}
	for _, c := range n.moved {
		if o.split(c) {
			continue // of two that have an address one must be refused it
		}
		w := o.during(wait{c.second.at, c.second.at})
		w.moved[c.addr] = true
		w.details = append(w.details, "refused: "+c.String())
	}
}

// during is the window that most of a time was in.
func (o *outcome) during(t wait) *window {
	best, most := o.windows[0], time.Duration(-1)
	end := t.to.Add(time.Hour) // of the last window
	for _, w := range slices.Backward(o.windows) {
		from, to := w.began, end
		if t.from.After(from) {
			from = t.from
		}
		if t.to.Before(to) {
			to = t.to
		}
		if share := to.Sub(from); share > most {
			best, most = w, share
		}
		if !w.began.After(t.from) {
			break
		}
		end = w.began
	}
	return best
}

// split says whether the schedule kept the servers from knowing of each other's
// ACK: one of the two came when they could not reach each other, or had not met
// again since.
func (o *outcome) split(c conflict) bool { return o.apart(c.first.at) || o.apart(c.second.at) }

// apart says whether the schedule kept the servers from each other at a time, or
// they had not met again since.
func (o *outcome) apart(t time.Time) bool {
	return slices.ContainsFunc(o.windows, func(w *window) bool {
		return w.fault != nil && w.fault.kind.splits && !t.Before(w.began) && (w.normal.IsZero() || t.Before(w.normal))
	})
}

// wrong is what must not happen with ours.
func (o *outcome) wrong() (all []error) {
	say := func(format string, args ...any) {
		all = append(all, fmt.Errorf("%s: %s", o.title(), fmt.Sprintf(format, args...)))
	}
	some, both := o.ours[0] || o.ours[1], o.ours[0] && o.ours[1]
	if o.err != nil && some {
		all = append(all, fmt.Errorf("%s: %w", o.title(), o.err))
	}
	lost, twice, moved, byHand := 0, 0, 0, 0
	for _, w := range o.windows {
		lost += w.blame
		for i, ours := range o.ours {
			if ours && slices.Contains(w.ended, i) {
				say("server%d ended by itself", i+1)
			}
		}
		if some {
			twice += len(w.twice)
		}
		if both {
			moved += len(w.moved)
			byHand += w.byHand
		}
	}
	if lost > 0 {
		say("%d leases were lost", lost)
	}
	if twice > 0 {
		say("%d addresses were given twice", twice)
	}
	if moved > 0 {
		say("%d clients were refused what was theirs", moved)
	}
	if byHand > 0 {
		say("a person was needed %d times", byHand)
	}
	for i, ours := range o.ours {
		for _, s := range o.usages[i] {
			if ours && s.grew() {
				say("server%d needs more than before: %v", i+1, s)
			}
		}
	}
	return all
}
