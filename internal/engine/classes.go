package engine

import (
	"fmt"
	"iter"
	"slices"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Classes that have a meaning of their own.
const (
	ClassAll         = "ALL"
	ClassKnown       = "KNOWN"
	ClassUnknown     = "UNKNOWN"
	ClassDrop        = "DROP"
	ClassVendorStart = "VENDOR_CLASS_"
)

// ClassSpec is what a client class is made of.
type ClassSpec struct {
	Name       string
	Test       string // empty: the class is only given from elsewhere
	Additional bool   // evaluated only where a pool, subnet or network says so
	Defs       []option.Def
	Options    []option.Data
	// Lifetimes are the class's own; nil: it has none.
	Valid, Preferred *Lifetime
}

// Class is a client class of a configuration.
type Class struct {
	Name             string
	Options          *option.List
	Valid, Preferred *Lifetime

	test       *class.Test
	additional bool
	known      bool // depends on whether the client has a reservation
}

// Classes are the client classes of a configuration.
type Classes struct {
	list   []*Class // in the order in which they are evaluated
	byName map[string]*Class
}

// NewClasses compiles classes. Tests may ask for classes before their own.
func NewClasses(specs []ClassSpec, c *Compiler) (*Classes, error) {
	cs := &Classes{byName: make(map[string]*Class, len(specs))}
	for i := range specs {
		if err := cs.add(&specs[i], *c); err != nil {
			return nil, fmt.Errorf("client class %s: %w", specs[i].Name, err)
		}
	}
	return cs, nil
}

func (cs *Classes) add(spec *ClassSpec, c Compiler) (err error) {
	cl := &Class{Name: spec.Name, Valid: spec.Valid, Preferred: spec.Preferred, additional: spec.Additional}
	if len(spec.Defs) > 0 {
		c.Defs = c.Defs.Clone()
		if err := AddDefs(c.Defs, spec.Defs); err != nil {
			return err
		}
	}
	if cl.Options, err = c.Options(spec.Options); err != nil {
		return err
	}
	if spec.Test != "" {
		if cl.test, err = class.ParseTest(spec.Test, c.Defs); err != nil {
			return fmt.Errorf("test: %w", err)
		}
		cl.known = slices.ContainsFunc(cl.test.Classes(), func(name string) bool {
			before := cs.byName[name]
			return name == ClassKnown || name == ClassUnknown || before != nil && before.known
		})
	}
	cs.list = append(cs.list, cl)
	cs.byName[cl.Name] = cl
	return nil
}

// Of goes through those classes of the set that the configuration has, in the
// order of the set.
func (cs *Classes) Of(set ClassSet) iter.Seq[*Class] {
	return func(yield func(*Class) bool) {
		for _, name := range set {
			if c := cs.byName[name]; c != nil && !yield(c) {
				return
			}
		}
	}
}

// Valid returns the valid lifetimes of the first class of the set that has some,
// or else the other ones.
func (cs *Classes) Valid(set ClassSet, other Lifetime) Lifetime {
	for c := range cs.Of(set) {
		if c.Valid != nil {
			return *c.Valid
		}
	}
	return other
}

// Preferred is the same for preferred lifetimes.
func (cs *Classes) Preferred(set ClassSet, other Lifetime) Lifetime {
	for c := range cs.Of(set) {
		if c.Preferred != nil {
			return *c.Preferred
		}
	}
	return other
}
