package ha

import (
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// What a server of this kind must have a reason for, each time it does it. That
// both serve the same clients, or none, is often seen only when it is too late
// for a pair that is lucky: whether a server may take clients is checked against
// what it was told, which is noted here beside its machine.

// notes are what a server was told since it started, as its environment saw it.
type notes struct {
	said    State     // by the partner, in its last answer to a heartbeat, or with a command; unavailable: the last one failed
	at      time.Time // that was answered then; before the first: the start
	apart   bool      // the clocks differed too much
	asked   int8      // clients of the partner that it saw ask in vain since then
	refused bool      // the partner has refused a lease, since the start
}

// hears takes the end of a heartbeat; nil: it failed.
func (n *notes) hears(now time.Time, r *report) {
	if r == nil {
		n.said = StateUnavailable
		return
	}
	n.said, n.at, n.asked, n.apart = r.State, now, 0, r.Time.Sub(now).Abs() > time.Minute
	if r.StoreFailed {
		n.said = StateWaiting // whatever it says, it serves nobody
	}
}

// tells takes a state that the partner has told with a command.
func (n *notes) tells(s State) {
	if s != StateNone {
		n.said = s
	}
}

// justify accuses a server that has just been told something if what it made of
// it has no reason.
func (s *scene) justify(i int, ev event, was mind, wasOn bool) {
	a := &s.actors[i]
	m, before := a.m, was.State()
	name := serverName(i)
	if was.Paused() && m.State() != before && !mayEndPause(ev) {
		s.accuse("%s goes from %v to %v though it is stopped there", name, before, m.State())
	}
	if m.State() == StateTerminated && before != StateTerminated && (m.Ours() || a.said != StateTerminated && !a.apart && !a.refused) {
		s.accuse("%s gives up cooperation without a reason", name)
	}
	if done, ok := ev.(notifyDone); ok && done.Answered && done.Result == ctrl.Success &&
		before != StatePartnerInMaintenance && m.State() == StatePartnerInMaintenance && s.servesAny(1-i) {
		s.accuse("%s says that %s may be shut down, which serves: %s", name, serverName(1-i), s.states())
	}
	if m.Ours() && s.servedAny(was, wasOn) && !servesIn(m.State()) && !servesIn(a.said) && !isOrder(ev) {
		s.accuse("%s leaves its clients to a partner that does not serve: %v -> %v", name, before, m.State())
	}
	alone := m.State() == StatePartnerDown && before != StatePartnerDown && before != StatePartnerInMaintenance
	if (alone || s.takesMore(i, was, wasOn)) && !s.mayStandIn(i, ev, was, wasOn) {
		s.accuse("%s takes the clients of %s without a reason: %v -> %v", name, serverName(1-i), before, m.State())
	}
}

// mayEndPause says whether a server may leave a state in which it is stopped.
func mayEndPause(ev event) bool {
	switch ev.(type) {
	case resume, reset, maintenanceNotify, notifyDone, storeFailed:
		return true
	}
	return false
}

// isOrder says whether a server stops serving because it must.
func isOrder(ev event) bool {
	switch ev.(type) {
	case reset, maintenanceNotify, storeFailed:
		return true
	}
	return false
}

// servedAny says whether a server served clients before it was told something.
func (s *scene) servedAny(was mind, wasOn bool) bool {
	return wasOn && len(was.Scopes()) > 0
}

func (s *scene) servesAny(i int) bool {
	for scope := range s.scopes {
		if s.serves(i, scope) {
			return true
		}
	}
	return false
}

// takesMore says whether a server has begun to serve clients of its partner.
func (s *scene) takesMore(i int, was mind, wasOn bool) bool {
	m := s.actors[i].m
	if m.State() == StatePartnerDown && was.State() == StatePartnerDown {
		return false // it was held off while the partner fetched the leases
	}
	for scope, name := range s.scopes {
		if scope != i && m.Serving() && slices.Contains(m.Scopes(), name) && !(wasOn && slices.Contains(was.Scopes(), name)) {
			return true
		}
	}
	return false
}

// mayStandIn says whether a server has reason to serve the clients of its
// partner: by an operator's order, by what the partner says of itself, or by its
// silence and, where they can be watched, that of its clients' requests which
// nobody answers.
func (s *scene) mayStandIn(i int, ev event, was mind, wasOn bool) bool {
	a := &s.actors[i]
	switch ev.(type) {
	case setScopes, notifyDone, serviceSwitched:
		return true
	}
	if a.said != StateNone && a.said != StateUnavailable && !servesIn(a.said) {
		return true
	}
	silence := s.now.Sub(a.notes.at)
	if silence <= walkSilence {
		return false
	}
	watched := wasOn && !a.off && !was.Covering() && (s.mode == LoadBalancing || i == 1)
	return !watched || int(a.asked) > s.cfgs[i].maxUnackedClients() || a.asked > 0 && a.m.Ours() && silence > 2*walkSilence
}

// conform accuses a server of this kind that is not as its state demands.
func (s *scene) conform(i int) {
	a := &s.actors[i]
	if !a.up {
		return
	}
	state, name := a.m.State(), serverName(i)
	if a.broken && s.servesAny(i) {
		s.accuse("%s serves though its store has failed: %s", name, s.states())
	}
	if a.m.Serving() && !servesIn(state) {
		s.accuse("%s has its service on in %v", name, state)
	}
	if a.ordered {
		return
	}
	if want := s.usual(i); !slices.Equal(want, a.m.Scopes()) {
		s.accuse("%s has scopes %v in %v", name, a.m.Scopes(), state)
	}
}
