package hametrics

import (
	"math/big"

	"github.com/dhcpha/dhcpha/lease"
)

// What there is of leases and pools.
var (
	leases = Metric{"dhcpha_leases", Gauge, []string{"type", "state"},
		"Leases in the store, by type (V4, IA_NA, IA_PD) and state; the expired ones are assigned until they are reclaimed. Each server of a pair has them all: take one server's."}
	revision = Metric{"dhcpha_store_revision", Gauge, nil,
		"Number of the latest change of a lease in the store, here made or taken over. It falls if an older file is put back."}
	poolSize = Metric{"dhcpha_pool_size", Gauge, []string{"subnet", "pool", "type"},
		"Addresses or prefixes that the pool has, reserved ones included. Both servers of a pair tell it: take the greatest."}
	poolLeases = Metric{"dhcpha_pool_leases", Gauge, []string{"subnet", "pool", "type", "state"},
		"Leases in the pool that are assigned (the expired ones until they are reclaimed) or declined, of the scopes that this server serves: the sum over a pair counts each lease once."}
)

var leaseMetrics = []Metric{leases, revision, poolSize, poolLeases}

// leases exports what is in the store, of the family or families that it has
// leases or pools of.
func (s sink) leases(store *lease.Store) {
	s.put(&revision, float64(store.Revision()))
	for typ := lease.V4; typ <= lease.PD; typ++ {
		for st := lease.Assigned; st <= lease.Registered; st++ {
			if typ != lease.NA && st == lease.Registered {
				continue // only addresses of DHCPv6 are registered
			}
			s.put(&leases, float64(store.Count(0, st, typ)), typ.String(), st.String())
		}
	}
}

// pools exports pools and how many leases of each count here.
func (s sink) pools(pools []*lease.Pool, used []lease.Usage) {
	for i, p := range pools {
		spec := p.Spec()
		subnet, name, typ := subnetLabel(spec.SubnetID), spec.String(), spec.Type().String()
		size, _ := new(big.Float).SetInt(p.Total()).Float64()
		s.put(&poolSize, size, subnet, name, typ)
		s.put(&poolLeases, float64(used[i].Assigned-used[i].Declined), subnet, name, typ, lease.Assigned.String())
		s.put(&poolLeases, float64(used[i].Declined), subnet, name, typ, lease.Declined.String())
	}
}
