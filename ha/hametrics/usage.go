package hametrics

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// usage counts the leases of pools that are in the scopes served here. It
// remembers the last count as long as nothing has changed.
type usage struct {
	mu       sync.Mutex
	revision uint64
	scopes   string
	pools    []*lease.Pool
	counted  []lease.Usage // nil: nothing has been counted
}

// of returns the usage of each pool. status is nil without high availability:
// then every lease counts.
func (u *usage) of(pools []*lease.Pool, store *lease.Store, status *ha.Status, scope func(lease.Lease) string) []lease.Usage {
	all, served := true, map[string]bool{}
	if status != nil {
		all, served = servedBy(status)
	}
	counted := make([]lease.Usage, len(pools))
	switch {
	case all:
		for i, p := range pools {
			counted[i] = p.Usage()
		}
		return counted
	case len(served) == 0:
		return counted
	}

	u.mu.Lock()
	defer u.mu.Unlock()
	revision, scopes := store.Revision(), divided(status)
	if u.counted != nil && u.revision == revision && u.scopes == scopes && slices.Equal(u.pools, pools) {
		return u.counted
	}
	in := sorted(pools)
	for _, st := range [...]lease.State{lease.Assigned, lease.Declined} {
		for l := range store.ByState(st, 0) {
			i := in.find(&l)
			if i < 0 || !served[scope(l)] {
				continue
			}
			counted[i].Assigned++ // as lease.Usage has it, declined ones too
			if st == lease.Declined {
				counted[i].Declined++
			}
		}
	}
	u.revision, u.scopes, u.pools, u.counted = revision, scopes, pools, counted
	return counted
}

// servedBy returns the scopes that are served here, and whether these are all
// that there are.
func servedBy(status *ha.Status) (all bool, served map[string]bool) {
	all, served = true, map[string]bool{}
	for i := range status.Relationships {
		r := &status.Relationships[i]
		for _, scope := range scopesOf(r) {
			if slices.Contains(r.Serves, scope) {
				served[scope] = true
			} else {
				all = false
			}
		}
	}
	return all, served
}

// divided says how clients are divided into scopes and which are served.
func divided(status *ha.Status) string {
	var text []byte
	for i := range status.Relationships {
		r := &status.Relationships[i]
		text = fmt.Appendf(text, "%q %q %q %q;", r.Mode, r.Server, scopesOf(r), r.Serves)
	}
	return string(text)
}

// sortedPools are pools by address, and where each stands among those given.
type sortedPools []placedPool

type placedPool struct {
	*lease.Pool
	first netip.Addr
	typ   lease.Type
	at    int
}

func sorted(pools []*lease.Pool) sortedPools {
	s := make(sortedPools, len(pools))
	for i, p := range pools {
		spec := p.Spec()
		s[i] = placedPool{p, spec.First, spec.Type(), i}
		if spec.Prefix.IsValid() {
			s[i].first = spec.Prefix.Addr()
		}
	}
	slices.SortFunc(s, func(a, b placedPool) int { return a.first.Compare(b.first) })
	return s
}

// find returns where the pool of a lease stands; -1: it is in none. Pools do not
// overlap.
func (s sortedPools) find(l *lease.Lease) int {
	i, found := slices.BinarySearchFunc(s, l.Addr, func(p placedPool, addr netip.Addr) int { return p.first.Compare(addr) })
	if !found {
		i-- // the last that begins before it
	}
	if i < 0 || s[i].typ != l.Type || !s[i].Contains(l.Addr) {
		return -1
	}
	return s[i].at
}

func subnetLabel(id uint32) string { return strconv.FormatUint(uint64(id), 10) }
