package lease

import (
	"slices"
	"time"
)

// ReleaseOffers ends the holds of a holder that would end by themselves: its
// client has taken another server's offer. What is held until Release stays.
func (a *Allocator) ReleaseOffers(holder string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range slices.Clone(a.holders[holder]) {
		if !h.until.IsZero() {
			a.end(h)
		}
	}
}

// endOffer ends the offer of an address that has been leased, which another
// server can have done: nobody's lease may give way to an offer. What is held
// until Release is being leased here, and stays.
func (a *Allocator) endOffer(l *Lease, now time.Time) {
	inUse := !l.Expired(now) && l.occupies()
	if h := a.holds[l.Addr]; h != nil && !h.until.IsZero() && inUse {
		a.end(h)
	}
}
