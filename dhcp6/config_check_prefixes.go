package dhcp6

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// pdPool checks a pool of prefixes.
func (ck *checker) pdPool(path string, p *PDPool) {
	ck.Guard(path, &p.Guard)
	ck.NoLimits(path, p.UserContext)
	ck.OptionData(path, p.OptionData, ck.Defs)
	switch {
	case !p.Prefix.IsValid():
		ck.Errorf(conf.At(path, "prefix"), "is missing")
		return
	case !ck.IsOurs(p.Prefix):
		ck.Errorf(conf.At(path, "prefix"), "%s is not an IPv6 address", p.Prefix)
		return
	case p.PrefixLen == 0:
		ck.Errorf(conf.At(path, "prefix-len"), "is missing, or 0")
		return
	case p.DelegatedLen == 0:
		ck.Errorf(conf.At(path, "delegated-len"), "is missing, or 0")
		return
	case p.PrefixLen > 128:
		ck.Errorf(conf.At(path, "prefix-len"), "%d is out of range, 1 to 128", p.PrefixLen)
		return
	case p.DelegatedLen > 128:
		ck.Errorf(conf.At(path, "delegated-len"), "%d is out of range, 1 to 128", p.DelegatedLen)
		return
	case p.DelegatedLen < p.PrefixLen:
		ck.Errorf(conf.At(path, "delegated-len"), "%d is less than prefix-len, which is %d", p.DelegatedLen, p.PrefixLen)
		return
	}
	whole := netip.PrefixFrom(p.Prefix, int(p.PrefixLen))
	if whole != whole.Masked() {
		ck.Errorf(conf.At(path, "prefix"), "%s has bits beyond prefix-len set; %s is meant", p.Prefix, whole.Masked().Addr())
		return
	}
	ck.Prefixes(conf.At(path, "prefix"), whole)

	first := netip.PrefixFrom(p.Prefix, int(p.DelegatedLen))
	switch none := !p.ExcludedPrefix.IsValid() || p.ExcludedPrefix.IsUnspecified(); {
	case none && p.ExcludedPrefixLen == 0:
	case none:
		ck.Errorf(conf.At(path, "excluded-prefix"), "is missing; excluded-prefix-len is given")
	case p.ExcludedPrefixLen == 0:
		ck.Errorf(conf.At(path, "excluded-prefix-len"), "is missing; excluded-prefix is given")
	case p.ExcludedPrefixLen > 128:
		ck.Errorf(conf.At(path, "excluded-prefix-len"), "%d is out of range, 1 to 128", p.ExcludedPrefixLen)
	default:
		ck.excluded(conf.At(path, "excluded-prefix"), netip.PrefixFrom(p.ExcludedPrefix, int(p.ExcludedPrefixLen)), first)
	}
}

// excluded checks the part of a delegated prefix that the delegating router
// keeps (RFC 6603, section 4.2).
func (ck *checker) excluded(path string, excluded, delegated netip.Prefix) {
	if excluded.Bits() <= delegated.Bits() || !delegated.Contains(excluded.Addr()) {
		ck.Errorf(path, "%s is not a part of the delegated prefix %s", excluded, delegated)
	}
}
