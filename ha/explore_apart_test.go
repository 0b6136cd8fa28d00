package ha

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// someScene is one in which much is under way.
func someScene(at time.Time) *scene {
	s := newScene(newSetting(LoadBalancing, kinds{true, true}), 9, 9)
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
	m := s.actors[0].m.(*Machine).Clone()
	require.NotEmpty(t, m.clients.seen)
	m.rejected = map[string]time.Time{"a": s.now.Add(time.Second)}
	m.partner.scopes = []string{"server1"}
	s.actors[0].m = m
	before := e.encode(nil, s)
	leaves := 0
	var change func(v reflect.Value, name string)
	change = func(v reflect.Value, name string) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		switch {
		case v.Type() == reflect.TypeFor[time.Time]():
			v.Set(reflect.ValueOf(s.now.Add(-12 * time.Millisecond)))
		case v.Kind() == reflect.Bool:
			v.SetBool(!v.Bool())
		case v.CanInt():
			v.SetInt(v.Int() + 1)
		case v.CanUint():
			v.SetUint(v.Uint() + 1)
		case v.Kind() == reflect.String:
			v.SetString(v.String() + "x")
		case v.Kind() == reflect.Slice, v.Kind() == reflect.Map:
			v.SetZero()
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				change(v.Index(i), name)
			}
			return
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if !passedOver(e, v.Type(), f) {
					change(reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem(), name+"."+f.Name)
				}
			}
			return
		default:
			t.Fatalf("%s cannot be changed", name)
		}
		leaves++
		require.NotEqual(t, before, e.encode(nil, s), name)
		v.Set(was)
		require.Equal(t, before, e.encode(nil, s), name)
	}
	change(reflect.ValueOf(m).Elem(), "Machine")
	require.Greater(t, leaves, 30)
}

func passedOver(e *encoder, t reflect.Type, f reflect.StructField) bool {
	if f.Type == reflect.TypeFor[[]Action]() {
		return true
	}
	for _, name := range e.passed[t] {
		if name == f.Name {
			return true
		}
	}
	return false
}
