package ha

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// Service makes a DHCP server and its leases one of a pair, or of more. It is
// met at two places: Admit says which queries this server answers, and Commit
// makes lease changes safe, here and with the other servers, before a client
// is told of them. All methods may be called by many goroutines at the same
// time.
type Service struct {
	opts          Options
	cfgs          []*Config
	store         *lease.Store
	relationships []*relationship
	byServer      map[string]*relationship // by the names of all peers
	subnets       atomic.Pointer[ctrl.Subnets]
	health        health
	listeners     atomic.Pointer[[]*commandListener]

	walks walks

	running atomic.Bool
}

// New returns the Service of a server with the given relationships and leases.
// Several relationships make it the hub of several hot-standby pairs, each of
// which has subnets of its own. Nothing is served before Run. Nil options mean
// the zero Options.
//
// The configurations are checked as by [Config.Validate] and must not be
// changed afterwards. Files that they name are read.
func New(cfgs []*Config, store *lease.Store, opts *Options) (*Service, error) {
	if len(cfgs) == 0 {
		return nil, errors.New("ha: no relationship is configured")
	}
	if err := validateConfigs(cfgs); err != nil {
		return nil, err
	}
	s := &Service{opts: opts.withDefaults(), cfgs: cfgs, store: store, byServer: make(map[string]*relationship)}
	if opts != nil && opts.Logger != nil {
		s.opts.Switch.LogTo(opts.Logger)
	}
	s.health.init(s)
	s.walks.now = s.opts.Now
	for i, cfg := range cfgs {
		r, err := newRelationship(s, i, cfg)
		if err != nil {
			return nil, err
		}
		s.relationships = append(s.relationships, r)
		for _, p := range cfg.Peers {
			s.byServer[p.Name] = r
		}
	}
	for _, r := range s.relationships {
		r.replicate()
		r.look()
		s.hold(r, true)
	}
	return s, nil
}

// Run makes the server one of its relationships: it takes commands at the
// addresses of its own entries among the peers, where such are dedicated to
// that, sends heartbeats and lease updates, and follows what happens. It
// returns nil after ctx has ended and no goroutine is left. It may be called
// once.
//
// Peers are answered the commands they need, and by mux the further ones of
// the program that restrict-commands lets them use, such as status-get; nil:
// none. subnets are those that leases may be in.
func (s *Service) Run(ctx context.Context, mux *ctrl.Mux, subnets ctrl.Subnets) error {
	if !s.running.CompareAndSwap(false, true) {
		return errors.New("ha: Run may be called once")
	}
	if err := CheckServerNames(s.cfgs, subnets.Subnets()); err != nil {
		return err
	}
	if err := s.opts.checkFamily(subnets.Subnets()); err != nil {
		return err
	}
	listeners, err := newListeners(s.cfgs, s.peerMux(mux, subnets), &s.opts)
	if err != nil {
		return err
	}
	s.listeners.Store(&listeners)
	s.subnets.Store(&subnets)
	var wg sync.WaitGroup
	for _, l := range listeners {
		wg.Go(func() { l.run(ctx) })
	}
	for _, r := range s.relationships {
		wg.Go(func() { r.run(ctx) })
	}
	wg.Go(func() { s.health.run(ctx) })
	wg.Wait()
	return nil
}

// Admit says whether this server answers a query of the client, and the
// classes that it adds to the query, such as HA_server1. waited is how long the
// client says it has been trying. Only with several relationships server is
// called, for the name of a server that the query's subnet is assigned to
// (ha-server-name), empty if there is none.
//
// Queries that are not about leases, such as INFORMATION-REQUEST or leasequery,
// are every server's: they are not to be asked about. Admit costs no more than
// memory. It refuses while the DHCP service is switched off.
func (s *Service) Admit(client lease.Client, waited time.Duration, server func() string) (classes []string, serve bool) {
	if !s.opts.Switch.Enabled() {
		return nil, false
	}
	r := s.relationships[0]
	if len(s.relationships) > 1 {
		if r = s.byServer[server()]; r == nil {
			return nil, false
		}
	}
	return r.admit(client, waited)
}

// Reclaims says whether this server is to reclaim the lease when it has
// expired. Every Kea reclaims all leases by itself; between two of this kind
// the server does that which serves the lease's client.
func (s *Service) Reclaims(l lease.Lease) bool {
	r := s.relationshipOf(&l)
	return r != nil && r.reclaims(&l)
}

// Scope returns the name of the server whose client has the lease, or had it: in
// hot-standby that of the primary; in load-balancing that of the server which
// the client belongs to. A lease that does not tell whose it is, as that of a
// declined address, is the primary's. Empty: it is in a subnet of no relationship.
//
// So every lease is in the scope of one server, whoever serves that at the
// moment (RelationshipStatus.Serves). Who counts the leases of the scopes that
// it serves, on each server, counts each lease of the pair once.
func (s *Service) Scope(l lease.Lease) string {
	r := s.relationshipOf(&l)
	if r == nil {
		return ""
	}
	i, _ := r.split.owner(l.ClientID, l.HWAddr)
	return r.split.names[i]
}

// relationshipOf returns the relationship that has a lease: with several that
// of its subnet, or nil.
func (s *Service) relationshipOf(l *lease.Lease) *relationship {
	if len(s.relationships) == 1 {
		return s.relationships[0]
	}
	if subnets := s.subnets.Load(); subnets != nil {
		if subnet, ok := subnetOf(*subnets, l); ok {
			return s.byServer[subnet.Server]
		}
	}
	return nil
}

// subnetOf finds the subnet of a lease. A removal tells no more than the
// address.
func subnetOf(subnets ctrl.Subnets, l *lease.Lease) (ctrl.Subnet, bool) {
	if l.SubnetID != 0 {
		return subnets.Subnet(l.SubnetID)
	}
	for subnet := range subnets.Subnets() {
		if subnet.Prefix.Contains(l.Addr) {
			return subnet, true
		}
	}
	return ctrl.Subnet{}, false
}

// named says which server an error is about.
func named(name string, err error) error {
	if err != nil {
		err = fmt.Errorf("ha: %s: %w", name, err)
	}
	return err
}
