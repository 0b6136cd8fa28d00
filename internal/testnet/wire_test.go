package testnet

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWire(t *testing.T) {
	t.Parallel()
	n := New(t)
	a, b := n.Host("a"), n.Host("b")
	w := n.Wire("wire0", 1, a, "192.0.2.1/24", b, "192.0.2.2/24")
	var listener net.Listener
	a.Do(func() {
		var err error
		listener, err = net.Listen("tcp", "192.0.2.1:80")
		require.NoError(t, err)
	})
	defer listener.Close()
	dial := func(patience time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		began := time.Now()
		conn, err := b.DialContext(ctx, "tcp", "192.0.2.1:80")
		if err == nil {
			conn.Close()
		}
		return time.Since(began), err
	}
	const ample = 20 * time.Second
	_, err := dial(ample)
	require.NoError(t, err)

	w.Lose(1)
	_, err = dial(100 * time.Millisecond)
	var silent net.Error
	require.ErrorAs(t, err, &silent)
	require.True(t, silent.Timeout())
	w.Lose(.1)
	_, err = dial(ample)
	require.NoError(t, err, "most get through")

	w.Lose(0)
	w.Delay(100*time.Millisecond, 110*time.Millisecond)
	took, err := dial(ample)
	require.NoError(t, err)
	require.GreaterOrEqual(t, took, 200*time.Millisecond, "there and back")
}

// By the same seed the same frames are lost, and others wait as long.
func TestWireRepeats(t *testing.T) {
	t.Parallel()
	fates := func(seed uint64) (lost int, delays []time.Duration) {
		y := &way{random: rand.New(rand.NewPCG(seed, 0)), lost: .25, least: time.Second, most: 2 * time.Second}
		for range 1000 {
			gone, delay := y.fate()
			require.GreaterOrEqual(t, delay, y.least)
			require.Less(t, delay, y.most)
			if gone {
				lost++
				delay = 0
			}
			delays = append(delays, delay)
		}
		return lost, delays
	}
	lost, delays := fates(1)
	require.InDelta(t, 250, lost, 50)
	_, again := fates(1)
	require.Equal(t, delays, again)
	_, others := fates(2)
	require.NotEqual(t, delays, others)
}
