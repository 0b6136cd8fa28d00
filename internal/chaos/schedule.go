package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// fault is one of the schedule. All about it is drawn beforehand, so that each
// pair suffers the same.
type fault struct {
	kind   kind
	number int           // from 1 on
	after  time.Duration // of normal operation, it comes
	server int           // that it hits, 0 or 1
	length time.Duration
	extent float64 // from 0 to 1: how bad it is, where there is more than one way
}

func (f fault) String() string {
	return fmt.Sprintf("fault %d, %s of server%d for %v (extent %.2f)", f.number, f.kind.name, f.server+1, f.length.Round(time.Millisecond), f.extent)
}

// schedule is the faults that a seed stands for, without end: all kinds in one
// order, then all in another one.
func schedule(seed uint64, kinds []kind) iter.Seq[fault] {
	return func(yield func(fault) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		for number := 1; ; {
			for _, i := range random.Perm(len(kinds)) {
				k := kinds[i]
				f := fault{
					kind:   k,
					number: number,
					after:  between(random, 300*time.Millisecond, 2*time.Second),
					server: random.IntN(2),
					length: between(random, k.least, k.most),
					extent: random.Float64(),
				}
				if !yield(f) {
					return
				}
				number++
			}
		}
	}
}

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}
