package ha

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// What must hold in every scene.

// How long something may be so before it is wrong.
const (
	// Each server knows of the other what that said at most a heartbeat-delay
	// ago, in an answer that is as old as a request may take.
	bothBound = walkHeartbeat + walkTimeout + hurried
	// A silence is noticed max-response-delay after the last answer, at the
	// latest by the first heartbeat that was sent after that and failed.
	nobodyBound = walkSilence + walkHeartbeat + walkTimeout + time.Millisecond
	// After a time without disturbance that is as long the servers know of
	// each other what they can.
	settledAfter = bothBound
)

// nobodyBound is longer where too few clients ask for max-unacked-clients: one
// is enough after twice the silence.
func (c *scene) nobodyBound() time.Duration {
	if c.crowd == 1 {
		return nobodyBound + walkSilence
	}
	return nobodyBound
}

// answers says whether clients that are served get answers: not while they wait
// for what the partner cannot say.
func (c *scene) answers(i int) bool {
	return c.actors[i].m.Updates() != updatesAwaited || c.linked() && !c.actors[1-i].broken
}

// wrong is something that must not be. Those with the same text are one fault.
type wrong string

// watch notes since when things are as they are, and what is wrong.
func (c *scene) watch(before *scene, changed bool) {
	bad := false
	for k := range c.under {
		bad = bad || c.under[k].leg == lost || c.under[k].slow || c.under[k].gone
	}
	calm := !bad && !c.cut[0] && !c.cut[1]
	count(&c.calm, c, before, calm, settledAfter)
	for i := range c.actors {
		count(&c.actors[i].age, c, before, c.actors[i].up, settledAfter)
		if c.kinds[i] {
			c.conform(i)
		}
	}
	ordered := c.actors[0].ordered || c.actors[1].ordered
	for scope := range c.scopes {
		first, second := c.serves(0, scope), c.serves(1, scope)
		count(&c.both[scope], c, before, first && second && calm && !ordered, bothBound)
		count(&c.nobody[scope], c, before, !(first && c.answers(0)) && !(second && c.answers(1)) && c.shouldServe() && !bad && !changed, c.nobodyBound())
		if c.both[scope] > bothBound {
			c.accuse("both serve the clients of %s: %s", c.scopes[scope], c.states())
		}
		if c.nobody[scope] > c.nobodyBound() {
			c.accuse("nobody serves the clients of %s: %s", c.scopes[scope], c.states())
		}
		for i := range c.actors {
			if !c.serves(i, scope) || before.serves(i, scope) || c.calm < settledAfter || c.actors[1-i].age < settledAfter {
				continue
			}
			if told := c.acked[scope]; told%2 == 1 && c.actors[i].leases[scope] < told { // of a release it may hear later
				c.accuse("%s begins to serve the clients of %s without what one was told: %s", serverName(i), c.scopes[scope], c.states())
			}
		}
	}
}

func (c *scene) accuse(format string, args ...any) {
	c.wrong = append(c.wrong, wrong(fmt.Sprintf(format, args...)))
}

// count adds up for how long something is so, a little beyond a bound.
func count(d *time.Duration, c, before *scene, so bool, bound time.Duration) {
	if !so {
		*d = 0
		return
	}
	*d = min(*d+c.now.Sub(before.now), bound+time.Millisecond)
}

// shouldServe says whether somebody has to serve the clients of every server:
// one is there that can, no operator has ordered otherwise, and it is not that
// both have just started and fetch each other's leases first.
func (c *scene) shouldServe() bool {
	able, climbing := 0, 0
	for i := range c.actors {
		a := &c.actors[i]
		if !a.up {
			continue
		}
		if a.ordered || a.m.Paused() {
			return false
		}
		if !a.broken {
			able++
		}
		switch a.m.State() {
		case StateWaiting, StateSyncing, StateReady:
			climbing++
		}
	}
	return able > 0 && !(climbing == 2 && !c.cut[0] && !c.cut[1])
}

func (c *scene) states() string {
	var names []string
	for i := range c.actors {
		a := &c.actors[i]
		switch {
		case !a.up:
			names = append(names, "down")
		case !a.heldTill.IsZero():
			names = append(names, a.m.State().String()+" (held off)")
		case a.broken:
			names = append(names, a.m.State().String()+" (store failed)")
		default:
			names = append(names, a.m.State().String())
		}
	}
	if c.refuse {
		return strings.Join(names, "/") + ", after a lease was refused"
	}
	return strings.Join(names, "/")
}

// oracle finds out what becomes of scenes once all faults have ended. It may be
// used by several goroutines.
type oracle struct {
	encoder *encoder // without what does not matter then

	mu    sync.Mutex
	known map[key]*fate
	worst time.Duration // until normal operation
	hung  int           // scenes from which an operator must end maintenance
	reset int           // or even reset a server that was left in it
}

// fate is what becomes of a scene without further faults.
type fate struct {
	ok   bool          // it becomes normal, and stays so
	took time.Duration // until then
	end  *scene        // normal, or else one that comes again and again
}

func newOracle() *oracle {
	return &oracle{
		encoder: newEncoder(map[reflect.Type][]string{reflect.TypeFor[scene](): watchedFields, reflect.TypeFor[actor](): {"age", "notes"}}),
		known:   map[key]*fate{},
	}
}

// heal returns the scene without faults.
func (s *scene) heal() *scene {
	c := s.copy()
	c.faults, c.writes, c.cut, c.skewed, c.crowd, c.healed = 0, 0, [2]bool{}, false, 2, true
	for k := range c.under {
		c.under[k].slow = false
	}
	for i := range c.actors {
		a := &c.actors[i]
		a.deaf = false
		if a.ordered {
			c.tell("%s: ha-scopes, as usual", serverName(i))
			c.order(i, c.usual(i))
			a.ordered = false
		}
		switch {
		case !a.up:
			c.tell("%s starts", serverName(i))
			c.start(i)
		case a.broken:
			c.tell("%s: the store works again", serverName(i))
			a.broken = false
			c.step(i, storeWorks{})
		}
	}
	return c
}

// usual returns whose clients a server serves in its state if no operator
// decides otherwise.
func (s *scene) usual(i int) []string {
	switch state := s.actors[i].m.State(); {
	case !servesIn(state):
		return nil
	case state == StatePartnerDown || state == StatePartnerInMaintenance || s.actors[i].m.Covering():
		return s.scopes
	case i < len(s.scopes):
		return s.scopes[i : i+1]
	}
	return nil
}

// one lets happen what comes next if nothing goes wrong, or, of several things
// that are due, the last first.
func (s *scene) one(lastFirst bool) *scene {
	if all := s.due(nil); lastFirst && len(all) > 0 {
		return s.after(all[len(all)-1])
	}
	return s.after(s.turn())
}

// fate follows a scene without faults until it is normal, or comes again.
func (j *oracle) fate(s *scene, lastFirst bool) *fate {
	type stop struct {
		key key
		at  time.Time
	}
	var path []stop
	seen := map[key]bool{}
	var b []byte
	f := &fate{}
	began := s.now
	for n := 0; ; n, s = n+1, s.one(lastFirst) {
		if n > 100_000 {
			panic("time does not go on: " + s.states())
		}
		if len(s.due(nil)) > 0 {
			continue // only what time does not change is remembered
		}
		b = j.encoder.encode(b[:0], s)
		if lastFirst {
			b = append(b, 1)
		}
		k := digestOf(b)
		j.mu.Lock()
		known := j.known[k]
		j.mu.Unlock()
		switch {
		case known != nil:
			f.ok, f.took, f.end = known.ok, s.now.Sub(began)+known.took, known.end
		case s.normal() && j.stays(s, lastFirst):
			f.ok, f.took, f.end = true, s.now.Sub(began), s
		case seen[k] || s.later().IsZero():
			f.end = s
		default:
			seen[k] = true
			path = append(path, stop{k, s.now})
			continue
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, p := range path {
			j.known[p.key] = &fate{ok: f.ok, took: max(f.took-p.at.Sub(began), 0), end: f.end}
		}
		return f
	}
}

// stays says whether a normal scene stays normal.
func (j *oracle) stays(s *scene, lastFirst bool) bool {
	s = s.copy()
	s.trace = nil
	for end := s.now.Add(4 * walkHeartbeat); s.now.Before(end); s = s.one(lastFirst) {
		for i := range s.actors {
			if s.actors[i].m.State() != normalOf(s.mode) {
				return false
			}
		}
	}
	return true
}

// judge returns what is wrong with the future of a scene.
func (j *oracle) judge(s *scene) []wrong {
	var found []wrong
	for _, lastFirst := range []bool{false, true} {
		found = append(found, j.future(s, lastFirst)...)
	}
	return found
}

func (j *oracle) future(s *scene, lastFirst bool) []wrong {
	f := j.fate(s.heal(), lastFirst)
	if !f.ok && f.end.inMaintenance() {
		c := f.end.copy()
		for i := range c.actors {
			if c.actors[i].m.State() == StatePartnerInMaintenance {
				c.tell("%s: ha-maintenance-cancel", serverName(i))
				c.step(i, maintenanceCancel{})
			}
		}
		j.count(&j.hung)
		f = j.fate(c, lastFirst)
	}
	if !f.ok && f.end.inMaintenance() {
		c := f.end.copy()
		for i := range c.actors {
			if s := c.actors[i].m.State(); s == StatePartnerInMaintenance || s == StateInMaintenance {
				c.tell("%s: ha-reset", serverName(i))
				c.step(i, reset{})
			}
		}
		j.count(&j.reset)
		f = j.fate(c, lastFirst)
	}
	if !f.ok {
		return []wrong{wrong(fmt.Sprintf("normal operation never comes again: %s", f.end.states()))}
	}
	j.mu.Lock()
	j.worst = max(j.worst, f.took)
	j.mu.Unlock()
	return f.end.compare()
}

func (j *oracle) count(n *int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	*n++
}

func (s *scene) inMaintenance() bool {
	return slices.ContainsFunc(s.actors[:], func(a actor) bool {
		return a.m.State() == StateInMaintenance || a.m.State() == StatePartnerInMaintenance
	})
}

// compare compares the databases.
func (s *scene) compare() (found []wrong) {
	for scope := range s.scopes {
		a, b, told := s.actors[0].leases[scope], s.actors[1].leases[scope], s.acked[scope]
		switch {
		case a == b && a >= told:
		case min(a, b) < told && told%2 == 1:
			found = append(found, "databases: a lease that a client was told of is missing")
		case min(a, b) < told:
			found = append(found, "databases: a lease that was given back is still there")
		default:
			found = append(found, "databases: a lease that no client was told of is on one server only")
		}
	}
	return found
}
