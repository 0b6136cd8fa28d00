package ha

import (
	"fmt"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// happening is what can happen next.
type happening struct {
	what deed
	i    int8 // the server, or the errand
	arg  int8 // the scope
}

type deed uint8

const (
	// What must happen before time goes on.
	tickDeed       deed = iota + 1
	askDeed             // clients of the partner ask
	feedDeed            // leases flow to a partner of this kind
	arriveDeed          // a request
	returnDeed          // an answer
	accomplishDeed      // the leases have come
	giveUpDeed          // no answer has come in time
	againDeed           // what a Kea has not acknowledged is sent again
	letGoDeed           // the service, which was held off for long enough
	forgetDeed          // a message that nobody waits for

	timeDeed // goes on

	// What may happen at any time, often enough.
	startDeed
	joinDeed
	worksDeed    // the store
	setRightDeed // the clock
	cacheDeed    // a client is told of the lease that a Kea could not tell its partner of
	cancelDeed   // an operator ends maintenance
	continueDeed // an operator has a server go on
	quickDeed    // the feed

	// A lease is given to a client or given back. So many times.
	writeDeed

	// Faults and orders of an operator. So many times.
	crashDeed
	cutDeed
	loseDeed
	slowDeed
	dullDeed   // the feed is slow
	breakDeed  // the store
	setOffDeed // the clock
	fewDeed    // only one client asks
	oddDeed    // some time passes, so that what begins now keeps no step with the rest
	floodDeed  // more updates wait for the partner than may
	refuseDeed // the partner refuses a lease
	resetDeed
	maintainDeed
	noScopesDeed
	allScopesDeed
)

// urgent says whether time goes on only afterwards.
func (h happening) urgent() bool { return h.what < timeDeed }

func (h happening) fault() bool { return h.what >= crashDeed }

// anytime says whether it may happen at any time without being out of turn: it
// is a fault, the end of one, a command, or a change of leases.
func (h happening) anytime() bool { return h.what >= startDeed }

// turn returns what comes next if nothing goes wrong.
func (s *scene) turn() happening {
	if all := s.due(nil); len(all) > 0 {
		return all[0]
	}
	for _, h := range s.maybe(nil) {
		switch h.what {
		case continueDeed:
			if s.healed {
				return h
			}
		case arriveDeed, returnDeed, accomplishDeed:
			return h
		}
	}
	return happening{what: timeDeed}
}

// next returns what can happen next, in an order that is always the same.
func (s *scene) next() (all []happening) {
	all = s.due(all)
	if wait := slices.ContainsFunc(all, happening.urgent); !wait && !s.later().IsZero() && !s.lastMoment() {
		all = append(all, happening{what: timeDeed})
	}
	all = s.maybe(all)
	for i := range s.actors {
		for scope := range s.scopes {
			if s.writes > 0 && s.serves(i, scope) {
				all = append(all, happening{writeDeed, int8(i), int8(scope)})
			}
		}
	}
	if s.faults > 0 {
		all = s.worse(all)
	}
	return all
}

// due adds what happens at this instant.
func (s *scene) due(all []happening) []happening {
	add := func(what deed, i int) { all = append(all, happening{what: what, i: int8(i)}) }
	for i := range s.actors {
		a := &s.actors[i]
		if !a.up {
			continue
		}
		if at := a.m.Deadline(); !at.IsZero() && !s.now.Before(at) {
			add(tickDeed, i)
		}
		if s.watchesClients(i) {
			add(askDeed, i)
		}
		if !a.deaf && s.feeds(i) {
			add(feedDeed, i)
		}
		if !a.heldTill.IsZero() && !s.now.Before(a.heldTill) {
			add(letGoDeed, i)
		}
		if s.kinds[i] && !s.kinds[1-i] && a.m.Updates() == updatesAwaited && a.owed != (holdings{}) && s.find(i, updateErrand) == nil &&
			a.m.Partner() != StateUnavailable {
			add(againDeed, i)
		}
	}
	for k := range s.under {
		e := &s.under[k]
		late := !s.now.Before(e.due)
		switch {
		case e.gone && late:
			add(forgetDeed, k)
		case s.done(e) && e.what != syncErrand:
			add(accomplishDeed, k)
		case late || e.leg == within && e.what != syncErrand && !s.actors[1-e.from].up:
			add(giveUpDeed, k)
		case e.leg == going && s.open(e.from) && !e.slow && e.what != syncErrand:
			add(arriveDeed, k)
		case e.leg == coming && s.open(1-e.from) && !e.slow && e.what != syncErrand:
			add(returnDeed, k)
		}
	}
	return all
}

// watchesClients says whether a server sees clients of its partner that get no
// answer, and that it has not counted.
func (s *scene) watchesClients(i int) bool {
	a := &s.actors[i]
	if !a.m.Serving() || !a.heldTill.IsZero() || s.now.Before(a.m.InterruptedAt()) || a.m.Unacked() >= int(s.crowd) {
		return false
	}
	for scope := range s.scopes {
		if !slices.Contains(a.m.Scopes(), s.scopes[scope]) {
			return true
		}
	}
	return false
}

// later returns the next instant at which something is due; zero: nothing ever.
func (s *scene) later() (next time.Time) {
	consider := func(at time.Time) {
		if at.After(s.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for i := range s.actors {
		if a := &s.actors[i]; a.up {
			consider(a.m.Deadline())
			consider(a.heldTill)
		}
	}
	for k := range s.under {
		consider(s.under[k].due)
	}
	return next
}

// lastMoment says whether leases that are being fetched must get on before time
// does: that takes as long as it may, and longer only by a fault.
func (s *scene) lastMoment() bool {
	return slices.ContainsFunc(s.under, func(e errand) bool {
		moves := e.leg == going && s.open(e.from) || e.leg == coming && s.open(1-e.from) || s.done(&e)
		return e.what == syncErrand && moves && !e.slow && !s.later().Before(e.due)
	})
}

// maybe adds what can happen without being a fault: the end of one, and what
// takes as long as it likes.
func (s *scene) maybe(all []happening) []happening {
	add := func(what deed, i int) { all = append(all, happening{what: what, i: int8(i)}) }
	for i := range s.actors {
		a := &s.actors[i]
		if !a.up {
			add(startDeed, i)
			continue
		}
		if a.broken {
			add(worksDeed, i)
		}
		if a.m.State() == StatePartnerInMaintenance && s.find(i, notifyErrand) == nil {
			add(cancelDeed, i)
		}
		if a.deaf && s.feeds(i) {
			add(quickDeed, i)
		}
		if a.m.Paused() {
			add(continueDeed, i)
		}
		for scope := range s.scopes {
			if v := a.leases[scope]; !s.kinds[i] && v > s.acked[scope] && v%2 == 1 && s.serves(i, scope) && s.find(i, updateErrand) == nil {
				all = append(all, happening{cacheDeed, int8(i), int8(scope)})
			}
		}
	}
	for i := range s.cut {
		if s.cut[i] {
			add(joinDeed, i)
		}
	}
	if s.skewed {
		add(setRightDeed, 1)
	}
	for k := range s.under {
		e := &s.under[k]
		if late := !s.now.Before(e.due); late || !e.slow && e.what != syncErrand {
			continue
		}
		switch {
		case e.leg == going && s.open(e.from):
			add(arriveDeed, k)
		case e.leg == coming && s.open(1-e.from):
			add(returnDeed, k)
		case s.done(e):
			add(accomplishDeed, k)
		}
	}
	return all
}

// worse adds faults and orders.
func (s *scene) worse(all []happening) []happening {
	add := func(what deed, i int) { all = append(all, happening{what: what, i: int8(i)}) }
	up := s.actors[0].up && s.actors[1].up
	for i := range s.actors {
		a := &s.actors[i]
		if !a.up {
			continue
		}
		add(crashDeed, i)
		if !s.cut[i] && up {
			add(cutDeed, i)
		}
		if s.kinds[i] && !a.broken {
			add(breakDeed, i)
		}
		if s.bothOurs() && !a.deaf {
			add(dullDeed, i)
		}
		if a.m.State() == StateCommunicationRecovery {
			add(floodDeed, i)
		}
		if a.m.State() != StateWaiting {
			add(resetDeed, i)
		}
		if s.find(i, notifyErrand) == nil {
			add(maintainDeed, i)
		}
		if len(a.m.Scopes()) > 0 {
			add(noScopesDeed, i)
		}
		if len(a.m.Scopes()) < len(s.scopes) {
			add(allScopesDeed, i)
		}
	}
	for k := range s.under {
		if e := &s.under[k]; !e.gone && (e.leg == going || e.leg == coming) {
			add(loseDeed, k)
			if !e.slow {
				add(slowDeed, k)
			}
		}
		if e := &s.under[k]; e.what == updateErrand && !e.gone && !e.refused && (e.leg == going || e.leg == within) {
			add(refuseDeed, k)
		}
	}
	if !s.skewed && up {
		add(setOffDeed, 1)
	}
	if s.crowd > 1 {
		add(fewDeed, 0)
	}
	if next := s.later(); next.Sub(s.now) > walkOdd && !slices.ContainsFunc(all, happening.urgent) && !s.lastMoment() {
		add(oddDeed, 0)
	}
	return all
}

// after returns the scene in which something has happened.
func (s *scene) after(h happening) *scene {
	c := s.copy()
	if c.trace != nil {
		c.tell("%s", c.describe(h))
	}
	c.happen(h)
	if h.what == writeDeed {
		c.writes--
	}
	if h.fault() {
		c.faults--
	}
	slices.SortFunc(c.under, compareErrands)
	c.watch(s, h.fault() || h.what > timeDeed && h.what < writeDeed)
	return c
}

func compareErrands(a, b errand) int {
	order := func(e errand) int {
		n := int(e.from)*100 + int(e.what)*2
		if e.gone {
			n++
		}
		return n
	}
	return order(a) - order(b)
}

func (s *scene) happen(h happening) {
	i := int(h.i)
	switch h.what {
	case tickDeed:
		if s.kinds[i] {
			s.notice(i)
		}
		s.step(i, tick{})
	case askDeed:
		s.ask(i)
	case feedDeed, quickDeed:
		s.actors[i].deaf = false
		s.actors[1-i].leases.takeNewer(s.actors[i].leases)
	case arriveDeed:
		s.arrives(i)
	case returnDeed:
		s.returns(i)
	case accomplishDeed:
		s.accomplish(i)
	case giveUpDeed:
		s.giveUp(i)
	case againDeed:
		s.begin(i, errand{what: updateErrand, changes: owedBy(&s.actors[i]), due: s.now.Add(walkTimeout)})
	case letGoDeed:
		s.hold(i, time.Time{})
	case forgetDeed:
		s.end(i)
	case timeDeed:
		s.now = s.later()
	case startDeed:
		s.start(i)
	case joinDeed:
		s.cut[i] = false
	case worksDeed:
		s.actors[i].broken = false
		s.step(i, storeWorks{})
	case setRightDeed:
		s.skewed = false
	case cacheDeed:
		s.acked[h.arg] = s.actors[i].leases[h.arg]
	case cancelDeed:
		s.step(i, maintenanceCancel{})
	case writeDeed:
		s.write(i, int(h.arg))
	case crashDeed:
		s.crash(i)
	case cutDeed:
		s.cut[i] = true
	case loseDeed:
		s.under[i].leg = lost
	case slowDeed:
		s.under[i].slow = true
	case dullDeed:
		s.actors[i].deaf = true
	case breakDeed:
		s.actors[i].broken = true
		s.step(i, storeFailed{})
	case setOffDeed:
		s.skewed = true
	case fewDeed:
		s.crowd = 1
	case oddDeed:
		s.now = s.now.Add(walkOdd)
	case floodDeed:
		s.step(i, backlogOverflowed{})
	case refuseDeed:
		s.refuse = true
		s.under[i].refused = true
	case continueDeed:
		s.step(i, resume{})
	case resetDeed:
		s.step(i, reset{})
	case maintainDeed:
		s.step(i, maintenanceStart{})
	case noScopesDeed:
		s.order(i, nil)
	case allScopesDeed:
		s.order(i, s.scopes)
	}
}

func (s *scene) order(i int, scopes []string) {
	s.step(i, setScopes{Scopes: scopes})
	s.actors[i].ordered = true
}

func (s *scene) start(i int) {
	a := &s.actors[i]
	a.up = true
	a.notes.at = s.now
	if s.kinds[i] {
		a.m = newMachine(s.cfgs[i], s.now)
	} else {
		a.m = newKeaMind(s.cfgs[i], s.now)
	}
}

// crash ends a server: what it has on disk stays, and what it knows of that.
func (s *scene) crash(i int) {
	a := &s.actors[i]
	*a = actor{leases: a.leases, owed: a.owed}
	s.under = slices.DeleteFunc(s.under, func(e errand) bool { return int(e.from) == i && !(e.slow && s.lasts(&e)) })
	for k := range s.under {
		if e := &s.under[k]; int(e.from) == i && !e.gone {
			e.gone, e.due = true, s.now.Add(walkSilence)
		}
	}
}

// lasts says whether a request has an effect though nobody waits for the
// answer.
func (s *scene) lasts(e *errand) bool {
	return e.leg == going && e.what != heartbeatErrand && e.what != syncErrand
}

// giveUp is the end of an errand that was answered too late or never. One of
// this kind ends the connection, too; what a Kea has sent may still arrive.
func (s *scene) giveUp(k int) {
	if e := s.under[k]; e.slow && s.lasts(&e) && !s.kinds[e.from] {
		e.gone, e.due = true, s.now.Add(walkSilence)
		s.under = append(s.under, e)
	}
	s.fails(k)
}

// ask has clients of the partner ask a server that leaves them to it.
func (s *scene) ask(i int) {
	s.actors[i].asked = max(s.actors[i].asked, s.crowd)
	for c := range s.crowd {
		s.step(i, queryLeft{Client: lease.Client{HWAddr: []byte{byte(c)}}, Waited: 2 * walkHeartbeat})
	}
}

// describe says in words what happens.
func (s *scene) describe(h happening) string {
	i := int(h.i)
	switch h.what {
	case arriveDeed, returnDeed, accomplishDeed, giveUpDeed, forgetDeed, loseDeed, slowDeed, refuseDeed:
		return s.describeErrand(h)
	case timeDeed:
		return fmt.Sprintf("%v later", s.later().Sub(s.now))
	case oddDeed:
		return fmt.Sprintf("%v later", walkOdd)
	case fewDeed:
		return "from now on only one client of a server asks the other"
	case cutDeed:
		return fmt.Sprintf("the way from %s to %s is cut", serverName(i), serverName(1-i))
	case joinDeed:
		return fmt.Sprintf("the way from %s to %s is open again", serverName(i), serverName(1-i))
	case feedDeed, quickDeed:
		return fmt.Sprintf("%s is given the changes of %s", serverName(1-i), serverName(i))
	case writeDeed, cacheDeed:
		scope := s.scopes[h.arg]
		switch v := s.actors[i].leases[h.arg]; {
		case h.what == cacheDeed:
			return fmt.Sprintf("%s answers the client of %s, who asks again, by the lease it has", serverName(i), scope)
		case v%2 == 1:
			return fmt.Sprintf("%s: a client of %s gives its lease back", serverName(i), scope)
		default:
			return fmt.Sprintf("%s: a lease for a client of %s", serverName(i), scope)
		}
	}
	return serverName(i) + map[deed]string{
		tickDeed: ": its time has come", askDeed: " sees clients ask that get no answer", againDeed: " sends again what was not acknowledged",
		letGoDeed: " is no longer held off", startDeed: " starts", worksDeed: ": the store works again", setRightDeed: ": the clock is set right",
		cancelDeed: ": ha-maintenance-cancel", continueDeed: ": ha-continue", crashDeed: " crashes", dullDeed: ": what flows to the partner is slow",
		breakDeed: ": the store fails", setOffDeed: ": the clock is set 90 s ahead", floodDeed: ": more updates wait than may",
		resetDeed: ": ha-reset", maintainDeed: ": ha-maintenance-start", noScopesDeed: ": ha-scopes, none", allScopesDeed: ": ha-scopes, all",
	}[h.what]
}

func (s *scene) describeErrand(h happening) string {
	e := &s.under[h.i]
	from, to := serverName(int(e.from)), serverName(1-int(e.from))
	way := fmt.Sprintf("the %v from %s", e.what, from)
	switch {
	case e.what == syncErrand && e.over:
		way = fmt.Sprintf("the ha-sync-complete-notify from %s", from)
	case e.what == notifyErrand && e.cancel:
		way = fmt.Sprintf("the cancelling ha-maintenance-notify from %s", from)
	}
	switch h.what {
	case arriveDeed:
		if !s.actors[1-e.from].up {
			return fmt.Sprintf("%s finds that %s is down", way, to)
		}
		return fmt.Sprintf("%s arrives at %s", way, to)
	case returnDeed:
		return fmt.Sprintf("%s is answered by %s: %s", way, to, e.answer())
	case accomplishDeed:
		return fmt.Sprintf("%s is done", way)
	case giveUpDeed:
		return fmt.Sprintf("%s fails", way)
	case forgetDeed:
		return fmt.Sprintf("%s is forgotten", way)
	case loseDeed:
		return fmt.Sprintf("%s, or the answer, is lost", way)
	case refuseDeed:
		return fmt.Sprintf("%s will be refused", way)
	default:
		return fmt.Sprintf("%s, or the answer, is slow", way)
	}
}

func (e *errand) answer() string {
	switch {
	case e.result != 0:
		return fmt.Sprint("result ", e.result)
	case e.report != nil:
		return fmt.Sprintf("%v, serves %v", e.report.State, e.report.Scopes)
	}
	return "success"
}
