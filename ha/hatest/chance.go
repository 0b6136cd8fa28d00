package hatest

import (
	"hash/fnv"
	"math/rand/v2"
)

// chance returns what decides about one thing: the same in every run with the
// seed, whatever else happens. Things of a kind, which is named by what, have
// numbers.
func chance(seed uint64, what string, number uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(what))
	return rand.New(rand.NewPCG(seed^h.Sum64(), number))
}
