package lease

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Who does not wait any more takes its changes along, though the writer has
// not come to them: a disk that hangs must not let them pile up.
func TestAbandonedCommitsDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	waiting := func() int {
		s.queue.mu.Lock()
		defer s.queue.mu.Unlock()
		return len(s.queue.waiting)
	}
	s.turn <- struct{}{} // the writer waits, with
	goOn := sync.OnceFunc(func() { <-s.turn })
	defer goOn()
	require.True(t, s.queue.put(&request{ctx: ctx, done: make(chan error, 1)}))
	require.Eventually(t, func() bool { return waiting() == 0 }, time.Minute, time.Millisecond)

	abandoned, abandon := context.WithCancelCause(ctx)
	given := errors.New("given up")
	results, patient := make(chan error, 50), make(chan error)
	for n := range 50 {
		go func() { results <- s.Commit(abandoned, Change{Lease: v4(n)}) }()
	}
	go func() { patient <- s.Commit(ctx, Change{Lease: v4(100)}) }()
	require.Eventually(t, func() bool { return waiting() == 51 }, time.Minute, time.Millisecond)
	abandon(given)
	for range 50 {
		require.ErrorIs(t, <-results, given)
	}
	require.Equal(t, 1, waiting())
	goOn()
	require.NoError(t, <-patient)
	require.Equal(t, 1, s.Count(0, Assigned, V4))
}
