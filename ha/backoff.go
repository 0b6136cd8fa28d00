package ha

import (
	"context"
	"time"
)

// The delays between attempts to reach a peer.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// backoff is the delay before the next attempt, which doubles from attempt to
// attempt. The zero backoff is that of the first.
type backoff struct{ next time.Duration }

// wait waits for the delay, or less if wake has a token or ctx ends.
func (b *backoff) wait(ctx context.Context, wake <-chan struct{}) {
	b.next = min(max(b.next, minBackoff), maxBackoff)
	timer := time.NewTimer(b.next)
	defer timer.Stop()
	b.next *= 2
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// reset begins anew: the peer has been reached.
func (b *backoff) reset() { b.next = 0 }
