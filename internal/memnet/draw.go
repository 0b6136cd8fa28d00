package memnet

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// How TCP sends again what was not acknowledged, as Linux does it.
const (
	retransmitTimeout    = 200 * time.Millisecond // the first; it doubles
	maxRetransmitTimeout = 2 * time.Minute
	retransmissions      = 15          // after that a connection is broken
	dialTimeout          = time.Second // the first; it doubles
	dials                = 6
)

// dice returns what decides about one thing that goes a way. Of every stream,
// or sender of datagrams, each thing has a number.
func (n *Net) dice(w way, stream, number uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(w.from + "\x00" + w.to))
	return rand.New(rand.NewPCG(mix(n.seed^h.Sum64()), mix(mix(stream)+number)))
}

// mix spreads numbers that are close to each other.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// delay draws how long something takes. A part of a microsecond comes to it, so
// that hardly ever two things arrive at the same instant. mu is held.
func (n *Net) delay(p *path, dice *rand.Rand) (d time.Duration) {
	if n.latency != nil {
		d = n.latency()
	}
	if n.seeded {
		d += p.least + time.Duration(dice.Int64N(int64(p.most-p.least)+1)) + time.Duration(dice.IntN(1000))
	}
	return d
}

// segmentFate says what becomes of what is sent now as the given part of a
// stream, and how long it takes.
func (n *Net) segmentFate(w way, stream, number uint64) (f Fault, late time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return Vanishes, 0
	}
	p := n.path(w)
	dice := n.dice(w, stream, number)
	late = n.delay(p, dice)
	timeout := retransmitTimeout // which each loss costs
	for i := 0; p.lose > 0 && dice.Float64() < p.lose; i++ {
		if i == retransmissions {
			return Vanishes, 0
		}
		late += timeout
		timeout = min(2*timeout, maxRetransmitTimeout)
	}
	return p.fault, late
}

// datagramFate returns when the copies arrive that come of what a sender sends
// now.
func (n *Net) datagramFate(w way, sender uint64) (copies []time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.path(w)
	dice := n.dice(w, sender, p.datagrams[sender])
	p.datagrams[sender]++
	if n.cut || p.fault != Arrives || p.lose > 0 && dice.Float64() < p.lose {
		return nil
	}
	copies = append(copies, n.delay(p, dice))
	if p.duplicate > 0 && dice.Float64() < p.duplicate {
		copies = append(copies, n.delay(p, dice))
	}
	return copies
}

// resent returns when TCP sends again what did not get through at an instant
// and whose way is good now; false: it has given up.
func (n *Net) resent(since, now time.Time) (at time.Time, ok bool) {
	if !n.seeded {
		return now, true
	}
	at = since
	timeout := retransmitTimeout
	for range retransmissions {
		if at = at.Add(timeout); !at.Before(now) {
			return at, true
		}
		timeout = min(2*timeout, maxRetransmitTimeout)
	}
	return now, false
}
