package keajson

import (
	"fmt"
	"slices"
	"strings"
)

// Report collects what is found in a configuration.
type Report struct {
	Problems []Problem
	Warnings []Problem // what is accepted, but hardly meant
}

// Errorf notes a mistake at a path.
func (r *Report) Errorf(path, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// Unsupportedf notes something that is not supported, and what to do about
// it.
func (r *Report) Unsupportedf(path, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Path: path, Text: "is not supported: " + fmt.Sprintf(format, args...), Unsupported: true})
}

// Warnf notes something doubtful.
func (r *Report) Warnf(path, format string, args ...any) {
	r.Warnings = append(r.Warnings, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// Locate adds the places in the text to what was noted by path only.
func (r *Report) Locate(root *Node) {
	for _, list := range [][]Problem{r.Problems, r.Warnings} {
		for i := range list {
			if list[i].Pos.Line == 0 {
				list[i].Pos = root.Locate(list[i].Path)
			}
		}
	}
}

// AllowUnsupported makes warnings of what is not supported.
func (r *Report) AllowUnsupported() {
	mistakes := r.Problems[:0:0]
	for _, p := range r.Problems {
		if p.Unsupported {
			r.Warnings = append(r.Warnings, p)
		} else {
			mistakes = append(mistakes, p)
		}
	}
	r.Problems = mistakes
}

// DropConsequences removes problems that were noted since there were n and
// that follow from earlier ones: those about the same value, about what is
// inside it, or about an object of which a member is wrong.
func (r *Report) DropConsequences(n int) {
	wrong, incomplete := map[string]bool{}, map[string]bool{}
	for _, p := range r.Problems[:n] {
		wrong[p.Path] = true
		incomplete[p.Path[:max(strings.LastIndexByte(p.Path, '.'), 0)]] = true
	}
	later := slices.DeleteFunc(r.Problems[n:], func(p Problem) bool {
		for i, c := range p.Path {
			if (c == '.' || c == '[') && wrong[p.Path[:i]] {
				return true
			}
		}
		return wrong[p.Path] || incomplete[p.Path]
	})
	r.Problems = r.Problems[:n+len(later)]
}

// Err returns the problems as an [*Error] in the order of the text, or nil if
// there is none.
func (r *Report) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	Sort(r.Problems)
	return &Error{r.Problems}
}
