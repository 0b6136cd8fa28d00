package keajson

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a text. The zero Pos is no place.
type Pos struct {
	File   string // as given to Parse; empty if the text has no name
	Line   int    // from 1
	Column int    // in bytes, from 1
}

// String returns "file:line:column", or "line:column" without a file name.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one mistake in a configuration.
type Problem struct {
	// Path leads from the outermost object to the mistake, such as
	// "subnet4[2].pools[0].pool". Empty: the text as a whole.
	Path string
	// Pos is where in the text it is, if there is a text.
	Pos Pos
	// Text says what is wrong, and what is expected.
	Text string
	// Unsupported says that it is no mistake to Kea, but something that is
	// not supported here.
	Unsupported bool
	// Unknown says that it is a key that nobody knows.
	Unknown bool
}

// String returns the problem in one line: place, path, text.
func (p Problem) String() string {
	var parts []string
	for _, s := range []string{p.Pos.String(), p.Path, p.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// Error is the error for a configuration with mistakes: all of them. It
// matches [errors.ErrUnsupported] if something is not supported.
type Error struct{ Problems []Problem }

// Error returns a line for every problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Is makes the error match errors.ErrUnsupported.
func (e *Error) Is(target error) bool {
	return target == errors.ErrUnsupported && slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.Unsupported })
}

// Sort orders problems by their place in the text. The files keep the order
// in which they first appear, and what has no place stays in front.
func Sort(problems []Problem) {
	rank := map[string]int{}
	for _, p := range problems {
		if _, seen := rank[p.Pos.File]; !seen {
			rank[p.Pos.File] = len(rank)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(rank[a.Pos.File], rank[b.Pos.File]),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
}
