package ha

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// fakeHistory is a naive store that makes changes when the test says so.
type fakeHistory struct {
	issued  uint64 // the last revision given out
	rev     uint64 // the last change made
	rows    map[lease.Key]lease.Change
	writing []lease.Change // announced and neither made nor failed
	to      lease.Announcer
}

func newFakeHistory() *fakeHistory { return &fakeHistory{rows: map[lease.Key]lease.Change{}} }

func (h *fakeHistory) Revision() uint64 { return h.rev }

func (h *fakeHistory) Last(k lease.Key) (lease.Change, bool) {
	c, ok := h.rows[k]
	return c, ok
}

func (h *fakeHistory) Announce(a lease.Announcer) func() {
	h.to = a
	return func() { h.to = nil }
}

func (h *fakeHistory) Since(rev uint64) iter.Seq2[uint64, lease.Change] {
	return func(yield func(uint64, lease.Change) bool) {
		var later []lease.Change
		for _, c := range h.rows {
			if c.Lease.Revision > rev {
				later = append(later, c)
			}
		}
		slices.SortFunc(later, func(a, b lease.Change) int { return int(a.Lease.Revision) - int(b.Lease.Revision) })
		for _, c := range later {
			if !yield(c.Lease.Revision, c) {
				return
			}
		}
	}
}

func (h *fakeHistory) begin(changes ...lease.Change) {
	for i := range changes {
		h.issued++
		changes[i].Lease.Revision = h.issued
	}
	h.writing = changes
	if h.to != nil {
		h.to.Announced(slices.Clone(changes))
	}
}

func (h *fakeHistory) finish() {
	for _, c := range h.writing {
		h.rows[c.Lease.Key()] = c
		h.rev = c.Lease.Revision
	}
	h.writing = nil
}

func (h *fakeHistory) fail() {
	failed := h.writing
	h.writing = nil
	if h.to != nil {
		h.to.Failed(failed)
	}
}

func fedLease(n int) lease.Lease {
	return lease.Lease{
		Type: lease.V4, Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}),
		HWAddr: []byte{2, 0, 0, 0, 0, byte(n)}, SubnetID: 1, CLTT: 1_700_000_000, ValidLft: 3600,
	}
}

func fedChange(n int) lease.Change { return lease.Change{Lease: fedLease(n)} }

// content tells states of a lease apart; -1: there is none.
func content(c lease.Change, ok bool) int64 {
	if !ok || c.Delete {
		return -1
	}
	return c.Lease.CLTT
}

// feedModel drives a feed at random, beside a peer, and knows what must hold.
type feedModel struct {
	t   *testing.T
	rnd *rand.Rand
	h   *fakeHistory
	f   *feed
	log []string

	serial  int64
	peer    map[lease.Key]int64  // content
	reached map[lease.Key]uint64 // the highest revision that was delivered
	last    map[lease.Key]int64  // the content delivered last
	failed  map[int64]bool       // contents that never came to be
	astray  map[lease.Key]bool   // not known to be equal: rejected, or a foreign change that failed
	flights [][]lease.Change
	commits []*modelCommit
}

type modelCommit struct {
	e    *expectation
	revs map[lease.Key]uint64
	made bool
}

const modelKeys = 8

func (m *feedModel) say(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *feedModel) randomChanges() []lease.Change {
	changes := make([]lease.Change, 1+m.rnd.IntN(3))
	for i := range changes {
		c := fedChange(m.rnd.IntN(modelKeys))
		m.serial++
		c.Lease.CLTT = m.serial
		switch m.rnd.IntN(6) {
		case 0:
			c.Delete = true
			c.Lease = lease.Lease{Type: lease.V4, Addr: c.Lease.Addr, CLTT: m.serial}
		case 1:
			c.Lease.State = lease.Released
		}
		changes[i] = c
	}
	return changes
}

func (m *feedModel) step() {
	switch n := m.rnd.IntN(100); {
	case n < 25:
		if m.h.writing != nil {
			return
		}
		changes := m.randomChanges()
		foreign := m.rnd.IntN(4) == 0
		var e *expectation
		if !foreign && m.rnd.IntN(2) == 0 {
			e = m.f.expect(changes)
		}
		for i := range changes {
			if foreign {
				changes[i].Source = lease.Foreign
				m.peer[changes[i].Lease.Key()] = content(changes[i], true)
				delete(m.astray, changes[i].Lease.Key())
			}
		}
		m.h.begin(changes...)
		if e != nil {
			c := &modelCommit{e: e, revs: map[lease.Key]uint64{}}
			for _, ch := range changes {
				c.revs[ch.Lease.Key()] = ch.Lease.Revision
			}
			m.commits = append(m.commits, c)
		}
		m.say("announce foreign=%v %v", foreign, changes)
	case n < 40:
		if m.h.writing == nil {
			return
		}
		for _, c := range m.commits {
			c.made = true
		}
		m.h.finish()
		m.say("durable")
		for _, c := range m.commits {
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			c.e.wait(ended)
		}
	case n < 44:
		if m.h.writing == nil {
			return
		}
		for _, c := range m.h.writing {
			m.failed[c.Lease.CLTT] = true
			if c.Source != 0 {
				m.astray[c.Lease.Key()] = true
			}
		}
		m.say("failed")
		m.h.fail()
		m.commits = slices.DeleteFunc(m.commits, func(c *modelCommit) bool {
			if !c.made {
				c.e.end()
			}
			return !c.made
		})
	case n < 65:
		if len(m.flights) < 3 {
			if batch, _, _ := m.f.pick(1 + m.rnd.IntN(3)); batch != nil {
				m.say("take %v", batch)
				m.flights = append(m.flights, batch)
			}
		}
	case n < 90:
		m.land()
	case n < 93:
		m.say("retry")
		m.f.retry()
	case n < 95:
		if m.h.writing != nil {
			return
		}
		m.say("fetched %d", m.h.rev)
		for k, c := range m.h.rows {
			if at, ok := m.peer[k]; !c.Delete && c.Lease.State != lease.Released && (!ok || at < c.Lease.CLTT) {
				m.peer[k] = c.Lease.CLTT
			}
		}
		m.f.fetched(m.h.rev)
	case n < 96:
		open := m.rnd.IntN(2) == 0
		m.say("gate %v", open)
		m.f.gate(open, true)
	}
}

var errModelUnreached = errors.New("unreached")

// land ends a flight.
func (m *feedModel) land() {
	if len(m.flights) == 0 {
		return
	}
	i := m.rnd.IntN(len(m.flights))
	batch := m.flights[i]
	m.flights = slices.Delete(m.flights, i, i+1)
	results := make([]error, len(batch))
	unreached := m.rnd.IntN(4) == 0
	for i, c := range batch {
		k := c.Lease.Key()
		switch n := m.rnd.IntN(10); {
		case unreached:
			results[i] = errModelUnreached
			if n < 5 { // the answer was lost
				m.peer[k] = content(c, true)
			}
		case n == 0:
			results[i] = errRejected
			m.astray[k] = true
		case n == 1:
			results[i] = errUnacknowledged
			if c.Source != 0 { // the peer's own, told once more: beyond the limit it is not retried
				m.astray[k] = true
			}
		default:
			if !m.failed[m.last[k]] {
				require.GreaterOrEqual(m.t, c.Lease.CLTT, m.last[k], "out of order: %v\n%v", c, m.log)
			}
			m.last[k] = c.Lease.CLTT
			m.reached[k] = max(m.reached[k], c.Lease.Revision)
			m.peer[k] = content(c, true)
			if c.Source == 0 { // otherwise it is the peer's own, which may have failed here
				delete(m.astray, k)
			}
		}
	}
	m.say("done %v %v", batch, results)
	m.f.done(batch, func(i int) error { return results[i] })
}

// check looks at what must always hold.
func (m *feedModel) check() {
	m.commits = slices.DeleteFunc(m.commits, func(c *modelCommit) bool {
		if !c.made || !c.e.over {
			return false
		}
		if c.e.err == nil {
			for k, rev := range c.revs {
				require.GreaterOrEqual(m.t, m.reached[k], rev, "%v acknowledged and not delivered\n%v", k, m.log)
			}
		}
		c.e.end()
		return true
	})
	acked := m.f.acked()
	for k, c := range m.h.rows {
		e := m.f.leases[k]
		if c.Source != 0 || c.Lease.Revision > acked || m.astray[k] || m.f.redo != 0 ||
			e != nil && (e.refused != 0 || e.waits || e.flies) || // something newer is to come
			slices.ContainsFunc(m.h.writing, func(w lease.Change) bool { return w.Lease.Key() == k }) {
			continue
		}
		require.Equal(m.t, content(c, true), m.peerHas(k), "%v is not there though all up to %d is\n%v", k, acked, m.log)
	}
}

// consistent looks at what the feed counts and keeps in several places.
func (m *feedModel) consistent() {
	f := m.f
	waiting, flying, refused := 0, 0, 0
	for k, e := range f.leases {
		require.Equal(m.t, k, e.key)
		require.True(m.t, e.waits || e.flies || e.refused != 0 || e.parts != nil, "%v is of no use\n%v", k, m.log)
		if e.waits {
			waiting++
		}
		if e.flies {
			flying++
			require.Same(m.t, e, f.flying[e.flight.index])
		}
		if e.refused != 0 {
			refused++
		}
	}
	require.Equal(m.t, []int{f.waiting, len(f.flying), f.refused}, []int{waiting, flying, refused})
	last := uint64(0)
	for e := range f.order.all {
		require.True(m.t, e.waits)
		require.Greater(m.t, e.revision(), last)
		last = e.revision()
		waiting--
	}
	require.Zero(m.t, waiting)
}

func (m *feedModel) peerHas(k lease.Key) int64 {
	if c, ok := m.peer[k]; ok {
		return c
	}
	return -1
}

// end lets everything come to rest: then the peer is like the store.
func (m *feedModel) end() {
	if m.h.writing != nil {
		m.h.finish()
	}
	for _, b := range m.flights {
		m.f.done(b, func(int) error { return errModelUnreached })
	}
	m.flights = nil
	m.f.gate(true, true)
	m.f.retry()
	for {
		batch, _, behind := m.f.pick(3)
		if len(batch) == 0 && !behind {
			break
		}
		for _, c := range batch {
			m.peer[c.Lease.Key()] = content(c, true)
			m.reached[c.Lease.Key()] = c.Lease.Revision
			delete(m.astray, c.Lease.Key())
		}
		m.f.done(batch, func(int) error { return nil })
	}
	for k, c := range m.h.rows {
		if !m.astray[k] {
			require.Equal(m.t, content(c, true), m.peerHas(k), "%v\n%v", k, m.log)
		}
	}
	for _, c := range m.commits {
		c.e.end()
	}
	m.consistent()
	require.Zero(m.t, m.f.waiting)
	require.Zero(m.t, m.f.expected)
	require.Len(m.t, m.f.leases, m.f.refused)
	require.Equal(m.t, m.f.announced, m.f.acked())
}

// Whatever the order of events, a peer gets the last state of every lease, in
// order, and nobody is told of an acknowledgement that there was not.
func TestFeedAgainstModel(t *testing.T) {
	for seed := range uint64(1500) {
		h := newFakeHistory()
		m := &feedModel{
			t: t, rnd: rand.New(rand.NewPCG(seed, 1)), h: h, f: newFeed(h, 0, 3, nil),
			peer: map[lease.Key]int64{}, reached: map[lease.Key]uint64{}, astray: map[lease.Key]bool{},
			last: map[lease.Key]int64{}, failed: map[int64]bool{},
		}
		m.f.setEcho(true)
		m.say("seed %d", seed)
		for range 200 {
			m.step()
			m.check()
			m.consistent()
		}
		m.end()
	}
}
