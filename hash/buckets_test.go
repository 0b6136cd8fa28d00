package hash_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/hash"
)

func TestSharesCoverEveryBucketOnce(t *testing.T) {
	t.Parallel()
	for servers := 1; servers <= 5; servers++ {
		for n := range 256 {
			owners := 0
			for server := range servers {
				if b := hash.Share(server, servers); b.Contains(uint8(n)) {
					require.Equal(t, n%servers, server)
					owners++
				}
			}
			require.Equal(t, 1, owners, "bucket %d of %d servers", n, servers)
		}
	}
}

func TestNoSuchServerHasNoBuckets(t *testing.T) {
	t.Parallel()
	for _, s := range [][2]int{{0, 0}, {-1, 2}, {2, 2}, {0, -1}, {300, 1000}} {
		require.Zero(t, hash.Share(s[0], s[1]), "%v", s)
	}
}

func TestBucketsAreABitmap(t *testing.T) {
	t.Parallel()
	var b hash.Buckets
	b.Add(0)
	b.Add(9)
	b.Add(255)
	require.Equal(t, hash.Buckets{0: 0x01, 1: 0x02, 31: 0x80}, b)
	require.True(t, b.Contains(9))
	require.False(t, b.Contains(8))
}
