package keajson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// kinds of tokens beyond the punctuation, which is its own kind
const (
	tokenEnd byte = iota
	tokenString
	tokenNumber
	tokenWord // true, false, null
)

type token struct {
	kind byte
	pos  Pos
	text string // of a string its value, else the literal
}

// input is a text being read: the configuration, or a file it includes.
type input struct {
	name      string
	text      []byte
	offset    int
	line      int
	lineStart int // offset of the line's first byte
}

func (in *input) pos() Pos {
	return Pos{File: in.name, Line: in.line, Column: in.offset - in.lineStart + 1}
}

// rest is the part not yet read.
func (in *input) rest() []byte { return in.text[in.offset:] }

// advance goes on by n bytes, counting lines.
func (in *input) advance(n int) {
	for i := in.offset; i < in.offset+n; i++ {
		if in.text[i] == '\n' {
			in.line++
			in.lineStart = i + 1
		}
	}
	in.offset += n
}

// scanner makes tokens of a text and of what it includes.
type scanner struct {
	inputs  []*input // the innermost included one last
	include Include
	room    int // how many more bytes there may be
}

// fault is a syntax error; nothing can be said about what follows it.
type fault Problem

func (f *fault) Error() string { return Problem(*f).String() }

func faultAt(pos Pos, format string, args ...any) error {
	return &fault{Pos: pos, Text: fmt.Sprintf(format, args...)}
}

func (s *scanner) push(pos Pos, name string, text []byte) error {
	if s.room -= len(text); s.room < 0 {
		return faultAt(pos, "the configuration is larger than %d bytes", MaxSize)
	}
	s.inputs = append(s.inputs, &input{name: name, text: text, line: 1})
	return nil
}

// next returns the next token. An included text goes on where the directive
// stands, as if it had been written there.
func (s *scanner) next() (token, error) {
	for {
		in := s.inputs[len(s.inputs)-1]
		rest := in.rest()
		pos := in.pos()
		switch {
		case len(rest) == 0:
			if len(s.inputs) == 1 {
				return token{kind: tokenEnd, pos: pos}, nil
			}
			s.inputs = s.inputs[:len(s.inputs)-1]
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
			in.advance(1)
		case rest[0] == '#' || bytes.HasPrefix(rest, []byte("//")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			in.advance(end)
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				return token{}, faultAt(pos, "the comment is not closed with */")
			}
			in.advance(end + 4)
		case bytes.HasPrefix(rest, []byte("<?")):
			if err := s.directive(in); err != nil {
				return token{}, err
			}
		case bytes.IndexByte([]byte("{}[]:,"), rest[0]) >= 0:
			in.advance(1)
			return token{kind: rest[0], pos: pos, text: string(rest[:1])}, nil
		case rest[0] == '"':
			return in.scanString()
		default:
			return in.scanLiteral()
		}
	}
}

// directive reads <?include "file"?> and opens the file.
func (s *scanner) directive(in *input) error {
	pos := in.pos()
	end := bytes.Index(in.rest()[2:], []byte("?>")) + 2
	if end < 2 {
		return faultAt(pos, "the directive is not closed with ?>")
	}
	body := strings.TrimSpace(string(in.rest()[2:end]))
	name, ok := strings.CutPrefix(body, "include")
	name = strings.TrimSpace(name)
	if !ok || len(name) < 3 || name[0] != '"' || strings.IndexAny(name[1:], "\"\n") != len(name)-2 {
		return faultAt(pos, `the only directive is <?include "file"?>`)
	}
	in.advance(end + 2)
	name = name[1 : len(name)-1]
	if s.include == nil {
		return faultAt(pos, "include %q: files can only be included by a file", name)
	}
	if len(s.inputs) > MaxIncludes {
		return faultAt(pos, "include %q: included files include others more than %d deep", name, MaxIncludes)
	}
	path, text, err := s.include(in.name, name)
	if err != nil {
		return faultAt(pos, "include %q: %v", name, err)
	}
	return s.push(pos, path, text)
}

// scanString reads a string, which begins at the input's place.
func (in *input) scanString() (token, error) {
	rest, pos := in.rest(), in.pos()
	escaped := false
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c < 0x20:
			in.advance(i)
			return token{}, faultAt(in.pos(), "a string holds the control character 0x%02x; it must be escaped, or the closing \" is missing", c)
		case c == '\\':
			escaped = true
			i++
		case c == '"':
			t := token{kind: tokenString, pos: pos, text: string(rest[1:i])}
			if escaped {
				if err := json.Unmarshal(rest[:i+1], &t.text); err != nil {
					return token{}, faultAt(pos, "the string %s has an invalid escape", rest[:i+1])
				}
			} else if !utf8.ValidString(t.text) {
				return token{}, faultAt(pos, "the string %q is not UTF-8", t.text)
			}
			in.advance(i + 1)
			return t, nil
		}
	}
	return token{}, faultAt(pos, "the string is not closed")
}

// scanLiteral reads a number or a word.
func (in *input) scanLiteral() (token, error) {
	rest, pos := in.rest(), in.pos()
	n := 0
	for n < len(rest) && (isAlnum(rest[n]) || rest[n] == '-' || rest[n] == '+' || rest[n] == '.') {
		n++
	}
	text := string(rest[:n])
	switch {
	case n == 0:
		r, _ := utf8.DecodeRune(rest)
		return token{}, faultAt(pos, "unexpected character %q", r)
	case text == "true" || text == "false" || text == "null":
		in.advance(n)
		return token{kind: tokenWord, pos: pos, text: text}, nil
	}
	literal := canonicalNumber(text)
	if !json.Valid([]byte(literal)) || literal[0] != '-' && !isDigit(literal[0]) {
		return token{}, faultAt(pos, "%s is neither a number nor true, false or null (in lower case)", text)
	}
	in.advance(n)
	return token{kind: tokenNumber, pos: pos, text: literal}, nil
}

// canonicalNumber makes JSON of what Kea accepts beyond it: zeros in front, and
// a decimal point without digits on one of its sides.
func canonicalNumber(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	for len(digits) > 1 && digits[0] == '0' && isDigit(digits[1]) {
		digits = digits[1:]
	}
	if whole, share, found := strings.Cut(digits, "."); found {
		switch {
		case whole == "" && share != "" && isDigit(share[0]):
			digits = "0" + digits
		case whole != "" && (share == "" || !isDigit(share[0])):
			digits = whole + ".0" + share
		}
	}
	if negative {
		return "-" + digits
	}
	return digits
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
