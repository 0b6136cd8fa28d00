package engine

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts Turns
		release, err := ts.Take(t.Context(), "a")
		require.NoError(t, err)
		other, err := ts.Take(t.Context(), "b")
		require.NoError(t, err, "clients do not wait for each other")
		other()

		passed := make(chan struct{})
		for range MaxTurns - 1 {
			go func() {
				release, err := ts.Take(context.Background(), "a")
				require.NoError(t, err)
				passed <- struct{}{}
				release()
			}()
		}
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("two had the turn")
		default:
		}
		_, err = ts.Take(t.Context(), "a")
		require.ErrorIs(t, err, ErrBusy)
		release()
		for range MaxTurns - 1 {
			<-passed
		}
		synctest.Wait()
		require.Zero(t, ts.Len())
	})
}

func TestTurnGivenUp(t *testing.T) {
	t.Parallel()
	var ts Turns
	release, err := ts.Take(t.Context(), "a")
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	_, err = ts.Take(ctx, "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, ts.Len())
	release()
	require.Zero(t, ts.Len())
}
