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
		require.NoError(t, ts.Take(t.Context(), "a"))
		require.NoError(t, ts.Take(t.Context(), "b"), "clients do not wait for each other")
		ts.Leave("b")

		passed := make(chan struct{})
		for range MaxTurns - 1 {
			go func() {
				require.NoError(t, ts.Take(context.Background(), "a"))
				passed <- struct{}{}
				ts.Leave("a")
			}()
		}
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("two had the turn")
		default:
		}
		require.ErrorIs(t, ts.Take(t.Context(), "a"), ErrBusy)
		ts.Leave("a")
		for range MaxTurns - 1 {
			<-passed
		}
		synctest.Wait()
		require.Zero(t, ts.Len())
	})
}

// A query that does not wait any more leaves its turn to the next, also if the
// turn has just come.
func TestTurnGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts Turns
		require.NoError(t, ts.Take(t.Context(), "a"))
		ctx, cancel := context.WithCancelCause(t.Context())
		given := make(chan error, 1)
		go func() { given <- ts.Take(ctx, "a") }()
		synctest.Wait()
		next := make(chan error, 1)
		go func() { next <- ts.Take(t.Context(), "a") }()
		synctest.Wait()
		cancel(context.DeadlineExceeded)
		require.ErrorIs(t, <-given, context.DeadlineExceeded)
		require.Equal(t, 1, ts.Len())
		ts.Leave("a")
		require.NoError(t, <-next)

		turn, err := ts.join("a")
		require.NoError(t, err)
		ts.Leave("a")
		ts.giveUp("a", turn)
		require.Zero(t, ts.Len())
	})
}
