package ha

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// scanner goes through a JSON value once, without building what it describes.
// The first error stays; after it everything is empty. It looks no deeper into
// a value than is asked for: what passes over a value does not check it.
type scanner struct {
	b   []byte
	i   int
	err error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: "+format, append([]any{errNoMessage}, args...)...)
	}
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

// next passes over a character if it is the next one.
func (s *scanner) next(c byte) bool {
	if s.space(); s.err != nil || s.i == len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// object calls member at the value of each member, which is to read it.
func (s *scanner) object(member func(name string)) {
	if !s.next('{') {
		s.fail("an object is expected")
		return
	}
	if s.next('}') {
		return
	}
	for s.err == nil {
		name := s.raw()
		plain := len(name) >= 2 && name[0] == '"'
		if plain = plain && s.next(':'); !plain {
			s.fail("an object is damaged")
			return
		}
		text := string(name[1 : len(name)-1])
		if unquoted, ok := keatext.Unquote(name); ok {
			text = unquoted
		}
		if member(text); s.err != nil || s.next('}') {
			return
		}
		if !s.next(',') {
			s.fail("an object is damaged")
		}
	}
}

// list calls element at each element, which is to read it.
func (s *scanner) list(element func()) {
	if !s.next('[') {
		s.fail("a list is expected")
		return
	}
	if s.next(']') {
		return
	}
	for s.err == nil {
		if element(); s.err != nil || s.next(']') {
			return
		}
		if !s.next(',') {
			s.fail("a list is damaged")
		}
	}
}

func (s *scanner) skip() { s.raw() }

// raw passes over a value and returns it.
func (s *scanner) raw() []byte {
	if s.space(); s.err != nil {
		return nil
	}
	start, depth := s.i, 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			if depth == 0 {
				return s.value(start)
			}
			depth--
			s.i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.value(start)
			}
			s.i++
			continue
		default:
			s.i++
			continue
		}
		if depth == 0 {
			return s.value(start)
		}
	}
	if depth > 0 {
		s.fail("a value does not end")
	}
	return s.value(start)
}

func (s *scanner) value(start int) []byte {
	if s.err == nil && s.i == start {
		s.fail("a value is missing")
	}
	if s.err != nil {
		return nil
	}
	return s.b[start:s.i]
}

// quoted passes over a string.
func (s *scanner) quoted() {
	for s.i++; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '\\':
			s.i++
		case '"':
			s.i++
			return
		}
	}
	s.i = len(s.b)
	s.fail("a string does not end")
}

// end makes sure that nothing follows.
func (s *scanner) end() {
	if s.space(); s.err == nil && s.i < len(s.b) {
		s.fail("something follows the end")
	}
}
