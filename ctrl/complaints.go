package ctrl

import (
	"log/slog"
	"sync"
	"time"
)

// complaints are what anybody who reaches a server can make it log, as often
// as they like: a line a second says enough.
type complaints struct {
	mu      sync.Mutex
	next    time.Time
	omitted int
}

func (c *complaints) warn(log *slog.Logger, message string, attrs ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.next) {
		c.omitted++
		return
	}
	log.Warn(message, append(attrs, "omitted", c.omitted)...)
	c.next, c.omitted = now.Add(time.Second), 0
}
