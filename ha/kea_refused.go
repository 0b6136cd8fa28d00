package ha

import (
	"log/slog"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// refusalEvery is how often refused leases are logged at most.
const refusalEvery = 10 * time.Second

// refusalLog logs leases that a peer refuses: the first, and how many there
// were since the last line.
type refusalLog struct {
	mu    sync.Mutex
	last  time.Time
	count int
}

func (r *refusalLog) log(log *slog.Logger, peer string, c *lease.Change, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	if now := time.Now(); now.Sub(r.last) >= refusalEvery {
		log.Warn("the peer refuses a lease; it is not given to its client",
			"peer", peer, "address", c.Lease.Key(), "error", err, "refused", r.count)
		r.last, r.count = now, 0
	}
}
