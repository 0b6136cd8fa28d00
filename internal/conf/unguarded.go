package conf

import (
	"slices"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// ClassTest is the name of a class, and the expression that is true for those
// in it.
type ClassTest struct{ Name, Test string }

// Clients are what is known of the classes of clients, each of which is in one
// of several classes.
type Clients []map[string]class.Truth

// ClientsOf returns the clients that are each in one of the named classes,
// given the classes that are defined, in their order.
func ClientsOf(names []string, defined []ClassTest, family option.Family, options []option.Def) Clients {
	defs := option.NewDefs(family)
	for _, d := range options {
		_ = defs.Add(d) // that it is wrong is told when it is checked; so for tests
	}
	var clients Clients
	for _, in := range names {
		known := map[string]class.Truth{"ALL": class.True}
		for _, name := range names {
			known[name] = class.False
		}
		known[in] = class.True
		clients = append(clients, known)
	}
	for _, c := range defined { // which ask only for classes defined before them
		test, err := class.ParseTest(c.Test, defs)
		if err != nil || slices.Contains(names, c.Name) {
			continue
		}
		for _, known := range clients {
			known[c.Name] = test.Judge(func(name string) class.Truth { return known[name] })
		}
	}
	return clients
}

// Admitted counts the clients that all guards may let in.
func (clients Clients) Admitted(guards ...*Guard) (n int) {
	for _, known := range clients {
		if !slices.ContainsFunc(guards, func(g *Guard) bool { return keepsOut(g, known) }) {
			n++
		}
	}
	return n
}

// keepsOut says whether the client is certainly in none of the classes that
// the guard asks for.
func keepsOut(g *Guard, known map[string]class.Truth) bool {
	need := g.Allowed()
	return len(need) > 0 && !slices.ContainsFunc(need, func(name string) bool { return known[name] != class.False })
}
