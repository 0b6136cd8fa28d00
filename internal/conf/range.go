package conf

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Range is a range of addresses, both ends included. Its text is
// "192.0.2.10-192.0.2.99" or a prefix such as "192.0.2.64/26". That the ends
// are of one family, and of the right one, is checked with the configuration.
type Range struct{ First, Last netip.Addr }

// MarshalText returns the range in the form "first-last".
func (r Range) MarshalText() ([]byte, error) {
	if !r.First.IsValid() || !r.Last.IsValid() {
		return nil, errors.New("a range has no addresses")
	}
	return []byte(r.String()), nil
}

// String returns the range in the form "first-last".
func (r Range) String() string { return r.First.String() + "-" + r.Last.String() }

// UnmarshalText reads either form.
func (r *Range) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.Contains(s, "/") {
		addr, bits, _ := strings.Cut(s, "/")
		p, err := netip.ParsePrefix(strings.TrimSpace(addr) + "/" + strings.TrimSpace(bits))
		if err != nil {
			return fmt.Errorf("%q is not a prefix", s)
		}
		r.First, r.Last = Ends(p)
		return nil
	}
	first, last, found := strings.Cut(s, "-")
	if !found {
		return fmt.Errorf("%q is neither a range (first-last) nor a prefix (address/length)", s)
	}
	from, err1 := netip.ParseAddr(strings.TrimSpace(first))
	to, err2 := netip.ParseAddr(strings.TrimSpace(last))
	switch {
	case err1 != nil:
		return fmt.Errorf("%q does not begin with an address", s)
	case err2 != nil:
		return fmt.Errorf("%q does not end with an address", s)
	case from.Is4() != to.Is4():
		return fmt.Errorf("%q has addresses of two families", s)
	case to.Less(from):
		return fmt.Errorf("%q ends before it begins", s)
	}
	r.First, r.Last = from, to
	return nil
}

// Contains says whether the address is in the range.
func (r Range) Contains(a netip.Addr) bool {
	return !a.Less(r.First) && !r.Last.Less(a)
}

// Overlaps says whether the ranges have an address in common.
func (r Range) Overlaps(o Range) bool {
	return !r.Last.Less(o.First) && !o.Last.Less(r.First)
}

// Ends returns the first and the last address of a prefix.
func Ends(p netip.Prefix) (first, last netip.Addr) {
	first = p.Masked().Addr()
	b := first.AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ = netip.AddrFromSlice(b)
	return first, last
}
