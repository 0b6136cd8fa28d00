package class

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/option"
)

// maxDepth bounds how deep expressions nest, and so what parsing and evaluating
// them takes of the stack.
const maxDepth = 100

// value is a parsed part of an expression: one of text and cond is set.
type value struct {
	text textFunc
	cond condFunc
	// judge tells what is known of cond; nil: nothing.
	judge judgeFunc
}

type (
	textFunc func(p *Packet) (string, error)
	condFunc func(p *Packet) (bool, error)
)

type parser struct {
	expr    string
	defs    *option.Defs
	tok     token // the current one
	after   int   // where the next one may start
	depth   int
	classes []string
}

func newParser(expr string, defs *option.Defs) (*parser, error) {
	p := &parser{expr: expr, defs: defs}
	return p, p.advance()
}

func (p *parser) advance() error {
	var err error
	p.tok, p.after, err = next(p.expr, p.after)
	return err
}

func (p *parser) errorf(t token, format string, args ...any) error {
	return &Error{t.pos + 1, fmt.Sprintf(format, args...)}
}

func (p *parser) unexpected(expected string) error {
	return p.errorf(p.tok, "%s, expected %s", p.tok, expected)
}

// is tells whether the current token is a symbol or word.
func (p *parser) is(s string) bool {
	return (p.tok.kind == symbol || p.tok.kind == word) && p.tok.text == s
}

// accept passes over a symbol or word if it is the current token.
func (p *parser) accept(s string) (bool, error) {
	if !p.is(s) {
		return false, nil
	}
	return true, p.advance()
}

// expect passes over symbols and words that must come.
func (p *parser) expect(all ...string) error {
	for _, s := range all {
		if ok, err := p.accept(s); err != nil {
			return err
		} else if !ok {
			return p.unexpected(s)
		}
	}
	return nil
}

// take passes over a token of a kind and returns it.
func (p *parser) take(k kind, expected string) (token, error) {
	t := p.tok
	if t.kind != k {
		return t, p.unexpected(expected)
	}
	return t, p.advance()
}

// number passes over an integer in a range.
func (p *parser) number(low, high int64) (int64, error) {
	t, err := p.take(integer, "an integer")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, p.errorf(t, "%s is out of range, expected %d to %d", t, low, high)
	}
	return n, nil
}

// whole parses an expression up to its end.
func (p *parser) whole(parse func() error) error {
	if err := parse(); err != nil {
		return err
	}
	if p.tok.kind != end {
		return p.unexpected("the end")
	}
	return nil
}

// enter counts a level of nesting until leave.
func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return p.errorf(p.tok, "the expression nests more than %d levels deep", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// or parses operands of `or`; sor, Kea's word for `or` that evaluates both
// sides, has the same value.
func (p *parser) or() (value, error) {
	return p.chain(p.and, "or", "sor", func(a, b value) value {
		return value{judge: either(a.judge, b.judge), cond: func(pkt *Packet) (bool, error) {
			if ok, err := a.cond(pkt); ok || err != nil {
				return ok, err
			}
			return b.cond(pkt)
		}}
	})
}

// and parses operands of `and`, and of sand, likewise.
func (p *parser) and() (value, error) {
	return p.chain(p.not, "and", "sand", func(a, b value) value {
		return value{judge: both(a.judge, b.judge), cond: func(pkt *Packet) (bool, error) {
			if ok, err := a.cond(pkt); !ok || err != nil {
				return ok, err
			}
			return b.cond(pkt)
		}}
	})
}

// chain parses operands with an operator of conditions between them.
func (p *parser) chain(operand func() (value, error), op, op2 string, join func(a, b value) value) (value, error) {
	left, err := operand()
	if err != nil {
		return value{}, err
	}
	for p.is(op) || p.is(op2) {
		if left.cond == nil {
			return value{}, p.notCondition()
		}
		if err := p.advance(); err != nil {
			return value{}, err
		}
		right, err := operand()
		if err != nil {
			return value{}, err
		}
		if right.cond == nil {
			return value{}, p.notCondition()
		}
		left = join(left, right)
	}
	return left, nil
}

// notCondition is the error of bytes where a condition must stand, once they
// are parsed.
func (p *parser) notCondition() error {
	return p.unexpected("== (bytes are no condition by themselves)")
}

func (p *parser) not() (value, error) {
	if !p.is("not") {
		return p.comparison()
	}
	if err := p.enter(); err != nil {
		return value{}, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return value{}, err
	}
	v, err := p.not()
	if err != nil {
		return value{}, err
	}
	if v.cond == nil {
		return value{}, p.notCondition()
	}
	return value{judge: negated(v.judge), cond: func(pkt *Packet) (bool, error) {
		ok, err := v.cond(pkt)
		return !ok && err == nil, err
	}}, nil
}

func (p *parser) comparison() (value, error) {
	left, err := p.sum()
	if err != nil || !p.is("==") {
		return left, err
	}
	if left.text == nil {
		return value{}, p.unexpected("and, or, or the end: a condition is not compared")
	}
	if err := p.advance(); err != nil {
		return value{}, err
	}
	start := p.tok
	right, err := p.sum()
	if err != nil {
		return value{}, err
	}
	if right.text == nil {
		return value{}, p.errorf(start, "a condition, expected bytes")
	}
	return value{cond: func(pkt *Packet) (bool, error) {
		a, err := left.text(pkt)
		if err != nil {
			return false, err
		}
		b, err := right.text(pkt)
		return a == b && err == nil, err
	}}, nil
}

func (p *parser) sum() (value, error) {
	left, err := p.primary()
	if err != nil {
		return value{}, err
	}
	for p.is("+") {
		if left.text == nil {
			return value{}, p.unexpected("and, or, or the end: a condition is not joined")
		}
		if err := p.advance(); err != nil {
			return value{}, err
		}
		start := p.tok
		right, err := p.primary()
		if err != nil {
			return value{}, err
		}
		if right.text == nil {
			return value{}, p.errorf(start, "a condition, expected bytes")
		}
		left.text = concat(left.text, right.text)
	}
	return left, nil
}

// textArg and condArg parse an argument of a function.
func (p *parser) textArg() (textFunc, error) {
	start := p.tok
	v, err := p.or()
	if err == nil && v.text == nil {
		err = p.errorf(start, "a condition, expected bytes")
	}
	return v.text, err
}

func (p *parser) condArg() (value, error) {
	v, err := p.or()
	if err == nil && v.cond == nil {
		err = p.notCondition()
	}
	return v, err
}

// maxText is the longest value that an expression may build up.
const maxText = 1 << 16

var errTooLong = errors.New("a value is longer than 65536 bytes")

func concat(a, b textFunc) textFunc {
	return func(p *Packet) (string, error) {
		x, err := a(p)
		if err != nil {
			return "", err
		}
		y, err := b(p)
		if err != nil {
			return "", err
		}
		if len(x)+len(y) > maxText {
			return "", errTooLong
		}
		return x + y, nil
	}
}
