package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// ThrottleBurst is how many entries with the same message there may be in a
// second.
const ThrottleBurst = 10

// Throttled is a logger for what queries bring about: as anybody can send them,
// a flood of them would otherwise fill the disk with warnings. Beyond
// ThrottleBurst entries are left out; the next that is not says how many. What
// is below a warning is not counted: who wants details wants all of them.
func Throttled(l *slog.Logger) *slog.Logger {
	return slog.New(&throttle{Handler: l.Handler(), seen: &throttleSeen{entries: map[string]*throttleEntry{}}})
}

type throttle struct {
	slog.Handler
	seen *throttleSeen
}

// throttleSeen counts entries by message, which is always a constant.
type throttleSeen struct {
	mu      sync.Mutex
	entries map[string]*throttleEntry
}

type throttleEntry struct {
	since   time.Time
	logged  int // since then
	omitted int // since something was last logged
}

func (t *throttle) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		omitted, ok := t.seen.count(r.Message)
		if !ok {
			return nil
		}
		if omitted > 0 {
			r.AddAttrs(slog.Int("omitted", omitted))
		}
	}
	return t.Handler.Handle(ctx, r)
}

// count says whether an entry may be logged now, and how many like it were not.
func (s *throttleSeen) count(message string) (omitted int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[message]
	if e == nil {
		e = &throttleEntry{}
		s.entries[message] = e
	}
	if now := time.Now(); now.Sub(e.since) >= time.Second {
		e.since, e.logged = now, 0
	}
	if e.logged == ThrottleBurst {
		e.omitted++
		return 0, false
	}
	e.logged++
	omitted, e.omitted = e.omitted, 0
	return omitted, true
}

func (t *throttle) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &throttle{t.Handler.WithAttrs(attrs), t.seen}
}

func (t *throttle) WithGroup(name string) slog.Handler {
	return &throttle{t.Handler.WithGroup(name), t.seen}
}
