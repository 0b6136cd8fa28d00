package engine

import (
	"bytes"
	"math"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Held counts what the clients behind each relay agent, and behind each of its
// ports, have: leases in use, whichever server has given them, and claims to
// what they have been offered. Who is behind none is not counted.
//
// A lease is counted where its user context says that its client is. What is
// declined is counted too, as it is nobody else's either. A lease is not
// counted any more from the second in which it ends, reclaimed or not.
type Held struct {
	place func(*lease.Lease) Place
	stop  func()

	mu     sync.Mutex
	groups map[string]*group       // those that have something
	ends   map[int64]map[share]int // leases that are counted, by when they end, in Unix seconds
	swept  int64                   // what ended until then is not counted any more
	claims claims
}

// group are the clients behind a port or a relay agent.
type group struct {
	key   string
	above *group // of a port: its relay agent, nil if that is not known
	has   [kinds]int64
}

// share is what a group has of one kind.
type share struct {
	*group
	kind int
}

// NewHeld counts what there is in the store, and from then on what changes.
// place says where the client of a lease is.
func NewHeld(store *lease.Store, place func(*lease.Lease) Place) *Held {
	h := &Held{
		place: place, groups: map[string]*group{}, ends: map[int64]map[share]int{}, swept: time.Now().Unix(),
		claims: newClaims(),
	}
	h.stop = store.Observe(h.observe)
	return h
}

// Close ends the observation of the store.
func (h *Held) Close() { h.stop() }

// Full says which limit keeps the clients at a place from being given one more;
// 0: none. A holder that has a claim, or gives up as many as spare, is not kept
// from something in its place.
func (h *Held) Full(p *Place, l *Limits, typ lease.Type, holder string, spare int64) Over {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweep(time.Now())
	kind := kindOf(typ)
	for _, c := range h.claims.byHolder[holder] {
		if c.kind == kind {
			spare++
			break
		}
	}
	return h.over(p, l, kind, spare)
}

// Claim counts something that is held for a client at a place until then, or
// until there is a lease of it, unless a limit (nil: there is none) keeps it
// from that; it returns that limit. The claim of another holder to the same
// thing ends.
func (h *Held) Claim(k lease.Key, p *Place, l *Limits, holder string, spare int64, until time.Time) Over {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweep(time.Now())
	kind := kindOf(k.Type)
	if c := h.claims.byKey[k]; c != nil {
		if c.holder == holder && c.group == h.find(p) {
			h.claims.prolong(c, until)
			return 0
		}
		h.drop(c)
	}
	if over := h.over(p, l, kind, spare); over != 0 {
		return over
	}
	if !p.Known() {
		return 0
	}
	if len(h.claims.queue) == maxClaims {
		h.drop(h.claims.oldest())
	}
	of := share{h.groupOf(p), kind}
	h.add(of, 1)
	h.claims.add(&claim{key: k, holder: holder, share: of, until: until})
	return 0
}

// Drop ends a holder's claim, if it has it.
func (h *Held) Drop(k lease.Key, holder string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.claims.byKey[k]; c != nil && c.holder == holder {
		h.drop(c)
	}
}

// DropAll ends all claims of a holder.
func (h *Held) DropAll(holder string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.claims.byHolder[holder]) > 0 {
		h.drop(h.claims.byHolder[holder][0])
	}
}

func (h *Held) drop(c *claim) {
	h.claims.remove(c)
	h.add(c.share, -1)
}

// over says which limit one more would exceed.
func (h *Held) over(p *Place, l *Limits, kind int, spare int64) Over {
	if l == nil {
		return 0
	}
	var room [2 * maxPlain]byte
	if g := h.groups[string(p.appendPort(room[:0]))]; full(g, l.port[kind], kind, spare) && p.hasPort() {
		return OverPort
	}
	if g := h.groups[string(p.appendRelay(room[:0]))]; full(g, l.relay[kind], kind, spare) && p.Relay.IsValid() {
		return OverRelay
	}
	return 0
}

// full says whether a group, nil if it has nothing, has as much as it may.
func full(g *group, most int64, kind int, spare int64) bool {
	var has int64
	if g != nil {
		has = g.has[kind]
	}
	return has-spare >= most
}

// find returns the group that is at a place; nil: there is none.
func (h *Held) find(p *Place) *group {
	var room [2 * maxPlain]byte
	if p.hasPort() {
		return h.groups[string(p.appendPort(room[:0]))]
	}
	return h.groups[string(p.appendRelay(room[:0]))]
}

// groupOf is find, but makes the group, which has to be given something then.
func (h *Held) groupOf(p *Place) *group {
	var room [2 * maxPlain]byte
	var g *group
	if p.Relay.IsValid() {
		g = h.group(p.appendRelay(room[:0]), nil)
	}
	if p.hasPort() {
		g = h.group(p.appendPort(room[:0]), g)
	}
	return g
}

func (h *Held) group(key []byte, above *group) *group {
	g := h.groups[string(key)]
	if g == nil {
		g = &group{key: string(key), above: above}
		h.groups[g.key] = g
	}
	return g
}

// add counts n more of a group. Groups that have nothing are forgotten; a relay
// agent has what its ports have.
func (h *Held) add(of share, n int64) {
	for g := of.group; g != nil; g = g.above {
		if g.has[of.kind] += n; g.has == [kinds]int64{} {
			delete(h.groups, g.key)
		}
	}
}

// observe is told of every lease there is and then of every change.
func (h *Held) observe(old, new *lease.Lease) {
	var from, to Place
	if old != nil && keeps(old) {
		from = h.place(old)
	}
	switch {
	case new == nil || !keeps(new):
	case old != nil && keeps(old) && bytes.Equal(old.UserContext, new.UserContext):
		to = from
	default:
		to = h.place(new)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.sweep(now)
	// What is new first, so that the group of both stays.
	if new != nil && keeps(new) {
		if c := h.claims.byKey[new.Key()]; c != nil && InUse(new, now) {
			h.drop(c)
		}
		h.count(new, &to, 1)
	}
	if old != nil && keeps(old) {
		h.count(old, &from, -1)
	}
}

// count counts a lease at a place, or that it is there no more.
func (h *Held) count(l *lease.Lease, p *Place, n int) {
	end := endOf(l)
	if end <= h.swept {
		return // sweep has been there
	}
	if !p.Known() {
		return
	}
	of := share{h.groupOf(p), kindOf(l.Type)}
	h.add(of, int64(n))
	if end == math.MaxInt64 {
		return
	}
	in := h.ends[end]
	if in == nil {
		in = map[share]int{}
		h.ends[end] = in
	}
	if in[of] += n; in[of] == 0 {
		delete(in, of)
	}
	if len(in) == 0 {
		delete(h.ends, end)
	}
}

// endOf is the second in which a lease ends.
func endOf(l *lease.Lease) int64 {
	if l.ValidLft == lease.Infinite {
		return math.MaxInt64
	}
	return l.CLTT + int64(l.ValidLft)
}

// sweep takes away what has ended.
func (h *Held) sweep(now time.Time) {
	for c := h.claims.oldest(); c != nil && !now.Before(c.until); c = h.claims.oldest() {
		h.drop(c)
	}
	until := now.Unix()
	if until <= h.swept {
		return
	}
	if until-h.swept < int64(len(h.ends)) {
		for end := h.swept + 1; end <= until; end++ {
			h.end(end)
		}
	} else {
		for end := range h.ends {
			if end <= until {
				h.end(end)
			}
		}
	}
	h.swept = until
}

func (h *Held) end(at int64) {
	for of, n := range h.ends[at] {
		h.add(of, int64(-n))
	}
	delete(h.ends, at)
}
