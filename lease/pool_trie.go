package lease

import "math/bits"

// bitset is a sparse set of numbers: bit i%64 of word i/64 says whether i is in.
// Words that are zero are not kept.
type bitset map[uint64]uint64

func (b bitset) has(i uint64) bool { return b[i>>6]>>(i&63)&1 != 0 }

// set adds i and says whether its word is full now.
func (b bitset) set(i uint64) (full bool) {
	w := b[i>>6] | 1<<(i&63)
	b[i>>6] = w
	return w == ^uint64(0)
}

// clear removes i and says whether its word was full.
func (b bitset) clear(i uint64) (wasFull bool) {
	old := b[i>>6]
	if w := old &^ (1 << (i & 63)); w != 0 {
		b[i>>6] = w
	} else {
		delete(b, i>>6)
	}
	return old == ^uint64(0)
}

// trie is a set of the numbers 0 to last that finds the next number that is
// not in it in one step per level of 64 branches: four for 2^24 numbers,
// eleven for 2^64.
//
// levels[0] holds the numbers. In every level above, bit i says that all 64
// numbers under i in the level below are in, so it has entries only where the
// set is dense: a million numbers spread over 2^64 cost a word each, and 2^24
// numbers without a gap a quarter of a million words.
type trie struct {
	levels []bitset
	last   uint64
}

func newTrie(last uint64) *trie {
	t := &trie{last: last, levels: []bitset{{}}}
	for last >>= 6; last > 0; last >>= 6 {
		t.levels = append(t.levels, bitset{})
	}
	return t
}

func (t *trie) has(i uint64) bool { return t.levels[0].has(i) }

func (t *trie) set(i uint64) {
	for _, level := range t.levels {
		if !level.set(i) {
			return
		}
		i >>= 6
	}
}

func (t *trie) clear(i uint64) {
	for _, level := range t.levels {
		if !level.clear(i) {
			return
		}
		i >>= 6
	}
}

// next returns the least number from i to last that is not in the set.
func (t *trie) next(i uint64) (uint64, bool) {
	for l, level := range t.levels {
		// What is below i counts as in.
		if w := level[i>>6] | (1<<(i&63) - 1); w != ^uint64(0) {
			i = i&^63 | uint64(bits.TrailingZeros64(^w))
			if i > t.last>>(6*l) {
				return 0, false
			}
			for l--; l >= 0; l-- {
				i = i<<6 | uint64(bits.TrailingZeros64(^t.levels[l][i]))
			}
			return i, i <= t.last
		}
		i = i>>6 + 1
	}
	return 0, false
}
