package keajson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
)

// Unsupported lists, for a struct type, keys that Kea has and the struct has
// not, each with what to do about it. A member with such a key is a problem
// unless its value configures nothing ([Node.Zero]).
type Unsupported map[reflect.Type]map[string]string

// Decode stores a tree in the value that v points to and returns all
// problems: keys that v has no member for, wrong types, numbers out of range,
// and values that an UnmarshalText method refuses.
//
// Members are found by their json tags. The types are those that
// configurations need: bool, string, integers, float64, structs (embedded
// ones, too), pointers, slices, maps with string keys, whatever has an
// UnmarshalText method, and json.RawMessage, which takes an object as it is.
// Empty lists become nil.
func Decode(root *Node, v any, unsupported Unsupported) []Problem {
	d := decoder{unsupported: unsupported, fields: map[reflect.Type]map[string][]int{}}
	d.value(root, reflect.ValueOf(v).Elem(), "")
	return d.problems
}

type decoder struct {
	unsupported Unsupported
	fields      map[reflect.Type]map[string][]int // index of a struct's member by key
	problems    []Problem
}

var (
	rawType    = reflect.TypeFor[json.RawMessage]()
	addrType   = reflect.TypeFor[netip.Addr]()
	prefixType = reflect.TypeFor[netip.Prefix]()
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *decoder) problem(n *Node, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Path: path, Pos: n.Pos, Text: fmt.Sprintf(format, args...)})
}

// is says whether the value is of the wanted kind, or notes that it is not.
func (d *decoder) is(n *Node, want Kind, path string) bool {
	if n.Kind == want || want == Float && n.Kind == Int {
		return true
	}
	d.problem(n, path, "must be %s, not %s", want, n.Kind)
	return false
}

func (d *decoder) value(n *Node, v reflect.Value, path string) {
	t := v.Type()
	switch {
	case t == rawType:
		if d.is(n, Map, path) {
			v.SetBytes(n.AppendJSON(nil))
		}
		return
	case t.Kind() == reflect.Pointer:
		before := len(d.problems)
		p := reflect.New(t.Elem())
		d.value(n, p.Elem(), path)
		if t.Elem().Kind() == reflect.Struct || len(d.problems) == before {
			v.Set(p) // a wrong number is better unset than 0
		}
		return
	case reflect.PointerTo(t).Implements(textType):
		d.text(n, v, path)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		if d.is(n, Map, path) {
			d.structure(n, v, path)
		}
	case reflect.Slice:
		if d.is(n, List, path) && len(n.Members) > 0 {
			v.Set(reflect.MakeSlice(t, len(n.Members), len(n.Members)))
			for i, m := range n.Members {
				d.value(m.Value, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case reflect.Map:
		if d.is(n, Map, path) {
			v.Set(reflect.MakeMap(t))
			for _, m := range n.Members {
				e := reflect.New(t.Elem()).Elem()
				d.value(m.Value, e, join(path, m.Key))
				v.SetMapIndex(reflect.ValueOf(m.Key).Convert(t.Key()), e)
			}
		}
	case reflect.Bool:
		if d.is(n, Bool, path) {
			v.SetBool(n.Text == "true")
		}
	case reflect.String:
		if d.is(n, String, path) {
			v.SetString(n.Text)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if d.is(n, Int, path) {
			i, err := strconv.ParseInt(n.Text, 10, t.Bits())
			if err != nil {
				limit := int64(1) << (t.Bits() - 1)
				d.problem(n, path, "%s is out of range, %d to %d", n.Text, -limit, limit-1)
			}
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if d.is(n, Int, path) {
			u, err := strconv.ParseUint(n.Text, 10, t.Bits())
			if err != nil && n.Text != "-0" {
				d.problem(n, path, "%s is out of range, 0 to %d", n.Text, ^uint64(0)>>(64-t.Bits()))
			}
			v.SetUint(u)
		}
	case reflect.Float64:
		if d.is(n, Float, path) {
			f, err := strconv.ParseFloat(n.Text, 64)
			if err != nil {
				d.problem(n, path, "%s is out of range", n.Text)
			}
			v.SetFloat(f)
		}
	default:
		d.problem(n, path, "cannot be read: its Go type is %s", t)
	}
}

func (d *decoder) text(n *Node, v reflect.Value, path string) {
	if !d.is(n, String, path) {
		return
	}
	err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Text))
	switch {
	case err == nil: // an empty string is the zero Addr or Prefix, which means unset
	case v.Type() == addrType:
		d.problem(n, path, "%q is not an IP address", n.Text)
	case v.Type() == prefixType:
		d.problem(n, path, "%q is not a prefix such as 192.0.2.0/24 or 2001:db8::/32", n.Text)
	default:
		d.problem(n, path, "%v", err)
	}
}

func (d *decoder) structure(n *Node, v reflect.Value, path string) {
	fields := d.fieldsOf(v.Type())
	for _, m := range n.Members {
		at := join(path, m.Key)
		if index, ok := fields[m.Key]; ok {
			d.value(m.Value, v.FieldByIndex(index), at)
			continue
		}
		p := Problem{Path: at, Pos: m.Pos, Text: unknown(m.Key, fields), Unknown: true}
		if remedy, ok := d.unsupported[v.Type()][m.Key]; ok {
			if m.Value.Zero() {
				continue
			}
			p.Text, p.Unsupported, p.Unknown = "is not supported: "+remedy, true, false
		}
		d.problems = append(d.problems, p)
	}
}

// fieldsOf returns the members of a struct type by key, those of embedded
// structs among them.
func (d *decoder) fieldsOf(t reflect.Type) map[string][]int {
	if fields, ok := d.fields[t]; ok {
		return fields
	}
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = f.Index
		}
	}
	d.fields[t] = fields
	return fields
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
