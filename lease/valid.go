package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Bounds of what a store takes.
const (
	maxCLTT = 1 << 40 // seconds: far beyond any date, and sums with it do not overflow
	maxID   = 255     // bytes of a client identifier, a DUID, a hardware address or a host name
	maxText = 1 << 16 // bytes of a user context
)

// valid says whether the lease can be stored, and what is wrong if not.
func (l *Lease) valid() error {
	if err := l.Key().valid(); err != nil {
		return err
	}
	switch {
	case l.Type == PD && (l.PrefixLen == 0 || l.PrefixLen > 128):
		return fmt.Errorf("prefix length %d is not 1 to 128", l.PrefixLen)
	case l.Type == PD && netip.PrefixFrom(l.Addr, int(l.PrefixLen)).Masked().Addr() != l.Addr:
		return fmt.Errorf("%v is not the first address of a /%d", l.Addr, l.PrefixLen)
	case l.Type != PD && l.PrefixLen != 0:
		return errors.New("an address has no prefix length")
	case l.Type == V4 && (l.IAID != 0 || l.PreferredLft != 0 || l.HWType != 0 || l.HWSource != 0):
		return errors.New("IAID, preferred lifetime, hardware type and source are of DHCPv6")
	case l.State > Registered:
		return fmt.Errorf("unknown state %d", l.State)
	case l.SubnetID == 0:
		return errors.New("subnet id is missing")
	case len(l.ClientID) > maxID, len(l.HWAddr) > maxID, len(l.Hostname) > maxID:
		return fmt.Errorf("client identifier, hardware address or host name is longer than %d bytes", maxID)
	case len(l.UserContext) > maxText:
		return fmt.Errorf("user context is longer than %d bytes", maxText)
	case len(l.UserContext) > 0 && (l.UserContext[0] != '{' || !json.Valid(l.UserContext)):
		return errors.New("user context is not a JSON object")
	}
	return validCLTT(l.CLTT)
}

func validCLTT(at int64) error {
	if at < 0 || at > maxCLTT {
		return fmt.Errorf("client's last transaction time %d is out of range", at)
	}
	return nil
}

// valid says whether there can be a lease with the key.
func (k Key) valid() error {
	switch k.Type {
	case V4:
		if !k.Addr.Is4() {
			return fmt.Errorf("%v is not an IPv4 address", k.Addr)
		}
	case NA, PD:
		if !k.Addr.Is6() || k.Addr.Is4In6() || k.Addr.Zone() != "" {
			return fmt.Errorf("%v is not an IPv6 address of all the world", k.Addr)
		}
	default:
		return fmt.Errorf("unknown lease type %d", k.Type)
	}
	return nil
}

// lower returns the host name as it is stored. Only the letters of ASCII have
// a case in it: the name is bytes, not text in any known encoding.
func lower(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return name
	}
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
