package keajson

import (
	"errors"
	"fmt"
	"strings"
)

// The bounds of what Parse takes.
const (
	MaxSize     = 64 << 20 // bytes of a text and all that it includes
	MaxValues   = 4 << 20  // values in it
	MaxDepth    = 100      // objects and lists inside each other
	MaxIncludes = 10       // files that include each other in a chain; as in Kea
)

// Include finds the file that the text named from includes by name. It
// returns the name by which problems in it are reported, and its text.
type Include func(from, name string) (path string, text []byte, err error)

// Parse reads a text. The name stands for it in problems and may be empty.
// A nil include refuses inclusion. The error is an [*Error] with a syntax
// error, or with every key that an object has twice. The warnings are about
// what Kea accepts though it should not be written.
func Parse(name string, text []byte, include Include) (root *Node, warnings []Problem, err error) {
	p := parser{scanner: scanner{include: include, room: MaxSize}, values: MaxValues}
	root, err = p.parse(name, text)
	if f := (*fault)(nil); errors.As(err, &f) {
		p.mistakes = append(p.mistakes, Problem(*f))
	}
	if len(p.mistakes) > 0 {
		return nil, nil, &Error{p.mistakes}
	}
	return root, p.warnings, nil
}

type parser struct {
	scanner
	token    token // the one under consideration
	path     []byte
	depth    int
	values   int // how many more there may be
	warnings []Problem
	mistakes []Problem
}

func (p *parser) parse(name string, text []byte) (*Node, error) {
	if err := p.push(Pos{File: name}, name, text); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == tokenEnd {
		return nil, faultAt(p.token.pos, "there is no configuration, only white space and comments")
	}
	root, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokenEnd {
		return nil, p.unexpected("the end")
	}
	return root, nil
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

func (p *parser) unexpected(wanted string) error {
	found := "the end of the text"
	if p.token.kind == tokenString {
		found = fmt.Sprintf("%q", p.token.text)
	} else if p.token.kind != tokenEnd {
		found = p.token.text
	}
	return &fault{Path: string(p.path), Pos: p.token.pos, Text: fmt.Sprintf("found %s, expected %s", found, wanted)}
}

// value reads the value that begins with the current token, and the token
// behind it.
func (p *parser) value() (*Node, error) {
	if p.values--; p.values < 0 {
		return nil, faultAt(p.token.pos, "the configuration has more than %d values", MaxValues)
	}
	n := &Node{Pos: p.token.pos, Text: p.token.text}
	switch p.token.kind {
	case '{':
		return n, p.nested(n, Map, '}')
	case '[':
		return n, p.nested(n, List, ']')
	case tokenString:
		n.Kind = String
	case tokenNumber:
		n.Kind = Int
		if strings.ContainsAny(n.Text, ".eE") {
			n.Kind = Float
		}
	case tokenWord:
		n.Kind = Bool
		if n.Text == "null" {
			n.Kind = Null
		}
	default:
		return nil, p.unexpected("a value")
	}
	return n, p.advance()
}

// nested reads the members of an object or the elements of a list, up to the
// token behind it.
func (p *parser) nested(n *Node, kind Kind, end byte) error {
	n.Kind, n.Text = kind, ""
	if p.depth++; p.depth > MaxDepth {
		return faultAt(n.Pos, "objects and lists are more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return err
	}
	var seen map[string]Pos // where each key stands
	if kind == Map {
		seen = map[string]Pos{}
	}
	for p.token.kind != end {
		outer := len(p.path)
		m := Member{Pos: p.token.pos}
		if kind == Map {
			if err := p.key(&m, seen); err != nil {
				return err
			}
		} else {
			p.path = fmt.Appendf(p.path, "[%d]", len(n.Members))
		}
		var err error
		if m.Value, err = p.value(); err != nil {
			return err
		}
		p.path = p.path[:outer]
		n.Members = append(n.Members, m)

		if p.token.kind != ',' {
			if p.token.kind != end {
				return p.unexpected(fmt.Sprintf(`"," or %q`, string(end)))
			}
			break
		}
		comma := p.token.pos
		if err := p.advance(); err != nil {
			return err
		}
		if p.token.kind == end {
			p.warnings = append(p.warnings, Problem{Path: string(p.path), Pos: comma, Text: "there is a comma behind the last element"})
		}
	}
	return p.advance()
}

// key reads an object's key and the colon, and notes a key that is there
// twice.
func (p *parser) key(m *Member, seen map[string]Pos) error {
	if p.token.kind != tokenString {
		return p.unexpected("a key, which is a string")
	}
	m.Key = p.token.text
	if len(p.path) > 0 {
		p.path = append(p.path, '.')
	}
	p.path = append(p.path, m.Key...)
	if first, twice := seen[m.Key]; twice {
		p.mistakes = append(p.mistakes, Problem{Path: string(p.path), Pos: m.Pos, Text: fmt.Sprintf("the key is there twice, first at %s", first)})
	}
	seen[m.Key] = m.Pos
	if err := p.advance(); err != nil {
		return err
	}
	if p.token.kind != ':' {
		return p.unexpected(`":"`)
	}
	return p.advance()
}
