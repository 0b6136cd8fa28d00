package lease

import (
	"bytes"
	"iter"
	"slices"
)

// Lookup returns the lease with the key.
func (s *Store) Lookup(k Key) (Lease, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	id, ok := s.index.addrs.find(k)
	if !ok {
		return Lease{}, false
	}
	return s.index.lease(id), true
}

// Last returns the last change of a lease, be it there or removed, as Since
// does. False: there never was one, or its removal is forgotten.
func (s *Store) Last(k Key) (Change, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	id, ok := s.index.last(k)
	if !ok {
		return Change{}, false
	}
	r := s.index.parse(id)
	return r.change(s.index.slab.at(id).rev), true
}

// ByClientID returns the leases of a client, by address: of a client
// identifier (DHCPv4) or of a DUID (DHCPv6).
func (s *Store) ByClientID(id []byte) []Lease {
	return s.byHash(byClient, s.index.hashOf(id), func(r *row) bool {
		return bytes.Equal(r.clientID, id)
	})
}

// ByIAID returns the leases of one identity association of a DHCPv6 client, by
// address.
func (s *Store) ByIAID(duid []byte, iaid uint32) []Lease {
	return s.byHash(byIAID, s.index.hashOfIAID(duid, iaid), func(r *row) bool {
		return r.iaid == iaid && bytes.Equal(r.clientID, duid)
	})
}

// ByHWAddr returns the leases with the hardware address, by address.
func (s *Store) ByHWAddr(hw []byte) []Lease {
	s.mu.RLock()
	owners := map[ownerKey]struct{}{}
	for k := range s.index.groups {
		owners[ownerKey{k.subnet, k.typ, false}] = struct{}{}
		owners[ownerKey{k.subnet, k.typ, true}] = struct{}{}
	}
	var found []Lease
	for k := range owners {
		found = slices.AppendSeq(found, s.ofHWAddr(hw, k))
	}
	s.mu.RUnlock()
	sortByAddr(found)
	return found
}

// LookupHWAddr returns one of the leases of the type with the hardware address
// in a subnet: one that has no client identifier or, unless only such are
// wanted (anonymous), any other. It takes the same time however many there are.
func (s *Store) LookupHWAddr(hw []byte, subnet uint32, typ Type, anonymous bool) (Lease, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l, ok := s.firstOfHWAddr(hw, ownerKey{subnet, typ, false})
	if !ok && !anonymous {
		l, ok = s.firstOfHWAddr(hw, ownerKey{subnet, typ, true})
	}
	return l, ok
}

// firstOfHWAddr returns the first lease with the hardware address. The lock is
// held. It goes through the chain itself, as a function that does would be made
// anew for every query.
func (s *Store) firstOfHWAddr(hw []byte, k ownerKey) (Lease, bool) {
	for l := range s.chained(byHWAddr, s.index.hashOfHWAddr(hw, k), func(r *row) bool {
		return bytes.Equal(r.hwAddr, hw) && r.owner() == k
	}) {
		return l, true
	}
	return Lease{}, false
}

// ofHWAddr goes through leases with the hardware address. The lock is held.
func (s *Store) ofHWAddr(hw []byte, k ownerKey) iter.Seq[Lease] {
	return s.chained(byHWAddr, s.index.hashOfHWAddr(hw, k), func(r *row) bool {
		return bytes.Equal(r.hwAddr, hw) && r.owner() == k
	})
}

// ByHostname returns the leases with the host name, in whatever case, by
// address.
func (s *Store) ByHostname(name string) []Lease {
	text := []byte(lower(name))
	return s.byHash(byHostname, s.index.hashOf(text), func(r *row) bool {
		return bytes.Equal(r.hostname, text)
	})
}

// byHash returns the leases of a chain that match.
func (s *Store) byHash(chain int, hash uint32, match func(*row) bool) []Lease {
	s.mu.RLock()
	found := slices.Collect(s.chained(chain, hash, match))
	s.mu.RUnlock()
	sortByAddr(found)
	return found
}

// chained goes through the leases of a chain that match: rows whose hash is the
// same by chance are in it too. The lock is held.
func (s *Store) chained(chain int, hash uint32, match func(*row) bool) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		for id := s.index.heads[chain].get(hash); id != 0; id = s.index.slab.at(id).chain[chain].next {
			if r := s.index.parse(id); match(&r) && !yield(r.lease(s.index.slab.at(id).rev)) {
				return
			}
		}
	}
}

func sortByAddr(leases []Lease) {
	slices.SortFunc(leases, func(a, b Lease) int {
		switch x, y := addrOf(a.Key()), addrOf(b.Key()); {
		case x.less(y):
			return -1
		default:
			return 1
		}
	})
}

// Count returns how many leases of the type a subnet has in the state; subnet
// 0 means all. It takes the same time whatever the number.
func (s *Store) Count(subnet uint32, st State, typ Type) int {
	if st > Registered || typ > PD {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if subnet == 0 {
		return s.index.totals[st][typ]
	}
	if g := s.index.groups[groupKey{subnet, st, typ}]; g != nil {
		return len(g.ids)
	}
	return 0
}

// Revision returns the number of the latest change, 0 if there never was one.
func (s *Store) Revision() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.header.revision
}
