package hastatus

import (
	"slices"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// maxEntries bounds how many states of a server are remembered.
const maxEntries = 64

// entry is a state that a server has come to.
type entry struct {
	At     time.Time
	State  ha.State
	Serves []string // whose clients
}

// history is the way that servers took, by their names, which are unique: of
// this one in each relationship as it happened, of its partner as it was heard.
type history struct {
	began time.Time

	mu      sync.Mutex
	ways    map[string][]entry // the oldest first
	suspect map[string]entry   // of this server, seen once
}

func newHistory(now time.Time) *history {
	return &history{began: now, ways: make(map[string][]entry), suspect: make(map[string]entry)}
}

// changed notes a state of this server.
func (h *history) changed(c ha.StateChange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.ways[c.Server]) == 0 {
		h.note(c.Server, entry{At: h.began, State: c.From})
	}
	h.note(c.Server, entry{c.Time, c.To, slices.Clone(c.Scopes)})
}

// look notes what has become of servers since the last look. A state of this
// server is seen before its change is told of; so it counts when it is seen
// again.
func (h *history) look(now time.Time, st *ha.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := make(map[string]bool)
	for i := range st.Relationships {
		r := &st.Relationships[i]
		known[r.Server] = true
		h.seen(r.Server, entry{now, r.State, slices.Clone(r.Serves)})
		if p := r.Partner; p != nil && p.State != ha.StateNone {
			known[p.Name] = true
			h.note(p.Name, entry{now, p.State, slices.Clone(p.Serves)})
		}
	}
	// Another configuration may have other servers.
	for name := range h.ways {
		if !known[name] {
			delete(h.ways, name)
			delete(h.suspect, name)
		}
	}
}

// seen notes a state of this server that was not told of. The lock is held.
func (h *history) seen(name string, e entry) {
	way := h.ways[name]
	if len(way) == 0 {
		e.At = h.began
		h.note(name, e)
		return
	}
	before := h.suspect[name]
	delete(h.suspect, name)
	switch {
	case way[len(way)-1].State == e.State:
		h.note(name, e)
	case before.State == e.State:
		h.note(name, before)
	default:
		h.suspect[name] = e
	}
}

// note appends an entry, or completes the last one if it is of the same state.
// The lock is held.
func (h *history) note(name string, e entry) {
	way := h.ways[name]
	if n := len(way); n > 0 && way[n-1].State == e.State {
		way[n-1].Serves = e.Serves
		return
	}
	if len(way) == maxEntries {
		way = way[1:]
	}
	h.ways[name] = append(slices.Clip(way), e)
}

// way returns the states of a server, the oldest first.
func (h *history) way(name string) []entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ways[name])
}

// since returns when a server came to the state that it is in; zero: it is not
// known.
func (h *history) since(name string, s ha.State) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if way := h.ways[name]; len(way) > 0 && way[len(way)-1].State == s {
		return way[len(way)-1].At
	}
	return time.Time{}
}
