package dhcp4

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Range is a range of addresses, both ends included. Its text is
// "192.0.2.10-192.0.2.99" or, equally, a prefix such as "192.0.2.64/26".
type Range struct{ First, Last netip.Addr }

// MarshalText returns the range in the form "first-last".
func (r Range) MarshalText() ([]byte, error) {
	if !r.First.IsValid() || !r.Last.IsValid() {
		return nil, errors.New("dhcp4: a range has no addresses")
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
		if err != nil || !p.Addr().Is4() {
			return fmt.Errorf("%q is not an IPv4 prefix", s)
		}
		r.First, r.Last = prefixEnds(p)
		return nil
	}
	first, last, found := strings.Cut(s, "-")
	if !found {
		return fmt.Errorf("%q is neither a range such as 192.0.2.10-192.0.2.99 nor a prefix such as 192.0.2.64/26", s)
	}
	from, err1 := netip.ParseAddr(strings.TrimSpace(first))
	to, err2 := netip.ParseAddr(strings.TrimSpace(last))
	switch {
	case err1 != nil || !from.Is4():
		return fmt.Errorf("%q does not begin with an IPv4 address", s)
	case err2 != nil || !to.Is4():
		return fmt.Errorf("%q does not end with an IPv4 address", s)
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

// overlaps says whether the ranges have an address in common.
func (r Range) overlaps(o Range) bool {
	return !r.Last.Less(o.First) && !o.Last.Less(r.First)
}

// prefixEnds returns the first and the last address of an IPv4 prefix.
func prefixEnds(p netip.Prefix) (first, last netip.Addr) {
	first = p.Masked().Addr()
	b := first.As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return first, netip.AddrFrom4(b)
}
