package ha

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// probeMark is the mark of the store that health writes.
const probeMark = "probe"

// probeDelay is how long health waits before it tries again to write to a
// store that fails.
const probeDelay = time.Second

// writeTime is how long a write to the store may take before that is taken for
// one that fails: a disk that hangs gives no error. That is noticed no later
// than lookDelay after it.
const (
	writeTime = 5 * time.Second
	lookDelay = 500 * time.Millisecond
)

var errSlow = errors.New("the store does not answer")

// health finds out whether leases can be made durable here. A commit that
// fails, be it of what another server has sent, makes it try for itself, since
// a commit may also fail for what is in it.
type health struct {
	s      *Service
	write  func(context.Context) error // writes something to the store
	doubt  chan struct{}               // a commit has failed
	failed atomic.Bool

	// Commits that clients wait for. None of them has a timer of its own: they
	// are many, and if none ends it is the store that does not go on.
	begun, ended atomic.Uint64
}

func (h *health) init(s *Service) {
	h.s, h.doubt = s, make(chan struct{}, 1)
	h.write = func(ctx context.Context) error {
		// Another position each time, so that there is something to write.
		return s.store.CommitMark(ctx, probeMark, lease.Position{Revision: uint64(s.opts.Now().UnixNano())})
	}
}

// heed notes the error of a commit.
func (h *health) heed(ctx context.Context, err error) {
	if err == nil || errors.Is(err, lease.ErrConflict) || errors.Is(err, lease.ErrClosed) || ctx.Err() != nil {
		return
	}
	h.suspect()
}

// Announced makes it, with Failed, a lease.Announcer.
func (h *health) Announced([]lease.Change) {}

// Failed notes that changes could not be written.
func (h *health) Failed([]lease.Change) { h.suspect() }

func (h *health) suspect() {
	select {
	case h.doubt <- struct{}{}:
	default:
	}
}

// run tells the relationships when the store fails, and when it works again.
func (h *health) run(ctx context.Context) {
	defer h.s.store.Announce(h)()
	look := time.NewTicker(lookDelay)
	defer look.Stop()
	ended, moved := uint64(0), time.Now() // when a commit has ended, or none was under way
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.doubt:
		case now := <-look.C:
			if n := h.ended.Load(); n != ended || n == h.begun.Load() {
				ended, moved = n, now
			}
			if now.Sub(moved) < writeTime {
				continue
			}
		}
		for ctx.Err() == nil && !h.probe(ctx) {
			select {
			case <-ctx.Done():
			case <-time.After(probeDelay):
			}
		}
		moved = time.Now()
	}
}

// probe says whether the store can be written to.
func (h *health) probe(ctx context.Context) bool {
	timed, cancel := context.WithTimeoutCause(ctx, writeTime, errSlow)
	defer cancel()
	err := h.write(timed)
	if ctx.Err() != nil || errors.Is(err, lease.ErrClosed) {
		return true // it ends
	}
	if h.failed.Swap(err != nil) != (err != nil) {
		if err != nil {
			h.s.opts.Logger.Error("leases cannot be made durable, clients are left to the other servers", "error", err)
		} else {
			h.s.opts.Logger.Info("leases can be made durable again")
		}
		for _, r := range h.s.relationships {
			r.box.put(r.judge)
		}
	}
	return err == nil
}
