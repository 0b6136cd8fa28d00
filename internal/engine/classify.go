package engine

import "github.com/dhcpha/dhcpha/internal/class"

// Subject is a query whose classes are evaluated.
type Subject interface {
	// Packet is what expressions see of the query. It is only called if there
	// is one to evaluate.
	Packet() *class.Packet
	// Unclear is told of what could not be evaluated: the class of that name,
	// which the query is not in then, or flex-id.
	Unclear(what string, err error)
}

// Evaluate adds the classes whose test the query meets, those that do not
// depend on whether the client has a reservation.
func (cs *Classes) Evaluate(set *ClassSet, q Subject) { cs.evaluate(set, false, q) }

func (cs *Classes) evaluate(set *ClassSet, known bool, q Subject) {
	for _, c := range cs.list {
		if c.test != nil && !c.additional && c.known == known && c.met(q) {
			set.Add(c.Name)
		}
	}
}

// evaluateKnown adds what depends on whether the client has a reservation.
func (cs *Classes) evaluateKnown(set *ClassSet, known bool, q Subject) {
	if known {
		set.Add(ClassKnown)
	} else {
		set.Add(ClassUnknown)
	}
	cs.evaluate(set, true, q)
}

// EvaluateAgain adds classes that others may ask for, and replaces what
// Evaluate has found without them.
func (cs *Classes) EvaluateAgain(set *ClassSet, added []string, q Subject) {
	if len(added) == 0 {
		return
	}
	kept := (*set)[:0:0]
	for _, name := range *set {
		if c := cs.byName[name]; c == nil || c.test == nil {
			kept = append(kept, name)
		}
	}
	*set = kept
	set.Add(added...)
	cs.evaluate(set, false, q)
}

// EvaluateAdditional evaluates classes that only where a client is served from
// asks for.
func (cs *Classes) EvaluateAdditional(set *ClassSet, names []string, q Subject) {
	for _, name := range names {
		if c := cs.byName[name]; c != nil && (c.test == nil || c.met(q)) {
			set.Add(name)
		}
	}
}

func (c *Class) met(q Subject) bool {
	ok, err := c.test.Match(q.Packet())
	if err != nil {
		q.Unclear(c.Name, err)
	}
	return ok
}
