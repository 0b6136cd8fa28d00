package ha

import (
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// step tells a server something, and begins what it wants.
func (s *scene) step(i int, ev event) []action {
	a := &s.actors[i]
	was, wasOn := a.m, a.m.Serving()
	switch m := was.(type) {
	case *machine:
		a.m = m.Clone()
	case *keaMind:
		a.m = m.clone()
	}
	actions := a.m.Step(s.now, ev)
	for _, action := range actions {
		s.perform(i, action)
	}
	if s.kinds[i] {
		s.justify(i, ev, was, wasOn)
	}
	return actions
}

func (s *scene) perform(i int, action action) {
	a := &s.actors[i]
	switch action := action.(type) {
	case sendHeartbeat:
		e := errand{what: heartbeatErrand, due: s.now.Add(walkTimeout)}
		if a.m.Ours() {
			e.told = a.m.State()
		}
		s.begin(i, e)
	case synchronize:
		s.begin(i, errand{what: syncErrand, leg: beside(a), due: s.now.Add(walkSync)})
	case sendBacklog:
		e := errand{what: backlogErrand, leg: beside(a), due: s.now.Add(walkTimeout)}
		if s.kinds[i] {
			e.changes = owedBy(a)
		} else {
			// A Kea removes what it sends before it knows the answer.
			e.changes, a.backlog = a.backlog, nil
		}
		if len(e.changes) == 0 {
			e.leg = within
		}
		s.begin(i, e)
	case dropBacklog:
		a.backlog = nil
	case sendReset:
		s.begin(i, errand{what: resetErrand, due: s.now.Add(walkTimeout)})
	case sendMaintenanceNotify:
		s.begin(i, errand{what: notifyErrand, cancel: action.Cancel, told: action.State, due: s.now.Add(walkTimeout)})
	case stateChanged:
		s.tell("    %s: %v -> %v (its partner: %v)", serverName(i), action.From, action.To, stateText(action.Partner))
		a.ordered = false
		if e := s.find(i, syncErrand); e != nil && s.kinds[i] && action.From != action.To {
			e.leg, e.due = lost, s.now // nobody waits for it
		}
	}
}

// beside says how leases get to the partner.
func beside(a *actor) leg {
	if a.m.Ours() {
		return within
	}
	return going
}

func owedBy(a *actor) (changes []newVersion) {
	for scope, v := range a.owed {
		if v != 0 {
			changes = append(changes, newVersion{int8(scope), v})
		}
	}
	return changes
}

func (s *scene) begin(i int, e errand) {
	e.from = int8(i)
	if e.leg == 0 {
		e.leg = going
	}
	s.under = append(s.under, e)
}

// end takes an errand out.
func (s *scene) end(k int) errand {
	e := s.under[k]
	s.under = slices.Delete(s.under, k, k+1)
	return e
}

// hold switches a server's service off or on for its partner.
func (s *scene) hold(i int, till time.Time) {
	a := &s.actors[i]
	a.heldTill = till
	if !s.kinds[i] {
		s.notice(i) // one of this kind notices with the next Tick
	}
}

// notice tells a machine that others hold its service off, or no longer do.
func (s *scene) notice(i int) {
	a := &s.actors[i]
	if off := !a.heldTill.IsZero(); off != a.off {
		a.off = off
		s.step(i, serviceSwitched{On: !off})
	}
}

// arrives is the end of the way of a request.
func (s *scene) arrives(k int) {
	e := &s.under[k]
	from, to := int(e.from), int(1-e.from)
	t := &s.actors[to]
	if !t.up {
		if e.gone {
			s.end(k)
		} else if e.what == resetErrand && !s.kinds[from] {
			// A Kea would try again at once, for ever: it may not take it for
			// refused in no time.
			e.leg = lost
		} else {
			s.fails(k) // it is refused
		}
		return
	}
	e.slow, e.leg = false, coming
	switch e.what {
	case heartbeatErrand:
		told := e.told
		if t.broken && !t.m.Ours() {
			e.result = ctrl.Error // so that a Kea takes over
			break
		}
		e.leases = t.leases
		e.report = &report{
			State: t.m.State(), Time: s.now.Add(s.ahead(to) - s.ahead(from)), Scopes: t.m.Scopes(), HasUnsent: true, Unsent: t.m.Unsent(),
			Ours: s.kinds[to], StoreFailed: t.broken,
		}
		if s.bothOurs() && told != StateNone && told != t.m.Partner() {
			s.step(to, partnerChanged{})
		}
	case syncErrand:
		if !e.over {
			e.leases = t.leases
			s.hold(to, s.now.Add(walkSync))
			break
		}
		for scope, v := range t.owed {
			if v%2 == 1 && v <= e.leases[scope] {
				t.owed[scope] = 0 // it has fetched that; of a release it has seen nothing
			}
		}
		s.step(to, syncCompleted{})
		s.hold(to, time.Time{})
	case backlogErrand, updateErrand:
		if t.broken {
			e.result = ctrl.Error
			break
		}
		if e.refused {
			e.result = ctrl.Conflict
			break
		}
		for _, c := range e.changes {
			if !s.kinds[to] || c.v.cltt() >= t.leases[c.scope].cltt() {
				t.leases[c.scope] = c.v // a Kea compares nothing
			}
		}
	case resetErrand:
		s.step(to, reset{})
	case notifyErrand:
		cancel := e.cancel
		t.tells(e.told)
		for _, action := range s.step(to, maintenanceNotify{Cancel: cancel, State: e.told}) {
			if r, ok := action.(reply); ok {
				s.under[k].result = r.Response.Result
			}
		}
		if cancel {
			s.under[k].state = t.m.State()
		}
	}
	if s.under[k].gone {
		s.end(k)
	}
}

// ahead is by how much a server's clock is ahead.
func (s *scene) ahead(i int) time.Duration {
	if i == 1 && s.skewed {
		return walkSkew
	}
	return 0
}

// returns is the end of the way of an answer.
func (s *scene) returns(k int) {
	e := s.end(k)
	i := int(e.from)
	a := &s.actors[i]
	switch e.what {
	case heartbeatErrand:
		if e.result != 0 {
			a.hears(s.now, nil)
			s.step(i, heartbeatFailed{})
			return
		}
		r := *e.report
		r.Ours = r.Ours && s.kinds[i] // a Kea knows nothing of that
		if r.Ours {
			a.heard = e.leases
			if awaitsLeases(a.m.State(), r.State) && !a.broken {
				a.leases.takeNewer(e.leases) // it waits for them before it heeds the answer
			}
		} else {
			r.StoreFailed = false
		}
		a.hears(s.now, &r)
		s.step(i, heartbeatAnswered{r})
	case syncErrand:
		switch {
		case e.over:
			s.step(i, syncDone{OK: true})
		case a.broken:
			s.enable(i)
			s.step(i, syncDone{})
		default:
			a.leases.fetch(e.leases)
			e.over, e.leg, e.slow, e.due = true, going, false, s.now.Add(walkTimeout)
			s.under = append(s.under, e)
		}
	case backlogErrand:
		if e.result == 0 {
			s.settled(i, e.changes, false)
		}
		s.step(i, backlogDone{OK: e.result == 0})
	case resetErrand:
		s.step(i, resetDone{OK: true})
	case notifyErrand:
		a.tells(e.state)
		s.step(i, notifyDone{Answered: true, Result: e.result, State: e.state})
	case updateErrand:
		s.updateEnds(i, &e)
	}
}

// updateEnds is the answer to a lease update.
func (s *scene) updateEnds(i int, e *errand) {
	switch e.result {
	case ctrl.Success:
		s.settled(i, e.changes, true)
		s.updated(i, accepted)
	case ctrl.Conflict:
		// It is not offered again, and its client is told nothing.
		s.settled(i, e.changes, false)
		s.actors[i].notes.refused = true
		s.updated(i, rejected)
	default:
		s.updated(i, failed)
	}
}

// settled: the partner has taken changes, and clients may have waited for that.
func (s *scene) settled(i int, changes []newVersion, told bool) {
	a := &s.actors[i]
	for _, c := range changes {
		if a.owed[c.scope] == c.v {
			a.owed[c.scope] = 0
		}
		if told && s.actors[i].m.Serving() {
			s.acked[c.scope] = max(s.acked[c.scope], c.v)
		}
	}
}

func (s *scene) updated(i int, how outcome) {
	s.step(i, updateAnswered{Peer: serverName(1 - i), Client: lease.Client{HWAddr: []byte{1}}, Outcome: how})
}

// enable lets the partner's service go on after a synchronization has failed.
func (s *scene) enable(i int) {
	if s.open(int8(i)) && s.actors[1-i].up && !s.actors[1-i].heldTill.IsZero() {
		s.hold(1-i, time.Time{})
	}
}

// fails is the end of an errand that comes to nothing.
func (s *scene) fails(k int) {
	e := s.end(k)
	i := int(e.from)
	switch e.what {
	case heartbeatErrand:
		s.actors[i].hears(s.now, nil)
		s.step(i, heartbeatFailed{})
	case syncErrand:
		if e.leg != within {
			s.enable(i)
		}
		s.step(i, syncDone{Unreachable: true})
	case backlogErrand:
		s.step(i, backlogDone{})
	case resetErrand:
		s.step(i, resetDone{})
	case notifyErrand:
		s.step(i, notifyDone{})
	case updateErrand:
		s.updated(i, failed)
	}
}

// done says whether an errand between two of this kind is accomplished: the
// leases have come. One that has nothing to send is at once.
func (s *scene) done(e *errand) bool {
	a, b := &s.actors[e.from], &s.actors[1-e.from]
	switch {
	case e.leg != within:
		return false
	case e.what == backlogErrand && !a.m.Ours():
		return true
	case e.what == syncErrand:
		return s.linked() && !a.leases.behind(a.heard)
	case e.what == backlogErrand:
		return s.linked() && !b.leases.behind(a.leases)
	case e.refused:
		return s.linked()
	default: // update
		c := e.changes[0]
		return b.leases[c.scope] >= c.v
	}
}

// accomplish is the end of an errand that is done.
func (s *scene) accomplish(k int) {
	e := s.end(k)
	i := int(e.from)
	switch e.what {
	case syncErrand:
		s.step(i, syncDone{OK: true})
	case backlogErrand:
		s.step(i, backlogDone{OK: true})
	case updateErrand:
		if e.refused {
			e.result = ctrl.Conflict
		}
		s.updateEnds(i, &e)
	}
}

// write changes a lease for a client: it is given the lease or, if it has it,
// gives it back.
func (s *scene) write(i, scope int) {
	a := &s.actors[i]
	v := s.newest[scope] + 1
	if v%2 == a.leases[scope]%2 { // odd ones are given, even ones given back
		v++
	}
	s.newest[scope] = v
	a.leases[scope] = v
	c := newVersion{int8(scope), v}
	if s.kinds[i] && !s.kinds[1-i] {
		a.owed[scope] = v
	}
	updates := a.m.Updates()
	if v%2 == 0 || updates != updatesAwaited {
		s.acked[scope] = max(s.acked[scope], v) // who gives back waits for nothing
	}
	if s.kinds[i] && v%2 == 1 && updates != updatesAwaited && a.m.State() == normalOf(s.mode) && a.said == normalOf(s.mode) {
		s.accuse("%s answers a client before its partner has the lease: %s", serverName(i), s.states())
	}
	switch {
	case updates == updatesAwaited:
		s.begin(i, errand{what: updateErrand, leg: beside(a), changes: []newVersion{c}, due: s.now.Add(walkTimeout)})
	case updates == updatesQueued && s.kinds[i]:
		if len(owedBy(a)) > 1 {
			s.step(i, backlogOverflowed{})
		}
	case updates == updatesQueued:
		if len(a.backlog) >= 1 { // delayed-updates-limit
			s.step(i, backlogOverflowed{})
		} else {
			a.backlog = append(slices.Clip(a.backlog), c)
		}
	case updates == updatesUnsent:
		s.step(i, updateUnsent{})
	}
}

func serverName(i int) string { return [...]string{"server1", "server2"}[i] }

func stateText(s State) string {
	if s == StateNone {
		return "not heard yet"
	}
	return s.String()
}
