package lease

import (
	"bytes"
	"hash/maphash"
)

// index is all rows in memory and every way to find them. It knows of no lock
// and no file.
type index struct {
	slab   *slab
	addrs  addresses        // leases by address
	ends   *ends            // leases by expiry, but for those without
	revs   *sorted[revItem] // leases and removed leases by revision
	groups map[groupKey]*group
	totals [Registered + 1][PD + 1]int

	heads [chains]heads
	seed  maphash.Seed

	gone     addresses        // removed leases
	goneRevs *sorted[revItem] // the same by revision
}

// The hash chains, by what is hashed. Records in one chain may differ in it.
const (
	byClient = iota // client identifier or DUID
	byIAID          // DUID and IAID
	byHWAddr        // hardware address and ownerKey
	byHostname
	chains
)

// revItem takes its revision apart, so that a million take 12 bytes each and
// not 16.
type revItem struct{ hi, lo, id uint32 }

func revAt(rev uint64, id uint32) revItem { return revItem{uint32(rev >> 32), uint32(rev), id} }

func (a revItem) rev() uint64 { return uint64(a.hi)<<32 | uint64(a.lo) }

func (a revItem) less(b revItem) bool { return a.rev() < b.rev() }

// A group is the leases of a subnet that have the same state and type. That it
// is an array makes it quick to copy for who wants to go through it.
type groupKey struct {
	subnet uint32
	state  State
	typ    Type
}

type group struct{ ids []uint32 }

func newIndex() *index {
	x := &index{
		slab:     newSlab(),
		addrs:    newAddresses(),
		revs:     newSorted(revItem.less),
		groups:   make(map[groupKey]*group),
		gone:     newAddresses(),
		goneRevs: newSorted(revItem.less),
		seed:     maphash.MakeSeed(),
	}
	x.ends = newEnds(x.slab)
	return x
}

// parse takes a record's row apart. It was checked before it came into memory.
func (x *index) parse(id uint32) row {
	r, _ := parseRow(x.slab.row(id))
	return r
}

// there parses the row of a number that may meanwhile be nobody's, or that of a
// removed lease: then there is none.
func (x *index) there(id uint32) (row, bool) {
	if !x.slab.has(id) {
		return row{}, false
	}
	r := x.parse(id)
	return r, !r.removed
}

func (x *index) lease(id uint32) Lease {
	r := x.parse(id)
	return r.lease(x.slab.at(id).rev)
}

// set makes r, encoded as b, what is known of its key, replacing whatever that
// was. The record of a lease keeps its number as long as there is the lease.
func (x *index) set(rev uint64, r *row, b []byte) {
	if id, ok := x.gone.find(r.Key); ok {
		x.bury(r.Key, id)
	}
	id, had := x.addrs.find(r.Key)
	if !had {
		x.add(rev, r, b)
		return
	}
	old := x.parse(id)
	x.revs.delete(revAt(x.slab.at(id).rev, id))
	if r.removed {
		x.addrs.delete(r.Key)
		x.relink(id, &old, nil)
		x.slab.put(id)
		x.add(rev, r, b)
		return
	}
	x.relink(id, &old, r)
	x.slab.set(id, rev, b)
	x.revs.set(revAt(rev, id))
}

// add is set for a key of which nothing is known.
func (x *index) add(rev uint64, r *row, b []byte) {
	if id := x.enter(rev, r, b); !r.removed {
		x.addrs.set(r.Key, id)
	}
}

// enter is add, but for the address of a lease.
func (x *index) enter(rev uint64, r *row, b []byte) (id uint32) {
	id = x.slab.get(rev, b)
	x.revs.set(revAt(rev, id))
	if r.removed {
		x.gone.set(r.Key, id)
		x.goneRevs.set(revAt(rev, id))
	} else {
		x.relink(id, nil, r)
	}
	return id
}

// bury forgets a removed lease for good.
func (x *index) bury(k Key, id uint32) {
	rev := revAt(x.slab.at(id).rev, id)
	x.revs.delete(rev)
	x.goneRevs.delete(rev)
	x.gone.delete(k)
	x.slab.put(id)
}

// relink moves a lease's record from where old puts it to where new puts it,
// but for its address, touching only what differs. Without old it is new to the index, without new
// it leaves.
func (x *index) relink(id uint32, old, new *row) {
	oldEnd, oldEnds := old.end()
	newEnd, newEnds := new.end()
	if oldEnd != newEnd || oldEnds != newEnds {
		if oldEnds {
			x.ends.remove(oldEnd, id)
		}
		if newEnds {
			x.ends.add(newEnd, id)
		}
	}

	if old == nil || new == nil || old.group() != new.group() {
		if old != nil {
			x.leave(id, old.group())
		}
		if new != nil {
			x.join(id, new.group())
		}
	}

	for c := range chains {
		if old != nil && new != nil && old.alike(c, new) {
			continue
		}
		oldHash, oldHas := x.hash(c, old)
		newHash, newHas := x.hash(c, new)
		if oldHash != newHash || oldHas != newHas {
			if oldHas {
				x.unchain(c, oldHash, id)
			}
			if newHas {
				x.chain(c, newHash, id)
			}
		}
	}
}

func (r *row) group() groupKey { return groupKey{r.subnetID, r.state, r.Type} }

func (x *index) join(id uint32, k groupKey) {
	g := x.groups[k]
	if g == nil {
		g = new(group)
		x.groups[k] = g
	}
	x.slab.at(id).pos = uint32(len(g.ids))
	g.ids = append(g.ids, id)
	x.totals[k.state][k.typ]++
}

// leave closes the gap with the group's last record.
func (x *index) leave(id uint32, k groupKey) {
	g := x.groups[k]
	pos, end := x.slab.at(id).pos, len(g.ids)-1
	last := g.ids[end]
	g.ids[pos] = last
	x.slab.at(last).pos = pos
	g.ids = g.ids[:end]
	if end == 0 {
		delete(x.groups, k)
	}
	x.totals[k.state][k.typ]--
}

// alike says whether two rows of one key belong to the same chain.
func (r *row) alike(c int, other *row) bool {
	switch c {
	case byClient:
		return bytes.Equal(r.clientID, other.clientID)
	case byIAID:
		return r.iaid == other.iaid && bytes.Equal(r.clientID, other.clientID)
	case byHWAddr:
		return r.owner() == other.owner() && bytes.Equal(r.hwAddr, other.hwAddr)
	default:
		return bytes.Equal(r.hostname, other.hostname)
	}
}

// hash returns the chain a row belongs to; false: to none.
func (x *index) hash(c int, r *row) (uint32, bool) {
	if r == nil {
		return 0, false
	}
	switch c {
	case byClient:
		return x.hashOf(r.clientID), len(r.clientID) > 0
	case byIAID:
		return x.hashOfIAID(r.clientID, r.iaid), len(r.clientID) > 0 && r.Type != V4
	case byHWAddr:
		return x.hashOfHWAddr(r.hwAddr, r.owner()), len(r.hwAddr) > 0
	default:
		return x.hashOf(r.hostname), len(r.hostname) > 0
	}
}

func (x *index) hashOf(b []byte) uint32 { return uint32(maphash.Bytes(x.seed, b)) }

// hashOfIAID never has two IAIDs of one DUID collide, so that a client that
// asks for thousands makes nobody's chain long. Which of them are neighbours in
// a table depends on a hash that nobody outside knows: a client cannot choose
// IAIDs that are.
func (x *index) hashOfIAID(duid []byte, iaid uint32) uint32 { return mixed(x.hashOf(duid) ^ iaid) }

// mixed spreads what differs in a few bits over all of them, each number to
// another one: the end of MurmurHash3.
func mixed(n uint32) uint32 {
	n = (n ^ n>>16) * 0x85ebca6b
	n = (n ^ n>>13) * 0xc2b2ae35
	return n ^ n>>16
}

// ownerKey is what keeps leases with one hardware address apart. There may be
// any number of them, as client identifiers are free to choose: networks behind
// a gateway, or the doing of somebody with bad intentions.
type ownerKey struct {
	subnet uint32
	typ    Type
	hasID  bool
}

func (r *row) owner() ownerKey { return ownerKey{r.subnetID, r.Type, len(r.clientID) > 0} }

func (x *index) hashOfHWAddr(hw []byte, k ownerKey) uint32 {
	n := uint32(k.typ) << 1
	if k.hasID {
		n++
	}
	return x.hashOf(hw) ^ k.subnet*0x9e3779b1 ^ n*0x85ebca6b
}

func (x *index) chain(c int, hash, id uint32) {
	first := x.heads[c].set(hash, id)
	x.slab.at(id).chain[c] = link{next: first}
	if first != 0 {
		x.slab.at(first).chain[c].prev = id
	}
}

func (x *index) unchain(c int, hash, id uint32) {
	l := x.slab.at(id).chain[c]
	switch {
	case l.prev != 0:
		x.slab.at(l.prev).chain[c].next = l.next
	case l.next != 0:
		x.heads[c].set(hash, l.next)
	default:
		x.heads[c].delete(hash)
	}
	if l.next != 0 {
		x.slab.at(l.next).chain[c].prev = l.prev
	}
	x.slab.at(id).chain[c] = link{}
}

// last returns the record of what is known of a key, be it there or removed.
func (x *index) last(k Key) (id uint32, known bool) {
	if id, ok := x.addrs.find(k); ok {
		return id, true
	}
	return x.gone.find(k)
}
