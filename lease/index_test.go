package lease

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One DUID may have any number of IAIDs, and choose them as it likes: no two of
// them meet in a chain, and they lie all over the table, however they are chosen.
func TestIAIDsAreSpread(t *testing.T) {
	t.Parallel()
	x := newIndex()
	duid := []byte("\x00\x01\x00\x01 a client of bad intentions")
	const n = 1 << 13
	for name, iaid := range map[string]func(i uint32) uint32{
		"one after another":      func(i uint32) uint32 { return i },
		"high bits only":         func(i uint32) uint32 { return i << 19 },
		"low bits the same":      func(i uint32) uint32 { return i<<12 | 77 },
		"golden ratio undone":    func(i uint32) uint32 { return (i << 12) * 0x0e8b2f51 }, // times 0x9e3779b1 it is i<<12
		"the same in the middle": func(i uint32) uint32 { return i&0x7f | i>>7<<26 },
	} {
		hashes, parts, lows := map[uint32]bool{}, map[uint32]bool{}, map[uint32]int{}
		for i := range uint32(n) {
			h := x.hashOfIAID(duid, iaid(i))
			hashes[h] = true
			parts[h>>headsBits] = true
			lows[h%n]++
		}
		require.Len(t, hashes, n, name)
		require.Len(t, parts, headsParts, name)
		most := 0
		for _, times := range lows {
			most = max(most, times)
		}
		require.Less(t, most, 16, "%s: many want one place", name)
	}
}
