package ctrl

import (
	"maps"
	"sync"
	"time"
)

// Stats are the statistics of a server by their names, such as pkt4-received.
// The zero Stats has none. It may be used by many goroutines at the same time.
type Stats struct {
	mu    sync.RWMutex
	stats map[string]*Stat
	keep  retention // of statistics that are yet to come
}

// Stat returns the statistic with the name, which is made with the value 0 if
// there is none. Keep what it returns: that is faster than asking again.
func (s *Stats) Stat(name string) *Stat {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.stats[name]
	if !ok {
		st = &Stat{keep: s.keep}
		st.restart()
		s.put(name, st)
	}
	return st
}

// Func adds a statistic whose value is computed when somebody asks for it. It
// has no history, and cannot be reset.
func (s *Stats) Func(name string, compute func() int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(name, &Stat{compute: compute})
}

// put adds a statistic. The lock is held.
func (s *Stats) put(name string, st *Stat) {
	if s.stats == nil {
		s.stats = make(map[string]*Stat)
	}
	s.stats[name] = st
}

// Remove drops a statistic for good, such as that of a subnet which is gone.
func (s *Stats) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stats, name)
}

// get returns a statistic that no command has removed, or nil.
func (s *Stats) get(name string) *Stat {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if st := s.stats[name]; st != nil && !st.isRemoved() {
		return st
	}
	return nil
}

// all returns the statistics that no command has removed.
func (s *Stats) all() map[string]*Stat {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := maps.Clone(s.stats)
	maps.DeleteFunc(all, func(_ string, st *Stat) bool { return st.isRemoved() })
	return all
}

// SetSamples says which values statistics keep: the last count of them or, if
// count is 0, those not older than age. The newest is always kept, and never
// more than 1,000. Unless it is called they keep 20. Commands can change it.
func (s *Stats) SetSamples(count int, age time.Duration) {
	if count > 0 {
		s.retain(keepCount(int64(count)))
	} else {
		s.retain(keepAge(age))
	}
}

// retain changes which samples are kept, also of statistics that are yet to
// come.
func (s *Stats) retain(keep retention) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = keep
	for _, st := range s.stats {
		st.retain(keep)
	}
}
