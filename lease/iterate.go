package lease

import (
	"encoding/binary"
	"iter"
	"math"
	"net/netip"
	"time"
)

// Whoever goes through many leases takes the lock for this many at a time, so
// that commits go on between. Every lease comes as it is at the moment it is
// read; one that is changed on the way is seen as it was, as it is, or not.
const stride = 128

// All goes through all leases by address, IPv4 before IPv6, without holding up
// commits. A lease made or changed meanwhile is seen as it was before or as it
// is now.
func (s *Store) All() iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		s.ascend(addrPlace{typ: V4}, yield)
	}
}

// Page returns the leases that follow an address: of its family, of all
// subnets and states, in ascending order, up to limit of them. Fewer than
// limit are the last. Where an address and a prefix that starts with it are
// both leased they come in the same page, which may make it one longer.
func (s *Store) Page(after netip.Addr, limit int) []Lease {
	if !after.IsValid() || limit <= 0 {
		return nil
	}
	start, ok := behind(after)
	if !ok {
		return nil
	}
	var page []Lease
	s.ascend(start, func(l Lease) bool {
		if l.Addr.Is4() != after.Is4() {
			return false
		}
		if n := len(page); n >= limit && page[n-1].Addr != l.Addr {
			return false
		}
		page = append(page, l)
		return true
	})
	return page
}

// behind returns the place that follows all leases at an address; false: there
// is none.
func behind(addr netip.Addr) (at addrPlace, ok bool) {
	at = addrOf(Key{Type: V4, Addr: addr})
	at.lo++
	if addr.Is4() {
		return at, at.lo <= math.MaxUint32
	}
	if at.typ = NA; at.lo == 0 {
		at.hi++
	}
	return at, at.lo != 0 || at.hi != 0
}

// Encoded goes through the leases behind an address (the zero Addr: through
// all), IPv4 before IPv6, each with what AppendBinary makes of it, without
// holding up commits. A lease made or changed meanwhile comes as it was before
// or as it is now. The change is without texts, and both may be used only until
// the next: so nothing is allocated for a lease.
func (s *Store) Encoded(after netip.Addr) iter.Seq2[*Change, []byte] {
	return func(yield func(*Change, []byte) bool) {
		from, more := addrPlace{typ: V4}, true
		if after.IsValid() {
			if from, more = behind(after); !more && after.Is4() {
				from, more = addrPlace{typ: NA}, true
			}
		}
		type place struct {
			rev      uint64
			row, end int // in texts; the revision stands in front of the row
		}
		var some [stride]place
		var texts []byte
		var r row
		var c Change
		for more {
			n := 0
			texts, more = texts[:0], false
			s.mu.RLock()
			s.index.addrs.ascend(from, func(a addrPlace, id uint32) bool {
				if n == stride {
					from, more = a, true
					return false
				}
				rev, b := s.index.slab.at(id).rev, s.index.slab.row(id)
				texts = binary.AppendUvarint(texts, rev)
				at := len(texts)
				texts = append(texts, b[:len(b)-checksumLen]...)
				some[n] = place{rev, at, len(texts)}
				n++
				return true
			})
			s.mu.RUnlock()
			start := 0
			for _, p := range some[:n] {
				_ = r.parse(texts[p.row:p.end]) // it was checked before it came into memory
				c = Change{Lease: r.numbers(p.rev), Source: r.source}
				if !yield(&c, texts[start:p.end-sourceLen(r.source)]) {
					return
				}
				start = p.end
			}
		}
	}
}

// ascend goes through the leases from a place in the tree of addresses on.
func (s *Store) ascend(from addrPlace, yield func(Lease) bool) {
	var some []Lease
	for more := true; more; {
		some, more = some[:0], false
		s.mu.RLock()
		s.index.addrs.ascend(from, func(a addrPlace, id uint32) bool {
			if len(some) == stride {
				from, more = a, true
				return false
			}
			some = append(some, s.index.lease(id))
			return true
		})
		s.mu.RUnlock()
		for _, l := range some {
			if !yield(l) {
				return
			}
		}
	}
}

// expiring goes through the leases that end after `after` and no later than
// until, earliest first, without holding up commits. Infinite leases are not
// among them. A lease may come again if it is prolonged meanwhile, or if others
// are that end in the same second.
func (s *Store) expiring(after, until time.Time) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		w := expiring{from: endPlace{at: after.Unix() + 1}, until: until.Unix(), more: true}
		for w.more {
			s.look(&w)
			for _, l := range w.leases {
				if !yield(l) {
					return
				}
			}
		}
	}
}

// expiring is how far somebody has come in expiring.
type expiring struct {
	from   endPlace
	until  int64
	leases []Lease    // of the last look
	seen   []endPlace // where they were
	more   bool       // there may be more
}

// look takes the next leases, a stride of them at the most even if a million
// end in the same second.
func (s *Store) look(w *expiring) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	from := s.index.ends.resume(w.from, w.seen)
	w.leases, w.seen, w.more = w.leases[:0], w.seen[:0], false
	s.index.ends.ascend(from, func(at endPlace) bool {
		if at.at > w.until {
			return false
		}
		if len(w.leases) == stride {
			w.from, w.more = at, true
			return false
		}
		w.leases = append(w.leases, s.index.lease(at.id))
		w.seen = append(w.seen, at)
		return true
	})
}

// BySubnet goes through the leases of a subnet, in no particular order and
// without holding up commits. Leases made meanwhile are not seen.
func (s *Store) BySubnet(id uint32) iter.Seq[Lease] {
	return s.members(
		func(k groupKey) bool { return k.subnet == id },
		func(l *Lease) bool { return l.SubnetID == id })
}

// ByState goes through the leases of a subnet (0: of all) that are in the
// state, in no particular order and without holding up commits. Leases that
// come into the state meanwhile are not seen.
func (s *Store) ByState(st State, subnet uint32) iter.Seq[Lease] {
	return s.members(
		func(k groupKey) bool { return k.state == st && (subnet == 0 || k.subnet == subnet) },
		func(l *Lease) bool { return l.State == st && (subnet == 0 || l.SubnetID == subnet) })
}

// members goes through the leases of some groups. It copies their numbers
// first, which takes a millisecond a million, and looks whether a lease is
// still among them when its turn comes.
func (s *Store) members(of func(groupKey) bool, still func(*Lease) bool) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		var ids []uint32
		s.mu.RLock()
		for k, g := range s.index.groups {
			if of(k) {
				ids = append(ids, g.ids...)
			}
		}
		s.mu.RUnlock()

		some := make([]Lease, 0, min(stride, len(ids)))
		for len(ids) > 0 {
			n := min(stride, len(ids))
			some = some[:0]
			s.mu.RLock()
			for _, id := range ids[:n] {
				if r, ok := s.index.there(id); ok {
					some = append(some, r.lease(s.index.slab.at(id).rev))
				}
			}
			s.mu.RUnlock()
			ids = ids[n:]
			for _, l := range some {
				if still(&l) && !yield(l) {
					return
				}
			}
		}
	}
}

// Since goes through all changes with a greater revision in the order they
// were made, of each lease only the last, removals included, until it has
// caught up with the store; it does not hold up commits. Of a removed lease
// only Type, Addr, CLTT (when it was removed) and Revision are known. Removals
// up to Forgotten are missing.
func (s *Store) Since(rev uint64) iter.Seq2[uint64, Change] {
	return func(yield func(uint64, Change) bool) {
		some := make([]Change, 0, stride)
		for {
			some = some[:0]
			s.mu.RLock()
			s.index.revs.ascend(revAt(rev+1, 0), func(r revItem) bool {
				if len(some) == stride {
					return false
				}
				row := s.index.parse(r.id)
				some = append(some, row.change(r.rev()))
				return true
			})
			s.mu.RUnlock()
			for _, c := range some {
				if rev = c.Lease.Revision; !yield(rev, c) {
					return
				}
			}
			if len(some) < stride {
				return
			}
		}
	}
}

// Forgotten returns the highest revision of a removal that Since no longer
// knows of: who has seen less has to compare all leases.
func (s *Store) Forgotten() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.header.forgotten
}
