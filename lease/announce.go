package lease

import "slices"

// Announcer is told of changes before they are durable, so that it can send
// them elsewhere in the meantime. Its methods must be quick, must not call the
// store and must not modify what they are given, which they may keep.
type Announcer interface {
	// Announced tells of changes that are about to be written, in the order
	// of revisions: with their Revision and Source, their conditions hold.
	Announced(changes []Change)

	// Failed tells that the changes of the last call of Announced could not
	// be written: they have not been made, and their revisions will not be
	// given out again. Position is already in another epoch then.
	Failed(changes []Change)
}

// Announce has the Announcer told of changes. Every change that was not
// durable when Announce returned is announced. Once stop has returned the
// Announcer is not called again; a write that has been announced is waited
// for, so neither may be called from within it.
func (s *Store) Announce(a Announcer) (stop func()) {
	entry := &a
	s.turn <- struct{}{}
	s.announcers = append(s.announcers, entry)
	<-s.turn
	return func() {
		s.turn <- struct{}{}
		defer func() { <-s.turn }()
		s.announcers = slices.DeleteFunc(s.announcers, func(other *Announcer) bool { return other == entry })
	}
}

// announce tells of a plan that is to be written, and returns its changes if
// anybody has been told.
func (s *Store) announce(p *plan) (changes []Change) {
	s.mu.Lock()
	s.issued = p.issued
	s.mu.Unlock()
	if len(s.announcers) == 0 || len(p.steps) == 0 {
		return nil
	}
	changes = make([]Change, len(p.steps))
	for i := range p.steps {
		changes[i] = p.steps[i].change(p.steps[i].rev)
	}
	for _, a := range s.announcers {
		(*a).Announced(changes)
	}
	return changes
}
