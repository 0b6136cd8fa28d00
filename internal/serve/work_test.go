package serve

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// crowd are workers whose jobs wait to be released.
type crowd struct {
	workers
	release chan struct{}

	mu            sync.Mutex
	working, done int
}

func newCrowd() *crowd {
	c := &crowd{release: make(chan struct{})}
	c.do = func(job) {
		c.count(1, 0)
		<-c.release
		c.count(-1, 1)
	}
	return c
}

func (c *crowd) count(working, done int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.working += working
	c.done += done
}

// settled says how many work, have worked, and are idle.
func (c *crowd) settled() [3]int {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return [3]int{c.working, c.done, len(c.idle)}
}

func TestJobsDoNotWaitForOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		c.employ(nil)
		require.Equal(t, [3]int{0, 0, 0}, c.settled())
		c.employ(make([]job, 40))
		c.employ(make([]job, 2))
		require.Equal(t, [3]int{42, 0, 0}, c.settled())
		for range 12 {
			c.release <- struct{}{}
		}
		require.Equal(t, [3]int{30, 12, 12}, c.settled())
		c.employ(make([]job, 15))
		require.Equal(t, [3]int{45, 12, 0}, c.settled(), "the idle are enough for twelve")
		close(c.release)
		c.employ(make([]job, 1000))
		c.close()
		require.Equal(t, 12+45+1000, c.done, "what there was to do has been done")
	})
}

func TestIdleWorkersAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		c.employ(make([]job, 100))
		synctest.Wait()
		for range 100 {
			c.release <- struct{}{}
		}
		require.Equal(t, [3]int{0, 100, 100}, c.settled())
		c.retire()
		require.Equal(t, [3]int{0, 100, 100}, c.settled(), "none has been idle since the call before")

		// Forty are needed again and again.
		for range 10 {
			c.employ(make([]job, 40))
			synctest.Wait()
			for range 40 {
				c.release <- struct{}{}
			}
			synctest.Wait()
			c.retire()
		}
		require.Equal(t, [3]int{0, 500, 40}, c.settled())
		c.retire()
		require.Equal(t, [3]int{0, 500, 0}, c.settled())
		c.close()
	})
}

// The queue is not longer than what waits, though there is always something in
// it.
func TestQueueDoesNotGrow(t *testing.T) {
	t.Parallel()
	var w workers
	w.closed, w.waking = true, true // nobody takes jobs but the test
	me := &worker{make(chan bool, 1)}
	for range 10_000 {
		w.employ(make([]job, 3))
		for range 3 {
			if len(w.queue)-w.next > 1 {
				_, ok := w.take(me, false)
				require.True(t, ok)
			}
		}
	}
	require.Equal(t, 1, len(w.queue)-w.next)
	require.Less(t, cap(w.queue), 100)
}
