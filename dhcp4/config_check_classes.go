package dhcp4

import (
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/class"
)

// builtinClass says whether queries can be in a class that the configuration
// does not define.
func builtinClass(name string) bool {
	if slices.Contains([]string{"ALL", "KNOWN", "UNKNOWN", "DROP", "BOOTP", "SKIP_DDNS"}, name) {
		return true
	}
	return slices.ContainsFunc([]string{"VENDOR_CLASS_", "HA_", "AFTER_", "EXTERNAL_"}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

// clientClasses checks the definitions of classes.
func (ck *checker) clientClasses() {
	defined := map[string]string{}
	for i := range ck.cfg.ClientClasses {
		c := &ck.cfg.ClientClasses[i]
		path := index("client-classes", i)
		ck.classTest(path, c, defined)
		first, twice := defined[c.Name]
		switch {
		case c.Name == "":
			ck.Errorf(at(path, "name"), "is missing")
		case twice:
			ck.Errorf(at(path, "name"), "%q is already the name of %s", c.Name, first)
		default:
			defined[c.Name] = path
		}
		if c.OnlyIfRequired && c.OnlyInAdditionalList {
			ck.Errorf(at(path, "only-if-required"), "cannot be given together with only-in-additional-list, which replaces it")
		}
		// A class has lifetimes of its own: bounds that it does not set are
		// those of the subnet, which it does not know.
		effective := c.Params
		if effective.ValidLifetime == nil {
			effective.ValidLifetime = firstSet(c.MinValidLifetime, c.MaxValidLifetime)
		}
		effective = effective.Inherit(DefaultParams())
		ck.params(path, "class", &c.Params, &effective)
		ck.classOptions(path, c)
	}
}

// classTest checks a class's expression. The classes that it asks for must be
// defined before it, because tests are evaluated in that order.
func (ck *checker) classTest(path string, c *ClientClass, before map[string]string) {
	path = at(path, "test")
	switch {
	case c.Test == "":
		return
	case slices.Contains([]string{"ALL", "KNOWN", "UNKNOWN", "BOOTP"}, c.Name):
		ck.Errorf(path, "%s is a built-in class and has no test", c.Name)
		return
	}
	test, err := class.ParseTest(c.Test, ck.defs)
	if err != nil {
		ck.Errorf(path, "%v", err)
		return
	}
	for _, name := range test.Classes() {
		if _, ok := before[name]; !ok && !builtinClass(name) {
			ck.Errorf(path, "the class %q is not defined before this one", name)
		}
	}
}

// guard checks the classes that a network, subnet or pool is limited to.
// Classes need not be defined, as a Gate or a reservation may give them, but
// then nobody gets in unless one does.
func (ck *checker) guard(path string, g *Guard) {
	if g.ClientClass != "" && len(g.ClientClasses) > 0 {
		ck.Errorf(at(path, "client-class"), "cannot be given together with client-classes, which replaces it")
	}
	if len(g.RequireClientClasses) > 0 && len(g.EvaluateAdditionalClasses) > 0 {
		ck.Errorf(at(path, "require-client-classes"), "cannot be given together with evaluate-additional-classes, which replaces it")
	}
	for i, name := range g.ClientClasses {
		ck.reference(at(path, index("client-classes", i)), name)
	}
	if g.ClientClass != "" {
		ck.reference(at(path, "client-class"), g.ClientClass)
	}
	for i, name := range g.EvaluateAdditionalClasses {
		ck.reference(at(path, index("evaluate-additional-classes", i)), name)
	}
	for i, name := range g.RequireClientClasses {
		ck.reference(at(path, index("require-client-classes", i)), name)
	}
}

// reference checks the name of a class where it is used.
func (ck *checker) reference(path, name string) {
	if name == "" {
		ck.Errorf(path, "the name of a class is empty")
	} else if !ck.classes[name] && !builtinClass(name) {
		ck.Warnf(path, "there is no class %q", name)
	}
}

// firstSet returns the first that is not nil.
func firstSet(values ...*uint32) *uint32 {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}
