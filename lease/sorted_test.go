package lease

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type sortedItem struct{ key, value int }

func (a sortedItem) less(b sortedItem) bool { return a.key < b.key }

// items returns all of the set and checks how it stands.
func items(t *testing.T, s *sorted[sortedItem]) []sortedItem {
	t.Helper()
	var all []sortedItem
	require.Equal(t, len(s.parts), len(s.least))
	for i, part := range s.parts {
		require.NotEmpty(t, part)
		require.LessOrEqual(t, s.least[i].key, part[0].key)
		if i > 0 {
			require.Less(t, all[len(all)-1].key, s.least[i].key)
		}
		require.Equal(t, partItems, cap(part))
		all = append(all, part...)
	}
	require.Len(t, all, s.len())
	return all
}

func TestSortedAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s, twin := newSorted(sortedItem.less), map[int]int{}
		room := []int{10, 3000, 30_000}[seed%3]
		for round := range 40 {
			start, grow := rnd.IntN(room), rnd.IntN(3) > 0
			for i := range rnd.IntN(3000) {
				k := rnd.IntN(room)
				if round%2 == 0 {
					k = start + i // in order
				}
				if grow {
					s.set(sortedItem{k, round})
					twin[k] = round
				} else {
					s.delete(sortedItem{key: k})
					delete(twin, k)
				}
			}
			var want []sortedItem
			for k, v := range twin {
				want = append(want, sortedItem{k, v})
			}
			slices.SortFunc(want, func(a, b sortedItem) int { return cmp.Compare(a.key, b.key) })
			require.True(t, slices.Equal(want, items(t, s)))
			for range 50 {
				k := rnd.IntN(room)
				got := s.get(sortedItem{key: k})
				v, ok := twin[k]
				require.Equal(t, ok, got != nil)
				if ok {
					require.Equal(t, sortedItem{k, v}, *got)
				}
				at, _ := slices.BinarySearchFunc(want, k, func(x sortedItem, k int) int { return cmp.Compare(x.key, k) })
				var rest []sortedItem
				s.ascend(sortedItem{key: k}, func(x sortedItem) bool {
					rest = append(rest, x)
					return len(rest) < 5
				})
				require.True(t, slices.Equal(want[at:min(at+5, len(want))], rest))
			}
		}
	}
}

// What comes in order leaves no gaps, and what goes leaves no parts behind.
func TestSortedIsDense(t *testing.T) {
	t.Parallel()
	s := newSorted(sortedItem.less)
	const n = 100 * partItems
	for i := range n {
		s.set(sortedItem{key: i})
	}
	require.Len(t, s.parts, 100)
	for _, i := range rand.Perm(n)[:n*9/10] {
		s.delete(sortedItem{key: i})
	}
	items(t, s)
	require.Less(t, len(s.parts), 45)
	for i := range n {
		s.delete(sortedItem{key: i})
	}
	require.Empty(t, s.parts)
}
