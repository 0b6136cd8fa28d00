package conf

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOverlapping(t *testing.T) {
	place := func(first, last byte) placed {
		r := Range{First: netip.AddrFrom4([4]byte{192, 0, 2, first}), Last: netip.AddrFrom4([4]byte{192, 0, 2, last})}
		return placed{r, fmt.Sprintf("%d-%d", first, last), ""}
	}
	// The third overlaps the first, though not the second, which comes between.
	pairs := overlapping([]placed{place(80, 99), place(1, 90), place(100, 101), place(3, 5)})
	var found []string
	for _, p := range pairs {
		found = append(found, p[0].path+" "+p[1].path)
	}
	require.Equal(t, []string{"1-90 3-5", "1-90 80-99"}, found)

	// A range is found if and only if it overlaps one that begins before it.
	for range 1000 {
		var ranges []placed
		for range 1 + rand.IntN(6) {
			first := byte(rand.IntN(30))
			ranges = append(ranges, place(first, first+byte(rand.IntN(6))))
		}
		overlap := false
		for i := range ranges {
			for j := range i {
				overlap = overlap || ranges[i].Overlaps(ranges[j].Range)
			}
		}
		require.Equal(t, overlap, len(overlapping(ranges)) > 0, "%v", ranges)
	}
}
