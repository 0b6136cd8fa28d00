package lease

import "slices"

type observer struct {
	fn func(old, new *Lease)
}

// Observe calls fn for every lease there is (old is nil), and from then on for
// every change in the order of revisions (new is nil: removed), after the
// change is durable and before its Commit returns. No change is missed between
// the two. Commits wait until the first calls are done.
//
// fn must be quick, must not call the store and must neither modify nor keep
// what it is given. Once stop has returned fn is not called again.
func (s *Store) Observe(fn func(old, new *Lease)) (stop func()) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	// Nobody commits now, so that the index stays as it is without its lock,
	// and questions are answered meanwhile.
	s.index.addrs.ascend(addrPlace{typ: V4}, func(_ addrPlace, id uint32) bool {
		r := s.index.parse(id)
		l := r.view(s.index.slab.at(id).rev)
		fn(nil, &l)
		return true
	})
	return s.watch(fn)
}

// watch is Observe without the calls for the leases that there are.
func (s *Store) watch(fn func(old, new *Lease)) (stop func()) {
	o := &observer{fn}
	s.mu.Lock()
	s.observers = append(s.observers, o)
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.observers = slices.DeleteFunc(s.observers, func(other *observer) bool { return other == o })
	}
}
