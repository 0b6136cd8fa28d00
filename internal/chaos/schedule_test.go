package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// By the same seed all is the same, and no kind comes again before all have come.
func TestSchedule(t *testing.T) {
	t.Parallel()
	const rounds = 3
	draw := func(seed uint64) (all []string) {
		seen := make(map[string]int)
		for f := range schedule(seed, kinds()) {
			all = append(all, f.String()+" after "+f.after.String())
			require.Equal(t, len(all), f.number)
			require.GreaterOrEqual(t, f.length, f.kind.least)
			require.Less(t, f.length, f.kind.most)
			require.Contains(t, []int{0, 1}, f.server)
			seen[f.kind.name]++
			require.LessOrEqual(t, seen[f.kind.name], (f.number-1)/len(kinds())+1)
			if f.number == rounds*len(kinds()) {
				break
			}
		}
		require.Len(t, seen, len(kinds()))
		return all
	}
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
}

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-pairs", "ours/kea,kea/kea", "-families", "6", "-faults", "kill,drop", "-seed", "7"})
	require.NoError(t, err)
	require.Equal(t, [][2]bool{{true, false}, {false, false}}, o.pairs)
	require.Equal(t, "DHCPv6", o.families[0].name)
	require.Len(t, o.kinds, 2)
	require.EqualValues(t, 7, o.seed)
	for _, args := range [][]string{
		{"-pairs", "ours"}, {"-families", "5"}, {"-faults", "kil"}, {"-mode", "hot"}, {"-rate", "0"}, {"-clients", "2000"}, {"kill"},
	} {
		_, err := parse(args)
		require.Error(t, err, args)
	}
}
