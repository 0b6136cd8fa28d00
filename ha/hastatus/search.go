package hastatus

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// Bounds of a search.
const (
	pageSize    = 50      // leases that are shown at a time
	maxLooked   = 100_000 // leases that are looked at for one page
	maxSearches = 2       // that go through leases at the same time; others wait
	maxQuery    = 128     // bytes of what is searched
	looked      = 1_000   // leases that are read at a time
)

// search finds leases.
type search struct {
	store  *lease.Store
	family ctrl.Family
	turns  chan struct{}
}

func newSearch(store *lease.Store, family ctrl.Family) search {
	return search{store, family, make(chan struct{}, maxSearches)}
}

// found is a page of what was found.
type found struct {
	Leases []lease.Lease
	Next   netip.Addr // to go on behind it; not valid: there is no more
	Looked int        // leases that were looked at; 0: it was found at once
}

// find returns leases that a text stands for, behind an address: an address, a
// prefix or the beginning of an IPv4 address, a hardware address, a client
// identifier or DUID, a host name or a part of it. An empty text stands for
// all.
func (s *search) find(ctx context.Context, text string, after netip.Addr) (found, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return s.walk(ctx, after, s.everything(), func(*lease.Lease) bool { return true })
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return s.at(addr), nil
	}
	if within, ok := prefixOf(text); ok && within.Addr().Is4() == (s.family == ctrl.V4) {
		return s.walk(ctx, after, within, func(*lease.Lease) bool { return true })
	}
	if !after.IsValid() {
		if leases := s.exactly(text); len(leases) > 0 {
			return found{Leases: leases[:min(len(leases), pageSize)]}, nil
		}
	}
	id := hexOf(text)
	return s.walk(ctx, after, s.everything(), func(l *lease.Lease) bool {
		return strings.Contains(strings.ToLower(l.Hostname), text) ||
			id != "" && (strings.Contains(hex.EncodeToString(l.HWAddr), id) || strings.Contains(hex.EncodeToString(l.ClientID), id))
	})
}

// everything is the prefix of all addresses.
func (s *search) everything() netip.Prefix {
	if s.family == ctrl.V6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// at returns what there is at an address, or what it is a part of.
func (s *search) at(addr netip.Addr) (f found) {
	if addr.Is4() {
		if l, ok := s.store.Lookup(lease.Key{Type: lease.V4, Addr: addr}); ok {
			f.Leases = append(f.Leases, l)
		}
		return f
	}
	for l := range s.store.Overlapping(netip.PrefixFrom(addr, addr.BitLen())) {
		if f.Leases = append(f.Leases, l); len(f.Leases) == pageSize {
			break
		}
	}
	return f
}

// exactly returns the leases that a text is all of, which takes no time.
func (s *search) exactly(text string) []lease.Lease {
	if id, err := hex.DecodeString(hexOf(text)); err == nil && len(id) > 0 {
		if found := s.store.ByHWAddr(id); len(found) > 0 {
			return found
		}
		if found := s.store.ByClientID(id); len(found) > 0 {
			return found
		}
	}
	return s.store.ByHostname(text)
}

// walk goes through leases by address, from one on and within a prefix, and
// returns a page of those that match.
func (s *search) walk(ctx context.Context, after netip.Addr, within netip.Prefix, match func(*lease.Lease) bool) (found, error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return found{}, context.Cause(ctx)
	}
	var f found
	first := within.Masked().Addr()
	if !after.IsValid() || after.Is4() != first.Is4() || after.Less(first) {
		if after = first.Prev(); !after.IsValid() {
			after = first // nobody leases the address 0
		}
	}
	for f.Looked < maxLooked {
		if ctx.Err() != nil {
			return f, context.Cause(ctx)
		}
		some := s.store.Page(after, looked)
		for i := range some {
			l := &some[i]
			if !within.Contains(l.Addr) {
				return f, nil
			}
			// A page that is full goes on at an address that was not shown. An
			// address and a prefix that begins with it are shown together.
			if len(f.Leases) >= pageSize && f.Leases[len(f.Leases)-1].Addr != l.Addr {
				f.Next = after
				return f, nil
			}
			f.Looked++
			after = l.Addr
			if match(l) {
				f.Leases = append(f.Leases, *l)
			}
		}
		if len(some) < looked {
			return f, nil
		}
	}
	f.Next = after
	return f, nil
}

// prefixOf reads a prefix, or the beginning of an IPv4 address such as 192.0.2.
func prefixOf(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	octets := strings.Split(strings.TrimSuffix(text, "."), ".")
	if len(octets) < 2 && !strings.HasSuffix(text, ".") || len(octets) > 3 {
		return netip.Prefix{}, false
	}
	bits := 8 * len(octets)
	for len(octets) < 4 {
		octets = append(octets, "0")
	}
	addr, err := netip.ParseAddr(strings.Join(octets, "."))
	return netip.PrefixFrom(addr, bits), err == nil
}

// hexOf returns the digits of a hexadecimal number with colons, hyphens or dots;
// empty: it is none.
func hexOf(text string) string {
	digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(text)
	if strings.Trim(digits, "0123456789abcdef") != "" {
		return ""
	}
	return digits
}
