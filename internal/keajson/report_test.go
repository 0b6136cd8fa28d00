package keajson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDropConsequences(t *testing.T) {
	for _, path := range []string{"a[1]", "a[1].b", "a[1].b.c[0]", "c", "c.d"} {
		r := Report{Problems: []Problem{{Path: "a[1]"}, {Path: "c.d"}, {Path: path}}}
		r.DropConsequences(2)
		require.Len(t, r.Problems, 2, path)
	}
	for _, path := range []string{"a[0]", "a[10]", "a[1]x", "c.x", "cd", "x"} {
		r := Report{Problems: []Problem{{Path: "a[1]"}, {Path: "c.d"}, {Path: path}}}
		r.DropConsequences(2)
		require.Len(t, r.Problems, 3, path)
	}
}
