package ctrl

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Samples of a statistic that are kept.
const (
	defaultSamples = 20   // Kea's default
	maxSamples     = 1000 // whatever a command demands: memory must not grow without bound
)

// Stat is one statistic: a number, and its last values. Its methods may be
// called by many goroutines at the same time.
type Stat struct {
	compute func() int64 // of a computed one, which has no samples

	mu      sync.Mutex
	samples []sample // a ring once it is full
	newest  int      // index in samples
	keep    retention
	removed bool // by a command; its next value brings it back
}

// sample has no pointer in it: there may be very many, and they are written for
// every message.
type sample struct {
	value int64
	nanos int64 // when, in nanoseconds since 1970
}

func sampled(value int64, at time.Time) sample { return sample{value, at.UnixNano()} }

// MarshalJSON returns the value and when it was set, as Kea writes it: in
// local time.
func (s sample) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.value, time.Unix(0, s.nanos).Format("2006-01-02 15:04:05.000000")})
}

// retention says which samples of a statistic are kept besides the newest.
type retention struct {
	count int           // so many in all; 0: defaultSamples
	age   time.Duration // only so old ones; 0: count matters
}

func keepCount(n int64) retention { return retention{count: int(min(max(n, 1), maxSamples))} }

func keepAge(age time.Duration) retention {
	if age <= 0 {
		return keepCount(1)
	}
	return retention{age: age}
}

// size returns how many samples there may be.
func (r retention) size() int {
	switch {
	case r.age > 0:
		return maxSamples
	case r.count == 0:
		return defaultSamples
	}
	return r.count
}

// Add adds to the value.
func (st *Stat) Add(n int64) { st.AddAt(time.Now(), n) }

// AddAt is Add for who knows what time it is.
func (st *Stat) AddAt(now time.Time, n int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.compute == nil {
		st.record(sampled(st.samples[st.newest].value+n, now))
	}
}

// Set changes the value.
func (st *Stat) Set(n int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.compute == nil {
		st.record(sampled(n, time.Now()))
	}
}

// Value returns the value.
func (st *Stat) Value() int64 { return st.history()[0].value }

// Latest returns the value and when it was set.
func (st *Stat) Latest() (value int64, at time.Time) {
	s := st.history()[0]
	return s.value, time.Unix(0, s.nanos)
}

// record makes now the newest sample. The lock is held.
func (st *Stat) record(now sample) {
	switch {
	case st.removed:
		st.removed, st.samples[0] = false, now
	case len(st.samples) < st.keep.size():
		st.samples = append(st.samples, now)
		st.newest = len(st.samples) - 1
	default:
		if st.newest++; st.newest == len(st.samples) {
			st.newest = 0
		}
		st.samples[st.newest] = now
	}
}

// restart forgets all samples but a 0 now. The lock is held.
func (st *Stat) restart() { st.samples, st.newest = []sample{sampled(0, time.Now())}, 0 }

func (st *Stat) reset() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.restart()
}

func (st *Stat) remove() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.restart()
	st.removed = true
}

func (st *Stat) isRemoved() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.removed
}

// retain changes which samples are kept.
func (st *Stat) retain(keep retention) {
	if st.compute != nil {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.keep = keep
	st.samples = st.recent()
	st.samples = st.samples[:min(len(st.samples), keep.size())]
	slices.Reverse(st.samples)
	st.newest = len(st.samples) - 1
}

// history returns the samples, the newest first.
func (st *Stat) history() []sample {
	if st.compute != nil {
		return []sample{sampled(st.compute(), time.Now())}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.recent()
}

// recent returns the samples that are not too old. The lock is held.
func (st *Stat) recent() []sample {
	recent := make([]sample, 0, len(st.samples))
	for i := range st.samples {
		s := st.samples[(st.newest-i+len(st.samples))%len(st.samples)]
		if i > 0 && st.keep.age > 0 && time.Since(time.Unix(0, s.nanos)) > st.keep.age {
			break
		}
		recent = append(recent, s)
	}
	return recent
}
