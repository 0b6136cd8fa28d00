package lease

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"net/netip"
)

// u128 is an address as a number.
type u128 struct{ hi, lo uint64 }

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (a u128) add(b u128) u128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return u128{hi, lo}
}

func (a u128) sub(b u128) u128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return u128{hi, lo}
}

// Shifts of 64 and more give 0 in Go, in both directions.
func (a u128) shr(n uint) u128 {
	return u128{a.hi >> n, a.lo>>n | a.hi<<(64-n) | a.hi>>(n-64)}
}

func (a u128) shl(n uint) u128 {
	return u128{a.hi<<n | a.lo>>(64-n) | a.lo<<(n-64), a.lo << n}
}

func number(a netip.Addr) u128 {
	if a.Is4() {
		b := a.As4()
		return u128{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return u128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// lastAddr returns the last address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// unitRange divides a range of addresses into equal units, numbered from 0:
// single addresses or prefixes of one length.
//
// Numbers are of 64 bits, so of a range with more than 2^64 units only the
// first 2^64 have one. Nothing is lost: no server can ever lease so many.
type unitRange struct {
	first, end u128 // first and last address
	is4        bool
	len        int  // length of a unit as a prefix
	shift      uint // the unit has 2^shift addresses
	last       uint64
}

func newUnitRange(first, last netip.Addr, unitLen int) unitRange {
	r := unitRange{first: number(first), end: number(last), is4: first.Is4(), len: unitLen}
	r.shift = uint(first.BitLen() - unitLen)
	n := r.end.sub(r.first).shr(r.shift)
	r.last = n.lo
	if n.hi > 0 {
		r.last = math.MaxUint64
	}
	return r
}

// size returns the number of units without the limit of 64 bits.
func (r unitRange) size() *big.Int {
	d := r.end.sub(r.first).shr(r.shift)
	n := new(big.Int).SetUint64(d.hi)
	n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(d.lo))
	return n.Add(n, big.NewInt(1))
}

// compareFirst compares the first address of the range with a.
func (r unitRange) compareFirst(a netip.Addr) int { return r.addr(0).Compare(a) }

// compareEnd compares the last address of the range with a.
func (r unitRange) compareEnd(a netip.Addr) int {
	switch n := number(a); {
	case r.is4 != a.Is4():
		return r.compareFirst(a)
	case r.end.less(n):
		return -1
	case n.less(r.end):
		return 1
	default:
		return 0
	}
}

func (r unitRange) contains(a netip.Addr) bool {
	n := number(a)
	return a.Is4() == r.is4 && !n.less(r.first) && !r.end.less(n)
}

// index returns the number of the unit that a is in.
func (r unitRange) index(a netip.Addr) (uint64, bool) {
	if !r.contains(a) {
		return 0, false
	}
	n := number(a).sub(r.first).shr(r.shift)
	return n.lo, n.hi == 0
}

// addr returns the first address of unit i.
func (r unitRange) addr(i uint64) netip.Addr {
	n := u128{0, i}.shl(r.shift).add(r.first)
	if r.is4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(n.lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.hi)
	binary.BigEndian.PutUint64(b[8:], n.lo)
	return netip.AddrFrom16(b)
}
