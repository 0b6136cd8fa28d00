package class

import (
	"slices"

	"github.com/dhcpha/dhcpha/internal/option"
)

// Test is a condition: the `test` of a client class.
type Test struct {
	cond    condFunc
	judge   judgeFunc
	classes []string
}

// Text is an expression whose value are bytes: a `template-test`, or the
// `identifier-expression` of a flexible identifier.
type Text struct {
	text    textFunc
	classes []string
}

// ParseTest parses a condition. Options may be named as defs name them, and
// the family of defs decides what a packet has. A mistake is an *Error.
func ParseTest(expr string, defs *option.Defs) (*Test, error) {
	p, err := newParser(expr, defs)
	if err != nil {
		return nil, err
	}
	var v value
	if err := p.whole(func() (err error) { v, err = p.condArg(); return err }); err != nil {
		return nil, err
	}
	return &Test{v.cond, v.judge, p.classes}, nil
}

// ParseText parses an expression whose value are bytes. A mistake is an *Error.
func ParseText(expr string, defs *option.Defs) (*Text, error) {
	p, err := newParser(expr, defs)
	if err != nil {
		return nil, err
	}
	var text textFunc
	if err := p.whole(func() (err error) { text, err = p.textArg(); return err }); err != nil {
		return nil, err
	}
	return &Text{text, p.classes}, nil
}

// Match evaluates the condition. An error means that a conversion met bytes it
// cannot convert, or that a value got too long; the packet does not match then.
func (t *Test) Match(p *Packet) (bool, error) { return t.cond(p) }

// Classes returns the classes that the condition asks for by member('…').
func (t *Test) Classes() []string { return slices.Clone(t.classes) }

// Eval evaluates the expression. Errors are as with [Test.Match].
func (t *Text) Eval(p *Packet) (string, error) { return t.text(p) }

// Classes returns the classes that the expression asks for by member('…').
func (t *Text) Classes() []string { return slices.Clone(t.classes) }
