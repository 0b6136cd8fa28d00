package lease

import (
	"errors"
	"fmt"
	"net/netip"
)

// PoolSpec describes a pool: a range of addresses, or a prefix from which
// longer prefixes are delegated.
type PoolSpec struct {
	ID       uint32 // pool-id, 0 if it has none
	SubnetID uint32 // the subnet whose pool it is

	// First and Last are the ends of an address pool, both part of it.
	First, Last netip.Addr

	// Prefix is divided into prefixes of DelegatedLen bits; First and Last
	// are not set then.
	Prefix       netip.Prefix
	DelegatedLen int

	// Allocator says which of the free ones is picked; zero: Iterative.
	Allocator AllocatorType

	// Exclude lists addresses, or first addresses of prefixes, that are
	// reserved for somebody, or for nobody: Take never picks them, Hold takes
	// them by name. What is not in the pool is ignored.
	Exclude []netip.Addr
}

// String returns the pool in the way Kea's configuration writes it.
func (s PoolSpec) String() string {
	if s.Prefix.IsValid() {
		return fmt.Sprintf("%v delegated %d", s.Prefix, s.DelegatedLen)
	}
	return fmt.Sprintf("%v - %v", s.First, s.Last)
}

// Type returns what is leased from the pool.
func (s PoolSpec) Type() Type {
	switch {
	case s.Prefix.IsValid():
		return PD
	case s.First.Is4():
		return V4
	default:
		return NA
	}
}

func (s PoolSpec) validate() error {
	if err := s.check(); err != nil {
		return fmt.Errorf("lease: pool %v of subnet %d: %w", s, s.SubnetID, err)
	}
	return nil
}

func (s PoolSpec) check() error {
	if int(s.Allocator) >= len(allocatorNames) {
		return fmt.Errorf("unknown allocator %d", s.Allocator)
	}
	if s.Prefix.IsValid() {
		switch {
		case s.First.IsValid() || s.Last.IsValid():
			return errors.New("both a range and a prefix are given")
		case s.Prefix.Addr().Is4() || s.Prefix.Addr().Is4In6():
			return errors.New("prefixes are delegated in IPv6 only")
		case s.Prefix != s.Prefix.Masked():
			return fmt.Errorf("bits are set behind the prefix; %v may be meant", s.Prefix.Masked())
		case s.DelegatedLen < s.Prefix.Bits() || s.DelegatedLen > 128:
			return fmt.Errorf("delegated length %d is not between %d and 128", s.DelegatedLen, s.Prefix.Bits())
		}
		return nil
	}
	switch {
	case !s.First.IsValid() || !s.Last.IsValid():
		return errors.New("neither a range nor a prefix is given")
	case s.First.Zone() != "" || s.Last.Zone() != "" || s.First.Is4In6() || s.Last.Is4In6():
		return errors.New("addresses are to be plain IPv4 or IPv6")
	case s.First.Is4() != s.Last.Is4():
		return errors.New("the ends are of two families")
	case s.Last.Less(s.First):
		return errors.New("the last address comes before the first")
	}
	return nil
}

// units returns how the pool is divided.
func (s PoolSpec) units() unitRange {
	if s.Prefix.IsValid() {
		return newUnitRange(s.Prefix.Addr(), lastAddr(s.Prefix), s.DelegatedLen)
	}
	return newUnitRange(s.First, s.Last, s.First.BitLen())
}
