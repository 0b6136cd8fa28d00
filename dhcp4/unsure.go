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
	all   bool // there were too many to be told apart
}

func (u *unsure) set(addr netip.Addr, failed bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case !failed:
		delete(u.addrs, addr)
	case len(u.addrs) >= maxUnsure:
		u.all = true
	default:
		if u.addrs == nil {
			u.addrs = map[netip.Addr]struct{}{}
		}
		u.addrs[addr] = struct{}{}
	}
}

func (u *unsure) has(addr netip.Addr) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.addrs[addr]
	return ok || u.all
}
