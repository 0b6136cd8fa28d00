package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What has been mended is not told of for ever.
func TestNoSubnetIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Stats
		s.noSubnet = s.All.Stat("none")
		require.Zero(t, s.NoSubnet(), "it was never counted")
		s.CountNoSubnet()
		time.Sleep(time.Minute)
		s.CountNoSubnet()
		last := time.Now()
		time.Sleep(recently)
		require.True(t, last.Equal(s.NoSubnet()))
		time.Sleep(time.Nanosecond)
		require.Zero(t, s.NoSubnet())
	})
}
