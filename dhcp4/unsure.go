package dhcp4

import (
	"net/netip"
	"sync"
)

// maxUnsure bounds the memory that addresses take whose commit has failed.
const maxUnsure = 1 << 16

// unsure knows the addresses whose last commit has failed. The store may have
// such a lease all the same while a partner has not, so a reply may not rest
// on the store alone.
type unsure struct {
	mu    sync.Mutex
	addrs map[netip.Addr]struct{}
	// until is the time of the latest lease that has failed and for which
	// there was no room, in Unix seconds: no lease up to then is sure.
	until int64
}

// set notes how the commit of a lease ended, which was given out at a time.
func (u *unsure) set(addr netip.Addr, cltt int64, failed bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch _, noted := u.addrs[addr]; {
	case !failed:
		delete(u.addrs, addr)
	case noted:
	case len(u.addrs) >= maxUnsure:
		u.until = max(u.until, cltt)
	default:
		if u.addrs == nil {
			u.addrs = map[netip.Addr]struct{}{}
		}
		u.addrs[addr] = struct{}{}
	}
}

// has says whether the lease of the address that the store has, given out at a
// time, may be one whose commit has failed.
func (u *unsure) has(addr netip.Addr, cltt int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.addrs[addr]
	return ok || cltt <= u.until
}
