package lease

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeadsAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		h, twin := new(heads), map[uint32]uint32{}
		// Few different low bits, so that many want the same place.
		some := func() uint32 { return rnd.Uint32N(3)<<headsBits | rnd.Uint32N(40)<<8 | rnd.Uint32N(8) }
		for step := range 30_000 {
			hash := some()
			require.Equal(t, twin[hash], h.get(hash), "step %d", step)
			if _, ok := twin[hash]; ok && rnd.IntN(2) == 0 {
				h.delete(hash)
				delete(twin, hash)
				continue
			}
			first := 1 + rnd.Uint32()>>1
			require.Equal(t, twin[hash], h.set(hash, first))
			twin[hash] = first
		}
		require.Len(t, twin, h.n)
		for hash, first := range twin {
			require.Equal(t, first, h.get(hash))
		}
		n := 0
		for range h.all {
			n++
		}
		require.Equal(t, h.n, n)
	}
}
