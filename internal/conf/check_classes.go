package conf

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

// Class checks the definition of a class: its name, its test and whether it is
// given in two forms that it is only evaluated additionally. Classes are
// checked in their order.
func (ck *Checker) Class(path string, c ClassTest, onlyIfRequired, onlyInAdditionalList bool) {
	ck.classTest(path, c)
	first, twice := ck.classes[c.Name]
	switch {
	case c.Name == "":
		ck.Errorf(At(path, "name"), "is missing")
	case twice:
		ck.Errorf(At(path, "name"), "%q is already the name of %s", c.Name, first)
	default:
		ck.classes[c.Name] = path
	}
	if onlyIfRequired && onlyInAdditionalList {
		ck.Errorf(At(path, "only-if-required"), "cannot be given together with only-in-additional-list, which replaces it")
	}
}

// classTest checks a class's expression. The classes that it asks for must be
// defined before it, because tests are evaluated in that order.
func (ck *Checker) classTest(path string, c ClassTest) {
	path = At(path, "test")
	switch {
	case c.Test == "":
		return
	case slices.Contains([]string{"ALL", "KNOWN", "UNKNOWN", "BOOTP"}, c.Name):
		ck.Errorf(path, "%s is a built-in class and has no test", c.Name)
		return
	}
	test, err := class.ParseTest(c.Test, ck.Defs)
	if err != nil {
		ck.Errorf(path, "%v", err)
		return
	}
	for _, name := range test.Classes() {
		if _, ok := ck.classes[name]; !ok && !builtinClass(name) {
			ck.Errorf(path, "the class %q is not defined before this one", name)
		}
	}
}

// Guard checks the classes that a network, subnet or pool is limited to.
// Classes need not be defined, as a Gate or a reservation may give them, but
// then nobody gets in unless one does.
func (ck *Checker) Guard(path string, g *Guard) {
	if g.ClientClass != "" && len(g.ClientClasses) > 0 {
		ck.Errorf(At(path, "client-class"), "cannot be given together with client-classes, which replaces it")
	}
	if len(g.RequireClientClasses) > 0 && len(g.EvaluateAdditionalClasses) > 0 {
		ck.Errorf(At(path, "require-client-classes"), "cannot be given together with evaluate-additional-classes, which replaces it")
	}
	for i, name := range g.ClientClasses {
		ck.reference(At(path, Index("client-classes", i)), name)
	}
	if g.ClientClass != "" {
		ck.reference(At(path, "client-class"), g.ClientClass)
	}
	for i, name := range g.EvaluateAdditionalClasses {
		ck.reference(At(path, Index("evaluate-additional-classes", i)), name)
	}
	for i, name := range g.RequireClientClasses {
		ck.reference(At(path, Index("require-client-classes", i)), name)
	}
}

// reference checks the name of a class where it is used.
func (ck *Checker) reference(path, name string) {
	if name == "" {
		ck.Errorf(path, "the name of a class is empty")
	} else if !ck.declared[name] && !builtinClass(name) {
		ck.Warnf(path, "there is no class %q", name)
	}
}
