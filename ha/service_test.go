package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two servers that start together reach normal operation, and what one gives
// out is the other's when Commit returns.
func TestPairStartsAndReplicates(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		t.Run(string(mode), func(t *testing.T) {
			pairTest(t, mode, func(a, b *node) {
				a.start()
				b.start()
				require.Zero(t, a.serves()+b.serves())
				a.until(State(map[Mode]State{HotStandby: StateHotStandby, LoadBalancing: StateLoadBalancing}[mode]))
				b.until(a.state())
				require.Equal(t, 256, a.serves()+b.serves())
				if mode == HotStandby {
					require.Equal(t, 256, a.serves())
				} else {
					require.Equal(t, 128, a.serves())
				}
				require.NoError(t, a.give("192.0.2.7", 7))
				require.NoError(t, b.give("192.0.2.8", 8))
				for _, d := range []*node{a, b} {
					client, _ := d.has("192.0.2.7")
					require.Equal(t, byte(7), client)
					client, _ = d.has("192.0.2.8")
					require.Equal(t, byte(8), client)
				}
				require.Equal(t, a.leases(), b.leases())
			})
		})
	}
}
