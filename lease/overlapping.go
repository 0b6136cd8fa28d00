package lease

import (
	"iter"
	"net/netip"
)

// Overlapping goes through the leases of DHCPv6, whatever has become of them,
// that have addresses of a prefix in common: first the prefixes that it is a
// part of, the widest first, and then by address what begins in it. Like All it
// does not hold up commits.
func (s *Store) Overlapping(p netip.Prefix) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		if !p.IsValid() || p.Addr().Is4() {
			return
		}
		p = p.Masked()
		for l := range s.around(p) {
			if !yield(l) {
				return
			}
		}
		s.ascend(addrOf(Key{Type: NA, Addr: p.Addr()}), func(l Lease) bool {
			wider := l.Type == PD && int(l.PrefixLen) < p.Bits() // it has been seen
			return p.Contains(l.Addr) && (wider || yield(l))
		})
	}
}

// around goes through the leases of prefixes that p is a part of.
func (s *Store) around(p netip.Prefix) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		var before netip.Addr
		for bits := range p.Bits() {
			wider, _ := p.Addr().Prefix(bits)
			if wider.Addr() == before {
				continue // one that begins there has been found by its address
			}
			before = wider.Addr()
			l, ok := s.Lookup(Key{Type: PD, Addr: before})
			if ok && int(l.PrefixLen) < p.Bits() && l.prefix().Contains(p.Addr()) && !yield(l) {
				return
			}
		}
	}
}
