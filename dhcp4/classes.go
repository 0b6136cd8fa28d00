package dhcp4

import (
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Classes that have a meaning of their own.
const (
	classAll         = "ALL"
	classKnown       = "KNOWN"
	classUnknown     = "UNKNOWN"
	classDrop        = "DROP"
	classVendorStart = "VENDOR_CLASS_"
)

// classes are the client classes of a plan.
type classes struct {
	list   []*clientClass // in the order in which they are evaluated
	byName map[string]*clientClass
}

type clientClass struct {
	name       string
	test       *class.Test // nil: only given from elsewhere
	additional bool        // evaluated only where a pool, subnet or network says so
	known      bool        // depends on whether the client has a reservation
	options    *option.List
	valid      engine.Lifetime // used if hasValid
	hasValid   bool
	boot       bootFields
}

func (p *plan) compileClasses() error {
	p.classes = &classes{byName: map[string]*clientClass{}}
	for i := range p.cfg.ClientClasses {
		c := &p.cfg.ClientClasses[i]
		if err := p.compileClass(c); err != nil {
			return fmt.Errorf("client class %s: %w", c.Name, err)
		}
	}
	return nil
}

func (p *plan) compileClass(c *ClientClass) (err error) {
	cc := &clientClass{
		name:       c.Name,
		additional: c.OnlyInAdditionalList || c.OnlyIfRequired,
		boot:       bootOf(&c.Params),
	}
	cc.valid, cc.hasValid = lifetimeOf(&c.Params)
	defs := p.defs
	if len(c.OptionDefs) > 0 {
		defs = defs.Clone()
		for _, d := range c.OptionDefs {
			if err := defs.Add(d); err != nil {
				return err
			}
		}
	}
	if cc.options, err = p.compileOptions(c.OptionData, defs); err != nil {
		return err
	}
	if c.Test != "" {
		if cc.test, err = class.ParseTest(c.Test, defs); err != nil {
			return fmt.Errorf("test: %w", err)
		}
		cc.known = slices.ContainsFunc(cc.test.Classes(), func(name string) bool {
			before := p.classes.byName[name]
			return name == classKnown || name == classUnknown || before != nil && before.known
		})
	}
	p.classes.list = append(p.classes.list, cc)
	p.classes.byName[cc.name] = cc
	return nil
}

// classSet are the classes of a query, in the order in which it came into
// them. That order decides whose options count.
type classSet []string

func (s classSet) has(name string) bool { return slices.Contains(s, name) }

func (s *classSet) add(names ...string) {
	for _, name := range names {
		if !s.has(name) {
			*s = append(*s, name)
		}
	}
}

// allowed says whether a client in these classes passes a guard.
func (s classSet) allowed(g *Guard) bool {
	need := g.Allowed()
	return len(need) == 0 || slices.ContainsFunc(need, s.has)
}
