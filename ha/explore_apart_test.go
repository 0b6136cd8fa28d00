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

// TestScenesAreToldApart changes whatever a machine remembers, one thing at a
// time. Each is another scene.
func TestScenesAreToldApart(t *testing.T) {
	e := newEncoder(nil)
	s := someScene(start)
	m := s.actors[0].m.(*machine)
	require.NotEmpty(t, m.clients.seen)
	before := e.encode(nil, s)
	soon := s.now.Add(-12 * time.Millisecond)
	changes := map[string]func(m *machine){
		"state":               func(m *machine) { m.state++ },
		"previous":            func(m *machine) { m.previous++ },
		"started":             func(m *machine) { m.started = !m.started },
		"serving":             func(m *machine) { m.serving = !m.serving },
		"serviceOff":          func(m *machine) { m.serviceOff = !m.serviceOff },
		"storeFailed":         func(m *machine) { m.storeFailed = !m.storeFailed },
		"held":                func(m *machine) { m.held = !m.held },
		"scopes":              func(m *machine) { m.scopes = nil },
		"covering":            func(m *machine) { m.covering = !m.covering },
		"paused":              func(m *machine) { m.paused = !m.paused },
		"pausesUsed":          func(m *machine) { m.pausesUsed++ },
		"partner.state":       func(m *machine) { m.partner.state++ },
		"partner.contact":     func(m *machine) { m.partner.contact = soon },
		"partner.answered":    func(m *machine) { m.partner.answered = !m.partner.answered },
		"partner.ours":        func(m *machine) { m.partner.ours = !m.partner.ours },
		"partner.storeFailed": func(m *machine) { m.partner.storeFailed = !m.partner.storeFailed },
		"partner.scopes":      func(m *machine) { m.partner.scopes = []string{"a"} },
		"partner.dated":       func(m *machine) { m.partner.dated = !m.partner.dated },
		"partner.unsent":      func(m *machine) { m.partner.unsent++ },
		"partner.fetching":    func(m *machine) { m.partner.fetching++ },
		"partner.fetched":     func(m *machine) { m.partner.fetched++ },
		"partner.wasFetched":  func(m *machine) { m.partner.wasFetched = !m.partner.wasFetched },
		"partner.justFetched": func(m *machine) { m.partner.justFetched = !m.partner.justFetched },
		"partner.skew":        func(m *machine) { m.partner.skew++ },
		"partner.skewKnown":   func(m *machine) { m.partner.skewKnown = !m.partner.skewKnown },
		"clients.seen":        func(m *machine) { m.clients.seen = map[string]client{"a": {}} },
		"clients.unacked":     func(m *machine) { m.clients.unacked++ },
		"rejected":            func(m *machine) { m.rejected = map[string]time.Time{"a": s.now.Add(time.Second)} },
		"unsent":              func(m *machine) { m.unsent++ },
		"heartbeat.at":        func(m *machine) { m.heartbeat.at = soon },
		"heartbeat.sent":      func(m *machine) { m.heartbeat.sent = soon },
		"heartbeat.out":       func(m *machine) { m.heartbeat.out = !m.heartbeat.out },
		"heartbeat.late":      func(m *machine) { m.heartbeat.late = !m.heartbeat.late },
		"heartbeat.stale":     func(m *machine) { m.heartbeat.stale = !m.heartbeat.stale },
		"heartbeat.dated":     func(m *machine) { m.heartbeat.dated = !m.heartbeat.dated },
		"heartbeat.soon":      func(m *machine) { m.heartbeat.soon = !m.heartbeat.soon },
		"heartbeat.delay":     func(m *machine) { m.heartbeat.delay++ },
		"job":                 func(m *machine) { m.job++ },
		"jobStale":            func(m *machine) { m.jobStale = !m.jobStale },
		"notify":              func(m *machine) { m.notify++ },
		"cancelledAt":         func(m *machine) { m.cancelledAt = soon },
		"overflowed":          func(m *machine) { m.overflowed = !m.overflowed },
		"ran":                 func(m *machine) { m.ran = soon },
	}
	for _, name := range remembered(e, reflect.TypeFor[machine](), "") {
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
	return f.Type == reflect.TypeFor[[]action]() || slices.Contains(e.passed[t], f.Name)
}
