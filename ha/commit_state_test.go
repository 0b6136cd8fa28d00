package ha

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// blocker holds up a store in the middle of a write.
type blocker struct{ writing, goOn chan struct{} }

func (b *blocker) Announced([]lease.Change) {
	select {
	case b.writing <- struct{}{}:
	default:
	}
	<-b.goOn
}

func (b *blocker) Failed([]lease.Change) {}

// block has the store write something until the function is called.
func (d *node) block() (goOn func()) {
	b := &blocker{make(chan struct{}, 1), make(chan struct{})}
	stop := d.store.Announce(b)
	written := make(chan error)
	go func() {
		written <- d.store.Commit(context.Background(), lease.Change{Lease: leaseOf("192.0.2.99", 99), Source: lease.Foreign})
	}()
	<-b.writing
	return func() {
		close(b.goOn)
		require.NoError(d.t, <-written)
		stop()
	}
}

// What counts for an answer is the state the server is in once the lease is on
// its disk, not the one it was in when the query came.
func TestCommitAcrossStates(t *testing.T) {
	t.Run("alone, then together", func(t *testing.T) {
		pairTest(t, LoadBalancing, func(a, b *node) {
			normal(a, b)
			a.net.SetCut(true)
			a.until(StateCommunicationRecovery)
			b.until(StateCommunicationRecovery)
			r := a.relationships[0]

			goOn := a.block()
			done := make(chan error, 1)
			go func() { done <- a.give("192.0.2.7", 7) }()
			synctest.Wait()
			// As if the two had found each other; but nothing gets there.
			v := *r.view.Load()
			v.state, v.updates, v.awaited = StateLoadBalancing, updatesAwaited, []*replica{r.partner.replica}
			r.view.Store(&v)
			goOn()
			select {
			case err := <-done:
				require.Error(a.t, err, "the partner does not know of the lease")
			case <-time.After(time.Minute):
				a.t.Fatal("no end")
			}
			a.net.SetCut(false)
		})
	})
	for name, leave := range map[string]func(a *node){
		"serving, then not": func(a *node) {
			v := *a.relationships[0].view.Load()
			v.state, v.serving = StateWaiting, false
			a.relationships[0].view.Store(&v)
		},
		"serving, then the end": func(a *node) { a.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			pairTest(t, HotStandby, func(a, b *node) {
				normal(a, b)
				b.end()
				a.until(StatePartnerDown)
				goOn := a.block()
				done := make(chan error, 1)
				go func() { done <- a.give("192.0.2.7", 7) }()
				synctest.Wait()
				leave(a)
				synctest.Wait()
				goOn()
				require.ErrorIs(a.t, <-done, errNotServing)
				_, there := a.has("192.0.2.7")
				require.True(a.t, there)
			})
		})
	}
	t.Run("not serving", func(t *testing.T) {
		pairTest(t, HotStandby, func(a, b *node) {
			a.start()
			require.ErrorIs(a.t, a.give("192.0.2.7", 7), errNotServing)
			_, there := a.has("192.0.2.7")
			require.False(a.t, there)
		})
	})
}
