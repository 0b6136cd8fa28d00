package option

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// List is what one level of the configuration (a host, pool, subnet, shared
// network, client class, or the global one) offers. It is never changed.
type List struct {
	family  Family
	main    set
	vendors map[uint32]set // by enterprise
}

// set are the options of one space, ordered by code.
type set struct {
	options       []Option
	codes         []uint16 // those of options, to be searched without touching them
	always, never []uint16 // codes of options that are always and never sent
}

// NewList assembles the options of one level: sub-options go into the options
// of the same level that encapsulate their space. It takes only options that
// were compiled for the family.
func NewList(f Family, options ...Option) (*List, error) {
	spaces := map[string][]Option{}
	for _, o := range options {
		spaces[o.Space] = append(spaces[o.Space], o)
	}
	l := &List{family: f, vendors: map[uint32]set{}}
	for space, os := range spaces {
		number, vendor := enterprise(space)
		if space != f.mainSpace() && !vendor {
			continue
		}
		s, err := f.newSet(os, spaces)
		if err != nil {
			return nil, err
		}
		if vendor {
			l.vendors[number] = s
		} else {
			l.main = s
		}
	}
	return l, nil
}

func (f Family) newSet(options []Option, spaces map[string][]Option) (set, error) {
	var s set
	for _, o := range options {
		var err error
		if o.Value, err = f.assemble(&o, spaces, 0); err != nil {
			return set{}, err
		}
		s.options = append(s.options, o)
		if o.Always {
			s.always = append(s.always, o.Code)
		}
		if o.Never {
			s.never = append(s.never, o.Code)
		}
	}
	slices.SortStableFunc(s.options, func(a, b Option) int { return cmp.Compare(a.Code, b.Code) })
	for _, o := range s.options {
		s.codes = append(s.codes, o.Code)
	}
	return s, nil
}

// All goes through the options of the level, as Choose returns them: not through
// sub-options.
func (l *List) All() iter.Seq[*Option] {
	return func(yield func(*Option) bool) {
		for i := range l.main.options {
			if !yield(&l.main.options[i]) {
				return
			}
		}
		for _, s := range l.vendors {
			for i := range s.options {
				if !yield(&s.options[i]) {
					return
				}
			}
		}
	}
}

// maxNesting bounds how deep options encapsulate others, so that two spaces
// that encapsulate each other are an error.
const maxNesting = 8

// assemble returns the value of an option with the sub-options that belong into
// it: those that are in its own data come before those of its space with the
// same code; all are in the order of their codes.
func (f Family) assemble(o *Option, spaces map[string][]Option, depth int) ([]byte, error) {
	if o.encapsulates == "" || o.encapsulates == f.mainSpace() {
		return o.Value, nil
	}
	if depth == maxNesting {
		return nil, fmt.Errorf("option: space %s: options encapsulate others more than %d levels deep", o.Space, maxNesting)
	}
	type sub struct {
		code  uint16
		value []byte
	}
	var subs []sub
	for code, value := range f.Suboptions(o.Value[o.fields:]) {
		subs = append(subs, sub{code, value})
	}
	for _, inner := range spaces[o.encapsulates] {
		if inner.Never || slices.ContainsFunc(subs, func(s sub) bool { return s.code == inner.Code }) {
			continue
		}
		value, err := f.assemble(&inner, spaces, depth+1)
		if err != nil {
			return nil, err
		}
		subs = append(subs, sub{inner.Code, value})
	}
	slices.SortStableFunc(subs, func(a, b sub) int { return cmp.Compare(a.code, b.code) })
	out := slices.Clone(o.Value[:o.fields])
	for _, s := range subs {
		if len(s.value) > f.maxSub() {
			return nil, fmt.Errorf("option: sub-option %d of option %d has %d bytes, expected at most %d", s.code, o.Code, len(s.value), f.maxSub())
		}
		out = f.appendOption(out, s.code, s.value)
	}
	return out, nil
}

// find returns the option of a code that applies to a client: one for a class
// that it is in, before one for everybody.
func (s *set) find(code uint16, member func(string) bool) *Option {
	i, ok := slices.BinarySearch(s.codes, code)
	if !ok {
		return nil
	}
	var forAll *Option
	for ; i < len(s.codes) && s.codes[i] == code; i++ {
		switch o := &s.options[i]; {
		case !o.appliesTo(member):
		case len(o.Classes) > 0:
			return o
		case forAll == nil:
			forAll = o
		}
	}
	return forAll
}

// appliesTo tells whether the option is for a client.
func (o *Option) appliesTo(member func(string) bool) bool {
	return len(o.Classes) == 0 || member != nil && slices.ContainsFunc(o.Classes, member)
}
