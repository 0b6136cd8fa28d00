package main

import (
	"math/bits"
	"time"
)

// times counts durations by their length, to within 1.6 %.
type times struct {
	counts []int
	n      int
	max    time.Duration
}

// A power of two has this many classes.
const classes = 1 << 6

// class is a duration's.
func class(d time.Duration) int {
	n := uint64(max(d, 0))
	shift := max(bits.Len64(n)-bits.Len(2*classes-1), 0)
	return shift*classes + int(n>>shift)
}

// floor is the shortest duration of a class.
func floor(class int) time.Duration {
	shift := max(class/classes-1, 0)
	return time.Duration(class-shift*classes) << shift
}

func (t *times) add(d time.Duration) {
	c := class(d)
	for len(t.counts) <= c {
		t.counts = append(t.counts, 0)
	}
	t.counts[c]++
	t.n++
	t.max = max(t.max, d)
}

// quantile returns what a share q does not exceed, in milliseconds.
func (t *times) quantile(q float64) float64 {
	rank := int(q * float64(t.n))
	for c, n := range t.counts {
		if rank -= n; rank < 0 {
			return ms(min((floor(c)+floor(c+1))/2, t.max))
		}
	}
	return ms(t.max)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
