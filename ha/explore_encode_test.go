package ha

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
	"time"
)

// Two scenes are the same if nothing can tell them apart in future. encoder
// writes a scene so that the same ones are the same bytes: every field of
// everything in it, found by reflection so that a new one is not forgotten,
// with instants as they are from now on. What is passed over is named.
type encoder struct {
	passed map[reflect.Type][]string
	plans  map[reflect.Type]plan
}

// plan writes a value.
type plan func(b []byte, v reflect.Value, now int64) []byte

// How far away an instant makes no difference any more. In the past that is
// twice max-response-delay, after which a silent partner is lost for good, and
// as long again; for some fields it is less.
const (
	encodedPast   = 4*walkSilence + 100*time.Millisecond
	encodedFuture = 70 * time.Second
)

var encodedPasts = map[reflect.Type]map[string]time.Duration{
	reflect.TypeFor[machine]():   {"cancelledAt": walkHeartbeat},
	reflect.TypeFor[heartbeat](): {"sent": hurried},
	reflect.TypeFor[partner]():   {"contact": 2*walkSilence + 2*time.Millisecond},
	reflect.TypeFor[notes]():     {"at": 2*walkSilence + 2*time.Millisecond},
	reflect.TypeFor[keaMind]():   {"contact": walkSilence + 2*time.Millisecond},
	reflect.TypeFor[client]():    {"first": walkHeartbeat + time.Millisecond}, // max-ack-delay
}

func newEncoder(passed map[reflect.Type][]string) *encoder {
	e := &encoder{passed: map[reflect.Type][]string{
		reflect.TypeFor[scene]():   {"setting", "trace", "wrong"},
		reflect.TypeFor[machine](): {"cfg", "role", "partnerName", "normal", "own", "failover", "autoFailover"}, // do not change
		reflect.TypeFor[keaMind](): {"cfg", "role", "normal", "own", "all", "since"},
		// For people only; and what a Kea that waits for one in terminated counts
		// ten minutes of: no walk is so long.
		reflect.TypeFor[clients](): {"analyzed"},
		reflect.TypeFor[partner](): {"warned", "since"},
	}, plans: map[reflect.Type]plan{}}
	for t, names := range passed {
		e.passed[t] = append(e.passed[t], names...)
	}
	for t, names := range e.passed {
		for _, name := range names {
			if _, ok := t.FieldByName(name); !ok {
				panic(fmt.Sprintf("%v has no field %s", t, name))
			}
		}
	}
	for _, t := range []reflect.Type{reflect.TypeFor[scene](), reflect.TypeFor[machine](), reflect.TypeFor[keaMind]()} {
		e.plan(t) // from now on plans is only read
	}
	return e
}

// encode appends a scene to b.
func (e *encoder) encode(b []byte, s *scene) []byte {
	return e.plans[reflect.TypeFor[scene]()](b, reflect.ValueOf(s).Elem(), s.now.UnixNano())
}

func (e *encoder) plan(t reflect.Type) plan {
	if p, ok := e.plans[t]; ok {
		return p
	}
	p := e.make(t)
	e.plans[t] = p
	return p
}

func (e *encoder) make(t reflect.Type) plan {
	if t == reflect.TypeFor[time.Time]() {
		return instantPlan(encodedPast)
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(b []byte, v reflect.Value, _ int64) []byte {
			if v.Bool() {
				return append(b, 1)
			}
			return append(b, 0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value, _ int64) []byte { return binary.AppendVarint(b, v.Int()) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(b []byte, v reflect.Value, _ int64) []byte { return binary.AppendUvarint(b, v.Uint()) }
	case reflect.String:
		return func(b []byte, v reflect.Value, _ int64) []byte {
			return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
		}
	case reflect.Slice, reflect.Array:
		element := e.plan(t.Elem())
		return func(b []byte, v reflect.Value, now int64) []byte {
			b = binary.AppendUvarint(b, uint64(v.Len()))
			for i := range v.Len() {
				b = element(b, v.Index(i), now)
			}
			return b
		}
	case reflect.Map:
		return e.makeMap(t)
	case reflect.Struct:
		return e.makeStruct(t)
	case reflect.Pointer:
		target := e.plan(t.Elem())
		return func(b []byte, v reflect.Value, now int64) []byte {
			if v.IsNil() {
				return append(b, 0)
			}
			return target(append(b, 1), v.Elem(), now)
		}
	case reflect.Interface:
		return func(b []byte, v reflect.Value, now int64) []byte {
			if v.IsNil() {
				return append(b, 0)
			}
			at := v.Elem() // a *machine or a *keaMind
			p, ok := e.plans[at.Type().Elem()]
			if !ok {
				panic(fmt.Sprintf("%v cannot be encoded", at.Type()))
			}
			return p(append(b, 1), at.Elem(), now)
		}
	}
	panic(fmt.Sprintf("%v cannot be encoded", t))
}

func (e *encoder) makeMap(t reflect.Type) plan {
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("%v cannot be encoded", t))
	}
	value := e.plan(t.Elem())
	return func(b []byte, v reflect.Value, now int64) []byte {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int {
			switch {
			case x.String() < y.String():
				return -1
			case x.String() > y.String():
				return 1
			}
			return 0
		})
		b = binary.AppendUvarint(b, uint64(len(keys)))
		for _, k := range keys {
			b = append(binary.AppendUvarint(b, uint64(k.Len())), k.String()...)
			b = value(b, v.MapIndex(k), now)
		}
		return b
	}
}

func (e *encoder) makeStruct(t reflect.Type) plan {
	type field struct {
		index int
		plan  plan
	}
	var fields []field
	for i := range t.NumField() {
		if f := t.Field(i); !slices.Contains(e.passed[t], f.Name) && f.Type != reflect.TypeFor[[]action]() {
			p := e.plan(f.Type)
			if past, ok := encodedPasts[t][f.Name]; ok {
				p = instantPlan(past)
			}
			fields = append(fields, field{i, p})
		}
	}
	return func(b []byte, v reflect.Value, now int64) []byte {
		for _, f := range fields {
			b = f.plan(b, v.Field(f.index), now)
		}
		return b
	}
}

// instantPlan reads an instant by its fields, since reflection lets nobody call
// the methods of what is not exported. TestScenesAreToldApart would notice if
// they became others.
func instantPlan(past time.Duration) plan {
	return func(b []byte, v reflect.Value, now int64) []byte {
		nsec, sec := int64(v.Field(0).Uint()&(1<<30-1)), v.Field(1).Int()
		if sec == 0 && nsec == 0 {
			return append(b, 0)
		}
		const toUnix = 62135596800 // seconds since the year 1
		at := int64(-past)         // also of what is too far to count in nanoseconds
		if sec >= toUnix {
			at = min(max((sec-toUnix)*int64(time.Second)+nsec-now, at), int64(encodedFuture))
		}
		return binary.AppendVarint(append(b, 1), at)
	}
}

// key stands for the bytes of a scene; that two have the same does not happen.
type key [2]uint64

var keySeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func digestOf(b []byte) key {
	return key{maphash.Bytes(keySeeds[0], b), maphash.Bytes(keySeeds[1], b)}
}

// watchedFields of a scene are for properties and bounds of the walk; what
// happens next does not depend on them.
var watchedFields = []string{"faults", "writes", "calm", "both", "nobody"}
