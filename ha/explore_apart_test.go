package ha

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// someScene is one in which much is under way.
func someScene(at time.Time) *scene {
	s := newScene(newSetting(LoadBalancing, kinds{true, true}, none), 9, 9)
	s.now = at
	for _, h := range []happening{{what: startDeed}, {what: startDeed, i: 1}} {
		s = s.after(h)
	}
	for s.actors[0].m.State() != StateLoadBalancing {
		s = s.one(false)
	}
	s = s.after(happening{what: cutDeed})
	for s.now.Before(at.Add(12 * time.Second)) {
		s = s.one(false)
	}
	return s
}

func TestSceneIsTheSameAtAnyTime(t *testing.T) {
	e := newEncoder(nil)
	one := someScene(start)
	require.Equal(t, e.encode(nil, one), e.encode(nil, someScene(start.Add(time.Hour+time.Nanosecond))))
	later := one.copy()
	later.now = later.now.Add(time.Second)
	require.NotEqual(t, e.encode(nil, one), e.encode(nil, later))
}

// TestScenesAreToldApart changes whatever a Machine remembers, one thing at a
// time. Each is another scene.
func TestScenesAreToldApart(t *testing.T) {
	e := newEncoder(nil)
	s := someScene(start)
	m := s.actors[0].m.(*Machine)
	require.NotEmpty(t, m.clients.seen)
	before := e.encode(nil, s)
	soon := s.now.Add(-12 * time.Millisecond)
	changes := map[string]func(m *Machine){
		"state":               func(m *Machine) { m.state++ },
		"previous":            func(m *Machine) { m.previous++ },
		"started":             func(m *Machine) { m.started = !m.started },
		"serving":             func(m *Machine) { m.serving = !m.serving },
		"serviceOff":          func(m *Machine) { m.serviceOff = !m.serviceOff },
		"storeFailed":         func(m *Machine) { m.storeFailed = !m.storeFailed },
		"held":                func(m *Machine) { m.held = !m.held },
		"scopes":              func(m *Machine) { m.scopes = nil },
		"covering":            func(m *Machine) { m.covering = !m.covering },
		"paused":              func(m *Machine) { m.paused = !m.paused },
		"pausesUsed":          func(m *Machine) { m.pausesUsed++ },
		"partner.state":       func(m *Machine) { m.partner.state++ },
		"partner.contact":     func(m *Machine) { m.partner.contact = soon },
		"partner.answered":    func(m *Machine) { m.partner.answered = !m.partner.answered },
		"partner.ours":        func(m *Machine) { m.partner.ours = !m.partner.ours },
		"partner.storeFailed": func(m *Machine) { m.partner.storeFailed = !m.partner.storeFailed },
		"partner.scopes":      func(m *Machine) { m.partner.scopes = []string{"a"} },
		"partner.dated":       func(m *Machine) { m.partner.dated = !m.partner.dated },
		"partner.unsent":      func(m *Machine) { m.partner.unsent[1]++ },
		"partner.skew":        func(m *Machine) { m.partner.skew++ },
		"partner.skewKnown":   func(m *Machine) { m.partner.skewKnown = !m.partner.skewKnown },
		"clients.seen":        func(m *Machine) { m.clients.seen = map[string]client{"a": {}} },
		"clients.unacked":     func(m *Machine) { m.clients.unacked++ },
		"rejected":            func(m *Machine) { m.rejected = map[string]time.Time{"a": s.now.Add(time.Second)} },
		"unsent":              func(m *Machine) { m.unsent++ },
		"heartbeat.at":        func(m *Machine) { m.heartbeat.at = soon },
		"heartbeat.sent":      func(m *Machine) { m.heartbeat.sent = soon },
		"heartbeat.out":       func(m *Machine) { m.heartbeat.out = !m.heartbeat.out },
		"heartbeat.late":      func(m *Machine) { m.heartbeat.late = !m.heartbeat.late },
		"heartbeat.stale":     func(m *Machine) { m.heartbeat.stale = !m.heartbeat.stale },
		"heartbeat.dated":     func(m *Machine) { m.heartbeat.dated = !m.heartbeat.dated },
		"heartbeat.soon":      func(m *Machine) { m.heartbeat.soon = !m.heartbeat.soon },
		"heartbeat.delay":     func(m *Machine) { m.heartbeat.delay++ },
		"job":                 func(m *Machine) { m.job++ },
		"jobStale":            func(m *Machine) { m.jobStale = !m.jobStale },
		"notify":              func(m *Machine) { m.notify++ },
		"cancelledAt":         func(m *Machine) { m.cancelledAt = soon },
		"overflowed":          func(m *Machine) { m.overflowed = !m.overflowed },
		"ran":                 func(m *Machine) { m.ran = soon },
	}
	for _, name := range remembered(e, reflect.TypeFor[Machine](), "") {
		change, ok := changes[name]
		require.True(t, ok, "how is %s changed?", name)
		delete(changes, name)
		c := s.copy()
		other := m.Clone()
		change(other)
		c.actors[0].m = other
		require.NotEqual(t, before, e.encode(nil, c), name)
	}
	require.Empty(t, changes, "there is no such field")
}

// remembered returns the names of the fields that are not passed over, those of
// the structures in it in their place.
func remembered(e *encoder, t reflect.Type, within string) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case passedOver(e, t, f):
		case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]():
			names = append(names, remembered(e, f.Type, within+f.Name+".")...)
		default:
			names = append(names, within+f.Name)
		}
	}
	return names
}

func passedOver(e *encoder, t reflect.Type, f reflect.StructField) bool {
	return f.Type == reflect.TypeFor[[]Action]() || slices.Contains(e.passed[t], f.Name)
}
