package dhcp4

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// counted are the statistics that are kept both for all and for each subnet,
// by Kea's names.
var counted = [...]string{
	"cumulative-assigned-addresses",
	"reclaimed-leases",
	"reclaimed-declined-addresses",
	"v4-lease-reuses",
	"v4-reservation-conflicts",
	"v4-allocation-fail",
	"v4-allocation-fail-classes",
	"v4-allocation-fail-no-pools",
	"v4-allocation-fail-shared-network",
	"v4-allocation-fail-subnet",
}

// engineStats are the statistics of an engine. What is looked up for every
// query is kept at hand.
type engineStats struct {
	all   ctrl.Stats
	total map[string]*ctrl.Stat // counted ones

	receivedAll, sentAll, drop, disabled, filtered, notForUs *ctrl.Stat

	receivedTypes, sentTypes [messageTypes]*ctrl.Stat
}

// packetNames are what Kea's pkt4- statistics call the message types.
var packetNames = [messageTypes]string{"unknown", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"}

func (s *engineStats) init() {
	s.total = map[string]*ctrl.Stat{}
	for _, name := range counted {
		s.total[name] = s.all.Stat(name)
	}
	s.receivedAll = s.all.Stat("pkt4-received")
	s.sentAll = s.all.Stat("pkt4-sent")
	s.drop = s.all.Stat("pkt4-receive-drop")
	s.disabled = s.all.Stat("pkt4-service-disabled")
	s.filtered = s.all.Stat("pkt4-admin-filtered")
	s.notForUs = s.all.Stat("pkt4-not-for-us")
	for i, name := range packetNames {
		s.receivedTypes[i] = s.all.Stat("pkt4-" + name + "-received")
	}
	for _, typ := range [...]dhcpv4.MessageType{dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak} {
		s.sentTypes[typ] = s.all.Stat("pkt4-" + packetNames[typ] + "-sent")
	}
}

func (s *engineStats) received(typ dhcpv4.MessageType) {
	s.receivedAll.Add(1)
	s.receivedTypes[typeIndex(typ)].Add(1)
}

func (s *engineStats) sent(typ dhcpv4.MessageType) {
	s.sentAll.Add(1)
	if st := s.sentTypes[typeIndex(typ)]; st != nil {
		st.Add(1)
	}
}

// countBoth counts one of the counted statistics.
func (s *engineStats) countBoth(name string, in *subnet) {
	s.total[name].Add(1)
	if in != nil {
		in.stats[name].Add(1)
	}
}

// reclaimed counts a lease that was reclaimed.
func (e *Engine) reclaimed(l lease.Lease) {
	s := e.plan.Load().byID[l.SubnetID]
	e.stats.countBoth("reclaimed-leases", s)
	if l.State == lease.Declined {
		e.stats.countBoth("reclaimed-declined-addresses", s)
	}
}

// allocationFailed counts a client for which there is no address.
func (x *exchange) allocationFailed() {
	name, pools := "v4-allocation-fail-subnet", false
	if x.subnet.network != nil {
		name = "v4-allocation-fail-shared-network"
	}
	for s := range x.candidates(x.subnet) {
		for _, pl := range s.pools {
			pools = pools || x.classes.allowed(&pl.Guard)
		}
	}
	x.e.stats.countBoth(name, x.subnet)
	if pools {
		x.e.stats.countBoth("v4-allocation-fail", x.subnet)
	} else {
		x.e.stats.countBoth("v4-allocation-fail-no-pools", x.subnet)
	}
	x.e.stats.countBoth("v4-allocation-fail-classes", x.subnet)
	x.e.stats.drop.Add(1)
	x.e.log.Warn("no address for client", "client", engine.Logged(x.client), "subnet", x.subnet.id, "classes", []string(x.classes))
}

// setSubnets gives the subnets of a plan their statistics, and drops those of
// subnets that are gone.
func (s *engineStats) setSubnets(e *Engine, old, p *plan) {
	names := map[string]bool{}
	for _, in := range p.subnets {
		in.stats = map[string]*ctrl.Stat{}
		for _, name := range counted {
			full := in.statName(name)
			in.stats[name] = s.all.Stat(full)
			names[full] = true
		}
		for name, compute := range in.computed(e.store) {
			s.all.Func(name, compute)
			names[name] = true
		}
	}
	s.all.Func("assigned-addresses", func() int64 { return assigned(e.store, 0) })
	s.all.Func("declined-addresses", func() int64 { return int64(e.store.Count(0, lease.Declined, lease.V4)) })
	if old == nil {
		return
	}
	for _, in := range old.subnets {
		for _, name := range counted {
			if full := in.statName(name); !names[full] {
				s.all.Remove(full)
			}
		}
		for name := range in.computed(e.store) {
			if !names[name] {
				s.all.Remove(name)
			}
		}
	}
}

// samples returns which samples statistics keep; see ctrl.Stats.SetSamples.
func (c *Config) samples() (count int, age time.Duration) {
	count = 20
	if n := c.StatisticDefaultSampleCount; n != nil {
		count = int(min(*n, math.MaxInt32))
	}
	return count, time.Duration(c.StatisticDefaultSampleAge) * time.Second
}

func (s *subnet) statName(name string) string { return fmt.Sprintf("subnet[%d].%s", s.id, name) }

// assigned counts the leases of a subnet (0: of all) as Kea does: a declined
// address is one of the assigned.
func assigned(store *lease.Store, subnet uint32) int64 {
	return int64(store.Count(subnet, lease.Assigned, lease.V4) + store.Count(subnet, lease.Declined, lease.V4))
}

// computed returns the statistics of the subnet that are not counted but
// looked up when somebody asks. Pools of the same ID are taken together.
func (s *subnet) computed(store *lease.Store) map[string]func() int64 {
	total := new(big.Int)
	pools := map[uint32][]*lease.Pool{}
	for _, pl := range s.pools {
		total.Add(total, pl.free.Total())
		pools[pl.id] = append(pools[pl.id], pl.free)
	}
	fs := map[string]func() int64{
		s.statName("total-addresses"):    constant(total),
		s.statName("assigned-addresses"): func() int64 { return assigned(store, s.id) },
		s.statName("declined-addresses"): func() int64 { return int64(store.Count(s.id, lease.Declined, lease.V4)) },
	}
	for id, list := range pools {
		sum := func(of func(lease.Usage) uint64) func() int64 {
			return func() (n int64) {
				for _, p := range list {
					n += int64(of(p.Usage()))
				}
				return n
			}
		}
		total := new(big.Int)
		for _, p := range list {
			total.Add(total, p.Total())
		}
		name := func(n string) string { return s.statName(fmt.Sprintf("pool[%d].%s", id, n)) }
		fs[name("total-addresses")] = constant(total)
		fs[name("assigned-addresses")] = sum(func(u lease.Usage) uint64 { return u.Assigned })
		fs[name("declined-addresses")] = sum(func(u lease.Usage) uint64 { return u.Declined })
	}
	return fs
}

func constant(n *big.Int) func() int64 {
	v := int64(math.MaxInt64)
	if n.IsInt64() {
		v = n.Int64()
	}
	return func() int64 { return v }
}
