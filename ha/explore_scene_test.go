package ha

import (
	"slices"
	"time"
)

// A walk goes through every order of what can happen to two servers. This file
// is what it goes through: a scene is the two servers and everything between
// them at one instant. Scenes do not change; what happens makes another one.
//
// Time is that of the machines: it goes on, to the next instant at which
// something is due, only when all that is due has happened, in whatever order.
// A message arrives within no time, unless it is slow or lost, which are faults.

// mind is the state machine of a server: a machine, or a keaMind.
type mind interface {
	Step(now time.Time, ev event) []action
	Deadline() time.Time
	InterruptedAt() time.Time
	State() State
	Partner() State
	Scopes() []string
	Serving() bool
	Covering() bool
	Ours() bool
	Paused() bool
	Updates() updates
	Unacked() int
	Unsent() uint64
}

// kinds are what the two servers are.
type kinds [2]bool // whether it is of this kind; otherwise a Kea

func (k kinds) String() string {
	name := map[bool]string{true: "ours", false: "Kea"}
	return name[k[0]] + "/" + name[k[1]]
}

// setting is what does not change in a walk.
type setting struct {
	mode   Mode
	kinds  kinds
	cfgs   [2]*Config
	scopes []string // that somebody owns
}

// newSetting returns a setting. The pausing server, 0 or 1, stops in each state it
// enters, for an operator to have it go on.
func newSetting(mode Mode, k kinds, pausing int) *setting {
	s := &setting{mode: mode, kinds: k, scopes: []string{"server1", "server2"}}
	if mode == HotStandby {
		s.scopes = s.scopes[:1]
	}
	for i, name := range []string{"server1", "server2"} {
		c := pairConfig(mode, name)
		c.MaxResponseDelay, c.MaxUnackedClients, c.MaxRejectedLeaseUpdates = new(uint32(2000)), new(uint32(1)), new(uint32(1))
		if i == pausing {
			c.StateMachine = everyPause()
		}
		if mode == LoadBalancing {
			c.DelayedUpdatesLimit = new(uint32(1))
		}
		s.cfgs[i] = c
	}
	return s
}

func everyPause() *StateMachine {
	m := &StateMachine{}
	for s := StateBackup; s < StateUnavailable; s++ {
		m.States = append(m.States, StatePause{State: s.String(), Pause: PauseAlways})
	}
	return m
}

func (s *setting) bothOurs() bool { return s.kinds[0] && s.kinds[1] }

// The times of the setting. All of them are multiples of a second, but for the
// millisecond that must have passed beyond max-response-delay and the tenth of
// a second between hurried heartbeats, so that not many phases are possible.
const (
	walkHeartbeat = time.Second
	walkSilence   = 2 * time.Second
	walkTimeout   = time.Second     // of a request: Config.requestTimeout
	walkSync      = 2 * time.Second // of a page of leases
	walkSkew      = 90 * time.Second
	walkOdd       = 400 * time.Millisecond // out of step with all the others
)

// version is what a lease has become: 0 is none, odd ones are given to a
// client, even ones are given back by it.
type version int8

// cltt is the time of the client's last transaction, which a release leaves as
// it is.
func (v version) cltt() version {
	if v > 0 && v%2 == 0 {
		return v - 1
	}
	return v
}

// holdings has a lease of each scope.
type holdings [2]version

// takeNewer is how two of this kind follow each other.
func (l *holdings) takeNewer(other holdings) {
	for i, v := range other {
		l[i] = max(l[i], v)
	}
}

// fetch is what Kea makes of a page of leases.
func (l *holdings) fetch(other holdings) {
	for i, v := range other {
		if v != 0 && (l[i] == 0 || v.cltt() > l[i].cltt()) {
			l[i] = v
		}
	}
}

// behind says whether other has something newer.
func (l *holdings) behind(other holdings) bool {
	for i, v := range other {
		if v > l[i] {
			return true
		}
	}
	return false
}

// newVersion is a new version of a lease.
type newVersion struct {
	scope int8
	v     version
}

// actor is a server in a scene.
type actor struct {
	up       bool
	m        mind          // shared with other scenes: copied before it steps
	heldTill time.Time     // until when the partner's synchronization holds the service off; zero: it does not
	off      bool          // the machine was told so
	broken   bool          // its store
	ordered  bool          // an operator has said whom it serves
	leases   holdings      // durable
	heard    holdings      // what the partner had when it was last heard
	owed     holdings      // what a Kea for a partner has not acknowledged; 0: nothing
	backlog  []newVersion  // of a Kea
	deaf     bool          // the feed to the partner is slow
	age      time.Duration // since its start, as far as it matters
	notes
}

// errand is a request and its answer.
type errand struct {
	from int8
	what errandKind
	leg  leg
	slow bool
	gone bool      // nobody waits for the answer any more
	due  time.Time // when it is given up; of one that nobody waits for when it is forgotten

	told    State        // heartbeat: the sender's state; notify: that argument
	report  *report      // heartbeat: the answer
	refused bool         // update: it will be
	leases  holdings     // heartbeat, sync: the answerer's
	changes []newVersion // update, backlog
	cancel  bool         // notify
	over    bool         // sync: the leases are here, the partner is told so
	result  int          // of the answer; not 0: refused
	state   State        // notify: the answer's
}

type errandKind uint8

const (
	heartbeatErrand errandKind = iota + 1
	syncErrand
	backlogErrand
	resetErrand
	notifyErrand
	updateErrand
)

var errandNames = [...]string{"", "ha-heartbeat", "synchronization", "backlog", "ha-reset", "ha-maintenance-notify", "lease update"}

func (k errandKind) String() string { return errandNames[k] }

// leg is where an errand is.
type leg uint8

const (
	going  leg = iota + 1 // to the partner
	coming                // back
	lost                  // nothing will come back
	within                // between two of this kind leases flow beside it
)

type scene struct {
	*setting
	now    time.Time
	actors [2]actor
	under  []errand // way
	cut    [2]bool  // nothing gets from the server to the other
	skewed bool     // the clock of server2 is ahead
	healed bool     // no more faults: an operator does what is to be done
	refuse bool     // a lease was refused, some time
	crowd  int8     // how many clients of each server there are
	newest holdings // of all versions
	acked  holdings // what clients were told last

	faults, writes int8 // that may still happen

	// For how long, for what must hold for some time.
	calm   time.Duration    // the network has lost and delayed nothing
	both   [2]time.Duration // both serve the scope
	nobody [2]time.Duration // nobody does

	trace *storyteller // nil: nobody listens
	wrong []wrong      // what has just been found
}

func newScene(s *setting, faults, writes int) *scene {
	return &scene{setting: s, now: start, crowd: 2, faults: int8(faults), writes: int8(writes)}
}

// running returns the scene in normal operation. Each server has given a lease
// to a client, which the other has, too.
func (s *scene) running() *scene {
	c := s.after(happening{what: startDeed}).after(happening{what: startDeed, i: 1})
	for n := 0; !c.normal() || c.now.Sub(start) < 20*time.Second; n++ {
		if n > 1000 {
			panic("no normal operation: " + c.states())
		}
		c.healed = true
		c = c.one(false)
	}
	c.healed = false
	for scope := range c.scopes {
		c.newest[scope], c.acked[scope] = 1, 1
		for i := range c.actors {
			c.actors[i].leases[scope], c.actors[i].heard[scope] = 1, 1
		}
	}
	return c
}

// copy returns a scene that may be changed.
func (s *scene) copy() *scene {
	c := *s
	c.under = slices.Clone(s.under)
	c.wrong = nil
	return &c
}

// serves says whether a server answers the clients of a scope.
func (s *scene) serves(i, scope int) bool {
	a := &s.actors[i]
	return a.up && a.m.Serving() && a.heldTill.IsZero() && slices.Contains(a.m.Scopes(), s.scopes[scope])
}

// open says whether messages get from a server to the other.
func (s *scene) open(from int8) bool { return !s.cut[from] }

// linked says whether two of this kind exchange leases now.
func (s *scene) linked() bool { return !s.cut[0] && !s.cut[1] && s.actors[0].up && s.actors[1].up }

// feeds says whether leases flow from a server to its partner, both of this
// kind.
func (s *scene) feeds(i int) bool {
	from, to := &s.actors[i], &s.actors[1-i]
	return s.bothOurs() && s.linked() && from.m.Ours() && !to.broken && to.leases.behind(from.leases)
}

// find returns the errand of a kind that a server waits for.
func (s *scene) find(from int, what errandKind) *errand {
	for k := range s.under {
		if e := &s.under[k]; int(e.from) == from && e.what == what && !e.gone {
			return e
		}
	}
	return nil
}

// normal says whether both servers cooperate as they should in the end.
func (s *scene) normal() bool {
	for i := range s.actors {
		a := &s.actors[i]
		if !a.up || a.m.State() != normalOf(s.mode) || a.m.Covering() || a.m.Updates() != updatesAwaited ||
			!a.heldTill.IsZero() || a.m.Partner() != normalOf(s.mode) || s.feeds(i) || s.find(i, updateErrand) != nil {
			return false
		}
		for scope, name := range s.scopes {
			if slices.Contains(a.m.Scopes(), name) != (scope == i) {
				return false
			}
		}
	}
	return true
}
