package lease

import "slices"

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
