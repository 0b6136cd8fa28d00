package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// asked is a query with the classes that it is in.
type asked struct {
	set     ClassSet
	options map[uint16]string
	unclear []string
	looked  int
}

func (q *asked) Packet() *class.Packet {
	q.looked++
	return &class.Packet{
		Option: func(code uint16) ([]byte, bool) { v, ok := q.options[code]; return []byte(v), ok },
		Member: func(name string) bool { return q.set.Has(name) },
	}
}

func (q *asked) Unclear(what string, err error) { q.unclear = append(q.unclear, what) }

func classesOf(t *testing.T, specs ...ClassSpec) *Classes {
	t.Helper()
	cs, err := NewClasses(specs, &Compiler{Defs: option.NewDefs(option.V6)})
	require.NoError(t, err)
	return cs
}

func TestClassesAreEvaluatedInTheirOrder(t *testing.T) {
	t.Parallel()
	cs := classesOf(t,
		ClassSpec{Name: "phones", Test: "option[15].hex == 'phone'"},
		ClassSpec{Name: "given"},
		ClassSpec{Name: "no-phones", Test: "not member('phones')"},
		ClassSpec{Name: "friends", Test: "member('KNOWN')"},
		ClassSpec{Name: "foes", Test: "not member('friends')"}, // by way of another it depends on reservations
		ClassSpec{Name: "late", Test: "member('ALL')", Additional: true},
		ClassSpec{Name: "broken", Test: "int32totext(option[15].hex) == '1'"})
	q := &asked{set: ClassSet{ClassAll}, options: map[uint16]string{15: "phone"}}
	cs.Evaluate(&q.set, q)
	require.Equal(t, ClassSet{ClassAll, "phones"}, q.set)
	require.Equal(t, []string{"broken"}, q.unclear)

	known := &asked{set: q.set[:2:2], options: q.options}
	cs.evaluateKnown(&known.set, true, known)
	require.Equal(t, ClassSet{ClassAll, "phones", ClassKnown, "friends"}, known.set)
	cs.evaluateKnown(&q.set, false, q)
	require.Equal(t, ClassSet{ClassAll, "phones", ClassUnknown, "foes"}, q.set)

	cs.EvaluateAdditional(&q.set, []string{"late", "given", "no-phones", "nowhere", "foes"}, q)
	require.Equal(t, ClassSet{ClassAll, "phones", ClassUnknown, "foes", "late", "given"}, q.set)
}

func TestClassesAreEvaluatedAgain(t *testing.T) {
	t.Parallel()
	cs := classesOf(t,
		ClassSpec{Name: "given"},
		ClassSpec{Name: "others", Test: "not member('given')"},
		ClassSpec{Name: "both", Test: "member('given') or member('others')"})
	q := &asked{set: ClassSet{"HA_server1", ClassAll}}
	cs.Evaluate(&q.set, q)
	require.Equal(t, ClassSet{"HA_server1", ClassAll, "others", "both"}, q.set)
	before := q.set
	cs.EvaluateAgain(&q.set, nil, q)
	require.Equal(t, before, q.set)
	cs.EvaluateAgain(&q.set, []string{"given"}, q)
	require.Equal(t, ClassSet{"HA_server1", ClassAll, "given", "both"}, q.set)
	require.Equal(t, ClassSet{"HA_server1", ClassAll, "others", "both"}, before, "what was there is as it was")
}

func TestClassesWithoutTestsLookAtNothing(t *testing.T) {
	t.Parallel()
	cs := classesOf(t, ClassSpec{Name: "given"})
	q := &asked{}
	cs.Evaluate(&q.set, q)
	cs.evaluateKnown(&q.set, true, q)
	require.Zero(t, q.looked)
}

func TestClassOptions(t *testing.T) {
	t.Parallel()
	data := func(text string) []option.Data { return []option.Data{{Name: "nis-domain-name", Data: text}} }
	cs := classesOf(t,
		ClassSpec{Name: "a", Options: data("a.example")},
		ClassSpec{Name: "b", Options: data("b.example")},
		ClassSpec{Name: "none", Valid: &Lifetime{1, 2, 3}})
	var ls Levels
	ls.AddClasses(cs, ClassSet{"b", "undefined", "none", "a"})
	require.Len(t, ls, 2)
	require.Equal(t, "\x01b\x07example\x00", string(option.Lookup(29, nil, ls...).Value), "of the class that it came into first")
	var names []string
	for c := range cs.Of(ClassSet{"none", "undefined", "b"}) {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"none", "b"}, names)
}

func TestCompilerErrors(t *testing.T) {
	t.Parallel()
	compiler := &Compiler{Defs: option.NewDefs(option.V4)}
	for want, spec := range map[string]ClassSpec{
		`client class x: test: `:                          {Name: "x", Test: "member("},
		`client class x: option nothing: name`:            {Name: "x", Options: []option.Data{{Name: "nothing"}}},
		`client class x: option-def routers (3): code 3 `: {Name: "x", Defs: []option.Def{{Name: "routers", Code: 3, Type: option.String}}},
	} {
		_, err := NewClasses([]ClassSpec{spec}, compiler)
		require.ErrorContains(t, err, want)
	}
	// A class's definitions are its own.
	def := option.Def{Name: "color", Code: 224, Type: option.String}
	_, err := NewClasses([]ClassSpec{{Name: "x", Defs: []option.Def{def}, Options: []option.Data{{Name: "color", Data: "red"}}}}, compiler)
	require.NoError(t, err)
	_, err = compiler.Options([]option.Data{{Name: "color", Data: "red"}})
	require.Error(t, err)
}

func TestCompilerNotes(t *testing.T) {
	t.Parallel()
	var noted []uint16
	c := &Compiler{Defs: option.NewDefs(option.V4), Note: func(o *option.Option) { noted = append(noted, o.Code) }}
	list, err := c.Options([]option.Data{{Name: "routers", Data: "192.0.2.1"}, {Name: "domain-name", Data: "x"}})
	require.NoError(t, err)
	require.NotNil(t, option.Lookup(3, nil, list))
	require.Equal(t, []uint16{3, 15}, noted)
	list, err = c.Options(nil)
	require.NoError(t, err)
	require.Nil(t, list)
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V6)
	flex, err := class.ParseText("option[15].hex", defs)
	require.NoError(t, err)
	broken, err := class.ParseText("int32totext(option[15].hex)", defs)
	require.NoError(t, err)
	value := func(kind string) []byte { return map[string][]byte{ByDUID: []byte("d"), ByHWAddress: {}}[kind] }
	byFlex, byDUID := Identity{ByFlexID, []byte("f")}, Identity{ByDUID, []byte("d")}
	q := &asked{options: map[uint16]string{15: "f"}}
	kinds := []string{ByFlexID, ByHWAddress, ByDUID}
	for _, c := range []struct {
		ids  Identifiers
		want []Identity
	}{
		{Identifiers{Kinds: kinds, Flex: flex}, []Identity{byFlex, byDUID}},
		{Identifiers{Kinds: kinds}, []Identity{byDUID}},
		{Identifiers{Kinds: kinds, Flex: broken}, []Identity{byDUID}},
		{Identifiers{Kinds: kinds[1:2]}, nil},
	} {
		require.Equal(t, c.want, c.ids.Of(nil, q, value))
	}
	require.Equal(t, []string{ByFlexID}, q.unclear)
}
