package hatest

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// seams is what the server asks about queries and leases: the Service, or in
// tests one that lies.
type seams interface {
	Admit(c lease.Client, waited time.Duration, server func() string) (classes []string, serve bool)
	Confirmed(l lease.Lease) bool
	lease.Committer
}

// server is what NewServer returns.
type server struct {
	name      string
	typ       lease.Type
	now       func() time.Time
	subnets   Subnets
	store     *lease.Store
	pair      *ha.Service
	asks      seams // pair
	addresses *lease.Allocator
	pools     []serverPool

	stop    context.CancelFunc
	running sync.WaitGroup
}

type serverPool struct {
	*lease.Pool
	class string // of the clients that it is for; empty: all
}

// offerHold is how long an offered address is kept for its client.
const offerHold = 60 * time.Second

// commitTime is how long a client waits for a lease to be safe, at most.
const commitTime = 10 * time.Second

// probation is how long nobody is given an address that was declined.
const probation = 24 * time.Hour

// NewServer starts a small DHCP server: as much of one as clients need to get,
// keep and give back an address. It is what a Config without Start runs, and it
// shows what a program of one's own has to do: of package ha all that its
// documentation demands, of package lease the Allocator and the Reclaimer.
func NewServer(n *Node) (Program, error) {
	s := &server{name: n.Name, typ: lease.V4, now: n.Now}
	opts := n.Options()
	if opts.Family == ctrl.V6 {
		s.typ = lease.NA
	}
	// What belongs to servers that this one is not a partner of is not on its
	// links.
	s.subnets = slices.DeleteFunc(slices.Clone(n.Subnets()), func(sub Subnet) bool {
		return sub.Server != "" && !slices.ContainsFunc(n.Configs(), func(c *ha.Config) bool {
			return slices.ContainsFunc(c.Peers, func(p ha.Peer) bool { return p.Name == sub.Server })
		})
	})
	var err error
	if s.store, err = n.OpenStore(); err != nil {
		return nil, err
	}
	if err := s.start(n, opts); err != nil {
		s.store.Close()
		return nil, err
	}
	return s, nil
}

func (s *server) start(n *Node, opts *ha.Options) (err error) {
	opts.Switch = new(ctrl.Service)
	if s.pair, err = ha.New(n.Configs(), s.store, opts); err != nil {
		return err
	}
	s.asks = s.pair
	var specs []lease.PoolSpec
	for _, sub := range s.subnets {
		for _, p := range sub.Pools {
			specs = append(specs, lease.PoolSpec{SubnetID: sub.ID, First: p.First, Last: p.Last})
			s.pools = append(s.pools, serverPool{class: p.Class})
		}
	}
	if s.addresses, err = lease.NewAllocator(s.store, specs); err != nil {
		return err
	}
	for i, p := range s.addresses.Pools() {
		s.pools[i].Pool = p
	}
	mux := n.Mux()
	s.pair.Register(mux)
	ctrl.HandleService(mux, opts.Family, opts.Switch)
	ctrl.HandleLeases(mux, opts.Family, s.store, s.pair.Background(), s.subnets)

	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() {
		if err := s.pair.Run(ctx, mux, s.subnets); err != nil {
			opts.Logger.Error("the server does not run", "error", err)
		}
	})
	reclaimer := &lease.Reclaimer{
		Store: s.store, Committer: s.pair.Background(), Owned: s.pair.Reclaims,
		Params: lease.DefaultReclaimParams(), Logger: opts.Logger,
	}
	s.running.Go(func() { reclaimer.Run(ctx) })
	return nil
}

// Close ends the server.
func (s *server) Close() error {
	s.stop()
	s.running.Wait()
	s.addresses.Close()
	return s.store.Close()
}

// Query answers a query.
func (s *server) Query(ctx context.Context, q Query) (Answer, bool) {
	sub, ok := s.subnets.Subnet(q.Subnet)
	if !ok {
		return Answer{}, false
	}
	// First: whose query is it?
	classes, serve := s.asks.Admit(q.Client, q.Waited, func() string { return sub.Server })
	if !serve {
		return Answer{}, false
	}
	x := &serverQuery{server: s, q: q, subnet: sub, classes: classes, holder: string(q.Client.ID) + string(q.Client.HWAddr)}
	if q.Server != "" && q.Server != s.name {
		if q.Kind == Request {
			s.addresses.ReleaseOffers(x.holder) // another server's offer is taken
		}
		return Answer{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	switch q.Kind {
	case Discover:
		return x.discover()
	case Request, Renew, Rebind:
		return x.give(ctx)
	case Reboot:
		return x.reboot(ctx)
	case Release:
		return x.end(ctx, lease.Removal)
	case Decline:
		return x.end(ctx, x.declined)
	}
	return Answer{}, false
}

// serverQuery is a query that is being answered.
type serverQuery struct {
	*server
	q       Query
	subnet  ctrl.Subnet
	classes []string
	holder  string
}

func (x *serverQuery) key(addr netip.Addr) lease.Key { return lease.Key{Type: x.typ, Addr: addr} }

// owns says whether a lease is the client's.
func (x *serverQuery) owns(l *lease.Lease) bool {
	return bytes.Equal(l.ClientID, x.q.Client.ID) && bytes.Equal(l.HWAddr, x.q.Client.HWAddr)
}

// inUse says whether a lease keeps its address from others.
func (x *serverQuery) inUse(l *lease.Lease) bool {
	return !l.Expired(x.now()) && (l.State == lease.Assigned || l.State == lease.Declined)
}

// free says whether the client can be given an address as far as leases go, and
// returns the lease that there is.
func (x *serverQuery) free(addr netip.Addr) (was lease.Lease, there, free bool) {
	was, there = x.store.Lookup(x.key(addr))
	return was, there, !there || !x.inUse(&was) || x.owns(&was) && was.State == lease.Assigned
}

// current returns the lease that the client has on its link.
func (x *serverQuery) current() (lease.Lease, bool) {
	leases := x.store.ByHWAddr(x.q.Client.HWAddr)
	if x.typ == lease.NA {
		leases = x.store.ByIAID(x.q.Client.ID, iaid)
	}
	i := slices.IndexFunc(leases, func(l lease.Lease) bool {
		return l.SubnetID == x.subnet.ID && x.owns(&l)
	})
	if i < 0 {
		return lease.Lease{}, false
	}
	return leases[i], true
}

// iaid is that of all leases of DHCPv6.
const iaid = 1

// allowed says whether the client may have addresses of the pool.
func (x *serverQuery) allowed(p serverPool) bool {
	return p.Spec().SubnetID == x.subnet.ID && (p.class == "" || slices.Contains(x.classes, p.class))
}

// mayHave says whether the client's pools have the address.
func (x *serverQuery) mayHave(addr netip.Addr) bool {
	return slices.ContainsFunc(x.pools, func(p serverPool) bool { return x.allowed(p) && p.Contains(addr) })
}

// discover offers the address that the client has, or one that is free.
func (x *serverQuery) discover() (Answer, bool) {
	until := x.now().Add(offerHold)
	if l, ok := x.current(); ok && x.mayHave(l.Addr) {
		if _, _, free := x.free(l.Addr); free && x.addresses.Hold(l.Addr, x.holder, until) {
			return x.offer(l.Addr)
		}
	}
	for _, p := range x.pools {
		if x.allowed(p) {
			if addr, ok := x.addresses.Take(p.Pool, x.holder, until); ok {
				return x.offer(addr)
			}
		}
	}
	return Answer{}, false
}

func (x *serverQuery) offer(addr netip.Addr) (Answer, bool) {
	return Answer{Kind: Offer, Addr: addr}.with(x.subnet.ValidLft), true
}

// reboot is about an address that the client remembers. RFC 2131, section 4.3.2:
// "If a DHCP server has no record of this client, then it MUST remain silent".
// In DHCPv6 the client only asks whether it still is on the same link.
func (x *serverQuery) reboot(ctx context.Context) (Answer, bool) {
	if x.typ == lease.NA {
		if !x.subnet.Prefix.Contains(x.q.Addr) {
			return Answer{Kind: Nak}, true
		}
		return Answer{Kind: Ack, Addr: x.q.Addr}, true
	}
	l, ok := x.current()
	if !ok {
		return Answer{}, false
	}
	if l.Addr != x.q.Addr {
		return Answer{Kind: Nak}, true
	}
	return x.give(ctx)
}

// give gives the client the address that it asks for, if it may have it.
func (x *serverQuery) give(ctx context.Context) (Answer, bool) {
	addr := x.q.Addr
	was, there, free := x.free(addr)
	if !free || !x.mayHave(addr) {
		return Answer{Kind: Nak}, true
	}
	if there && x.fresh(&was) && x.asks.Confirmed(was) {
		return Answer{Kind: Ack, Addr: addr}.with(uint32(was.Expires().Unix() - x.now().Unix())), true
	}
	// Nobody else is offered the address until its lease is made.
	if !x.addresses.Hold(addr, x.holder, time.Time{}) {
		return Answer{Kind: Nak}, true
	}
	l := lease.Lease{
		Type: x.typ, Addr: addr, SubnetID: x.subnet.ID,
		ClientID: x.q.Client.ID, HWAddr: x.q.Client.HWAddr,
		CLTT: x.now().Unix(), ValidLft: x.subnet.ValidLft,
	}
	if x.typ == lease.NA {
		l.IAID, l.PreferredLft = iaid, l.ValidLft
	}
	change := lease.Change{Lease: l, If: lease.Absent}
	if there {
		change.If = was.Revision
	}
	changes := []lease.Change{change}
	if l, ok := x.current(); ok && l.Addr != addr {
		changes = append(changes, removal(l)) // it gives up another one
	}
	// Last, before the answer: are the leases safe? If not, nothing is said and
	// the client asks again. It may have the address by then.
	if err := x.asks.Commit(ctx, changes...); err != nil {
		x.addresses.Hold(addr, x.holder, x.now().Add(offerHold))
		if _, _, free := x.free(addr); !free {
			x.addresses.Release(addr, x.holder)
		}
		return Answer{}, false
	}
	x.addresses.Release(addr, x.holder)
	return Answer{Kind: Ack, Addr: addr}.with(x.subnet.ValidLft), true
}

// freshness is how young a lease is that need not be written again for a client
// that asks again.
const freshness = 3

func (x *serverQuery) fresh(l *lease.Lease) bool {
	age := x.now().Unix() - l.CLTT
	return l.State == lease.Assigned && x.owns(l) && l.ValidLft == x.subnet.ValidLft && age >= 0 && age < freshness && age < int64(l.ValidLft)
}

// with returns the answer with a lifetime in seconds, and the times that follow
// from it.
func (a Answer) with(valid uint32) Answer {
	a.Valid = time.Duration(valid) * time.Second
	return a
}

// end ends the lease of the client, at its wish. It is answered in DHCPv6.
func (x *serverQuery) end(ctx context.Context, change func(lease.Lease) lease.Change) (Answer, bool) {
	if l, ok := x.store.Lookup(x.key(x.q.Addr)); ok && x.owns(&l) && l.State == lease.Assigned {
		c := change(l)
		c.If = l.Revision
		if err := x.asks.Commit(ctx, c); err != nil {
			return Answer{}, false
		}
	}
	return Answer{Kind: Ack}, x.typ == lease.NA
}

func removal(l lease.Lease) lease.Change {
	c := lease.Removal(l)
	c.If = l.Revision
	return c
}

// declined keeps the address of a lease from use. Nobody is said to have it.
func (x *serverQuery) declined(l lease.Lease) lease.Change {
	l.State, l.ClientID, l.HWAddr, l.IAID = lease.Declined, nil, nil, 0
	l.CLTT, l.ValidLft, l.PreferredLft = x.now().Unix(), uint32(probation/time.Second), 0
	return lease.Change{Lease: l}
}
