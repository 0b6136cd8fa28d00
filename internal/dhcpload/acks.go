package main

import (
	"fmt"
	"net/netip"
	"time"
)

// note looks who has had before what a client has been given now.
func (l *load) note(c client, a *answer, from netip.Addr, due time.Duration) error {
	// From one reading of the clock both times follow that are noted: of many
	// answers that are read at once the last may be a good while old by now, and
	// its client must not seem to have begun later than it did.
	now := time.Now()
	at, waited := now.UnixMilli(), now.Sub(l.start)-due
	for _, given := range a.leases {
		addr := given.what.Addr()
		if !addr.IsValid() {
			continue
		}
		if owner, ok := l.owner[addr]; ok && owner.client != c && owner.until > at {
			l.Duplicates++
		}
		l.owner[addr] = owner{c, at + int64(given.seconds)*1000}
		if l.acks == nil {
			continue
		}
		if _, err := fmt.Fprintf(l.acks, "%d %012x %s %s %d %d\n", at, uint64(c), given, from, given.seconds, waited.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// noteUnheeded notes what a server has granted to a client that another server
// was faster to answer, or that did not wait for it.
func (l *load) noteUnheeded(a *answer, from netip.Addr) error {
	if l.acks == nil {
		return nil
	}
	for _, given := range a.leases {
		if !given.what.IsValid() {
			continue
		}
		if _, err := fmt.Fprintf(l.acks, "%d %x %s %s %d -1\n", time.Now().UnixMilli(), a.hw, given, from, given.seconds); err != nil {
			return err
		}
	}
	return nil
}

// noteReturn forgets what a client gives back.
func (l *load) noteReturn(e *exchange) error {
	for _, had := range e.has.leases {
		addr := had.what.Addr()
		if !addr.IsValid() {
			continue
		}
		if l.owner[addr].client == e.client {
			delete(l.owner, addr)
		}
		if l.acks == nil {
			continue
		}
		if _, err := fmt.Fprintf(l.acks, "%d %012x %s - 0 0\n", time.Now().UnixMilli(), uint64(e.client), had); err != nil {
			return err
		}
	}
	return nil
}
