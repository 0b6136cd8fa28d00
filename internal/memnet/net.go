package memnet

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Net is a network. All methods may be called by many goroutines at the same
// time.
type Net struct {
	seed   uint64
	seeded bool

	mu      sync.Mutex
	cut     bool
	latency func() time.Duration
	paths   map[way]*path
	ports   map[string]*port   // by address and port
	newest  map[string]*Host   // by address
	halves  map[*half]struct{} // of connections that this end has not closed
	flying  sync.WaitGroup     // datagrams
}

// way is from one address to another.
type way struct{ from, to string }

// Fault is what becomes of what is sent.
type Fault uint8

// What becomes of what is sent.
const (
	Arrives  Fault = iota // all is well
	Vanishes              // it is lost, and its connection once the way is good again
	Stalls                // it arrives once the way is good again, as with TCP; a datagram is lost
)

// path is what is known of a way.
type path struct {
	fault           Fault
	least, most     time.Duration
	lose, duplicate float64
	streams         uint64            // how many were begun
	datagrams       map[uint64]uint64 // how many each sender has sent
}

// New returns a network in which nothing takes time.
func New() *Net {
	return &Net{
		paths:  make(map[way]*path),
		ports:  make(map[string]*port),
		newest: make(map[string]*Host),
		halves: make(map[*half]struct{}),
	}
}

// Seeded returns a network in which things take the times that SetDelay sets,
// drawn from the seed, and in which connections behave as those of TCP do on a
// way that fails.
func Seeded(seed uint64) *Net {
	n := New()
	n.seed, n.seeded = seed, true
	return n
}

// path returns what is known of a way. mu is held.
func (n *Net) path(w way) *path {
	p := n.paths[w]
	if p == nil {
		p = &path{datagrams: make(map[uint64]uint64)}
		n.paths[w] = p
	}
	return p
}

// Set says what becomes of what goes from one address to another from now on.
func (n *Net) Set(from, to string, f Fault) {
	n.mu.Lock()
	n.path(way{from, to}).fault = f
	halves := slices.Collect(maps.Keys(n.halves))
	n.mu.Unlock()
	for _, h := range halves {
		if f == Arrives && h.way == (way{to, from}) {
			h.rejoin()
		}
	}
}

// SetCut cuts the whole network, or joins it. What was sent meanwhile is lost,
// as are the connections it belonged to.
func (n *Net) SetCut(cut bool) {
	n.mu.Lock()
	n.cut = cut
	halves := slices.Collect(maps.Keys(n.halves))
	n.mu.Unlock()
	for _, h := range halves {
		if !cut && h.lost() {
			h.Close()
		}
	}
}

// SetLatency says how long everything takes from now on, beside what SetDelay
// says; nil: nothing.
func (n *Net) SetLatency(latency func() time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latency = latency
}

// SetDelay says between which bounds the time is that things take from one
// address to another. Datagrams overtake each other if it is drawn so.
func (n *Net) SetDelay(from, to string, least, most time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.path(way{from, to})
	p.least, p.most = least, max(least, most)
}

// SetLoss says which share of what goes from one address to another is lost. A
// connection sends it again: that takes time.
func (n *Net) SetLoss(from, to string, share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.path(way{from, to}).lose = share
}

// SetDuplicates says which share of the datagrams from one address to another
// arrives twice.
func (n *Net) SetDuplicates(from, to string, share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.path(way{from, to}).duplicate = share
}

// reaches says whether something sent now would get from one address to the
// other, and back.
func (n *Net) reaches(w way) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	back := way{w.to, w.from}
	return !n.cut && n.path(w).fault == Arrives && n.path(back).fault == Arrives && !n.off(w.to)
}

// off says whether the host of an address has lost its power. mu is held.
func (n *Net) off(address string) bool {
	h := n.newest[address]
	return h != nil && h.off
}
