package engine

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// StatNames are what a family calls its statistics.
type StatNames struct {
	Packets PacketNames
	Prefix  string       // of what happens in the engine: v4 or v6
	Leases  []LeaseNames // one for each type of leases
	Counted []string     // what Count counts, besides what becomes of leases
}

// LeaseNames are what the statistics of leases of a type are called.
type LeaseNames struct {
	Type lease.Type
	Noun string // of what is leased, as in assigned-NOUN
	Pool string // what it is leased from, as in subnet[1].POOL[0]
	Kind string // of the association, with a hyphen behind it, as in v6-KIND-lease-reuses
}

func (n *LeaseNames) total() string      { return "total-" + n.Noun }
func (n *LeaseNames) assigned() string   { return "assigned-" + n.Noun }
func (n *LeaseNames) registered() string { return "registered-" + n.Noun }
func (n *LeaseNames) cumulative() string { return "cumulative-assigned-" + n.Noun }

// counted is what is counted of the leases, also for each pool.
func (n *LeaseNames) counted() []string {
	if n.Type == lease.PD {
		return []string{n.cumulative(), reclaimedLeases} // a prefix cannot be declined
	}
	return []string{n.cumulative(), reclaimedLeases, reclaimedDeclined}
}

// Statistics of leases of all types.
const (
	declinedAddresses = "declined-addresses"
	reclaimedLeases   = "reclaimed-leases"
	reclaimedDeclined = "reclaimed-declined-addresses"
)

// Stats are the statistics of an engine, by Kea's names. What is looked up for
// every query is kept at hand.
type Stats struct {
	All ctrl.Stats
	Packets
	noSubnet *ctrl.Stat // see NoSubnet

	names      *StatNames
	cumulative [lease.PD + 1]string // by type
	reuses     [lease.PD + 1]string // by type
	total      counters
	subnets    atomic.Pointer[map[uint32]*subnetStats]
	ofSubnets  map[string]bool // the names of those that came with subnets
}

// counters are counted statistics by their names within a subnet or a pool.
type counters map[string]*ctrl.Stat

// count counts what is counted here.
func (c counters) count(now time.Time, name string) {
	if st := c[name]; st != nil {
		st.AddAt(now, 1)
	}
}

func (s *Stats) init(names *StatNames) {
	s.names = names
	s.Packets.init(&s.All, &names.Packets)
	s.noSubnet = s.All.Stat(names.failure("-no-subnet"))
	s.total = counters{}
	for _, name := range names.counted() {
		s.total[name] = s.All.Stat(name)
	}
	for _, n := range names.Leases {
		s.cumulative[n.Type], s.reuses[n.Type] = n.cumulative(), names.reuses(&n)
	}
	s.subnets.Store(&map[uint32]*subnetStats{})
}

// counted is what is counted for all and for each subnet.
func (n *StatNames) counted() []string {
	list := slices.Clone(n.Counted)
	for _, leases := range n.Leases {
		list = append(append(list, n.reuses(&leases)), leases.counted()...)
	}
	for _, where := range allocationFailures {
		list = append(list, n.failure(where))
	}
	return list
}

func (n *StatNames) reuses(leases *LeaseNames) string {
	return n.Prefix + "-" + leases.Kind + "lease-reuses"
}

func (n *StatNames) failure(where string) string { return n.Prefix + "-allocation-fail" + where }

// allocationFailures are what it is counted by that there is nothing for a
// client.
var allocationFailures = []string{
	"", "-classes", "-no-pools", "-shared-network", "-subnet",
	"-port-limit", "-relay-limit", "-no-relay", // see Over
}

// Count counts what happened in a subnet, which may be gone by now; 0: in none.
func (s *Stats) Count(name string, subnet uint32) { s.count(time.Now(), name, subnet) }

// count counts it and returns what there is of the subnet; nil: it is gone.
func (s *Stats) count(now time.Time, name string, subnet uint32) *subnetStats {
	s.total.count(now, name)
	in := (*s.subnets.Load())[subnet]
	if in != nil {
		in.counters.count(now, name)
	}
	return in
}

// Assigned counts a lease that a client is given which did not have it.
func (s *Stats) Assigned(l *lease.Lease) { s.countLease(s.cumulative[l.Type], l) }

// Reused counts a lease that a client may use on without its being written.
func (s *Stats) Reused(l *lease.Lease) { s.Count(s.reuses[l.Type], l.SubnetID) }

// Failed counts that there is nothing for a client: in a subnet, which may be
// one of a shared network, and whether there are pools that it may have
// something of.
func (s *Stats) Failed(subnet uint32, shared, pools bool) {
	where := []string{"-classes", "-subnet", "-no-pools"}
	if shared {
		where[1] = "-shared-network"
	}
	if pools {
		where[2] = ""
	}
	for _, w := range where {
		s.Count(s.names.failure(w), subnet)
	}
}

// reclaimed counts a lease that was reclaimed.
func (s *Stats) reclaimed(l lease.Lease) {
	s.countLease(reclaimedLeases, &l)
	if l.State == lease.Declined {
		s.countLease(reclaimedDeclined, &l)
	}
}

// countLease counts what happened to a lease, also in its pool.
func (s *Stats) countLease(name string, l *lease.Lease) {
	now := time.Now()
	if in := s.count(now, name, l.SubnetID); in != nil {
		in.poolOf(l).count(now, name)
	}
}

// samples returns which samples statistics keep; see ctrl.Stats.SetSamples.
func samples(count *uint32, age uint32) (int, time.Duration) {
	n := 20
	if count != nil {
		n = int(min(*count, math.MaxInt32))
	}
	return n, time.Duration(age) * time.Second
}

// subnetName is what a statistic of a subnet is called.
func subnetName(id uint32, name string) string { return fmt.Sprintf("subnet[%d].%s", id, name) }
