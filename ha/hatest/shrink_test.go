package hatest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestShrink: of a long script what makes it fail is left, and no more.
func TestShrink(t *testing.T) {
	long, err := ParseScript(everyStep)
	require.NoError(t, err)
	long = slices.Concat(long, long, long)
	has := func(s Script, do, arg string, least int) bool {
		return slices.ContainsFunc(s, func(step Step) bool {
			n, _ := strconv.Atoi(step.Args[0])
			return step.Do == do && (step.Args[0] == arg || n >= least && least > 0)
		})
	}
	asked := 0
	short := shrink(long, 1000, func(s Script) bool {
		asked++
		s = slices.DeleteFunc(slices.Clone(s), func(step Step) bool { return len(step.Args) == 0 })
		late := slices.ContainsFunc(s, func(step Step) bool { return step.Do == "join" && step.At > 14*time.Second })
		return has(s, "kill", "server1", 0) && has(s, "clients", "", 3) && late
	})
	require.ElementsMatch(t, []string{"0s clients 3", "13s kill server1", "14.25s join server1 server2"}, lines(short))
	require.Less(t, asked, 200)

	asked = 0
	shrink(long, 10, func(Script) bool { asked++; return true })
	require.LessOrEqual(t, asked, 10)
	require.Empty(t, shrink(long, 1000, func(Script) bool { return true }))
	require.Equal(t, long, shrink(long, 1000, func(Script) bool { return false }))
}

func lines(s Script) (all []string) {
	for _, step := range s {
		all = append(all, step.String())
	}
	return all
}
