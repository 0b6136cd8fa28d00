package lease

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTrieAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	for _, last := range []uint64{0, 1, 62, 63, 64, 65, 4095, 4096, 5000, 300_000} {
		rng := rand.New(rand.NewPCG(last, 1))
		tr, twin := newTrie(last), make([]bool, last+1)
		for step := range 3000 {
			// Runs make full words, which single numbers would hardly do.
			i := rng.Uint64N(last + 1)
			run := min(last, i+rng.Uint64N(rng.Uint64N(min(last+1, 9000))+1))
			in := rng.IntN(3) > 0
			for ; i <= run; i++ {
				if twin[i] = in; in {
					tr.set(i)
				} else {
					tr.clear(i)
				}
			}
			from := rng.Uint64N(last + 1)
			want := from
			for want <= last && twin[want] {
				want++
			}
			got, ok := tr.next(from)
			require.Equal(t, want <= last, ok, "last %d step %d from %d", last, step, from)
			if ok {
				require.Equal(t, want, got, "last %d step %d", last, step)
			}
			require.Equal(t, twin[from], tr.has(from))
		}
	}
}

func TestTrieHasNoLimitBelow64Bits(t *testing.T) {
	t.Parallel()
	tr := newTrie(math.MaxUint64)
	for i := range uint64(70_000) {
		tr.set(math.MaxUint64 - i)
	}
	_, ok := tr.next(math.MaxUint64 - 69_999)
	require.False(t, ok, "nothing follows the last number")
	got, ok := tr.next(math.MaxUint64 - 80_000)
	require.True(t, ok)
	require.Equal(t, uint64(math.MaxUint64-80_000), got)
	tr.clear(math.MaxUint64)
	got, ok = tr.next(math.MaxUint64 - 60_000)
	require.True(t, ok)
	require.Equal(t, uint64(math.MaxUint64), got)
}

func TestTrieForgetsWhatIsCleared(t *testing.T) {
	t.Parallel()
	tr := newTrie(1 << 20)
	for i := range uint64(1 << 20) {
		tr.set(i)
	}
	for i := range uint64(1 << 20) {
		tr.clear(i)
	}
	for _, level := range tr.levels {
		require.Empty(t, level)
	}
}
