package main

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/lease"
)

// dhcpV6 is DHCPv6.
func dhcpV6() *family[*dhcp6.Config] {
	return &family[*dhcp6.Config]{
		version:    ctrl.V6,
		types:      []lease.Type{lease.NA, lease.PD},
		load:       dhcp6.LoadConfig,
		interfaces: func(c *dhcp6.Config) []string { return c.InterfacesConfig.Interfaces },
		linked:     linkedV6,
		database:   func(c *dhcp6.Config) *dhcp6.LeaseDatabase { return c.LeaseDatabase },
		open:       openV6,
	}
}

// linkedV6 goes by the rules of [dhcp6.Selection].
func linkedV6(c *dhcp6.Config, name string, _ []netip.Addr) bool {
	linked := func(s dhcp6.Subnet) bool { return s.Interface == name }
	return slices.ContainsFunc(c.Subnets, linked) || slices.ContainsFunc(c.SharedNetworks, func(n dhcp6.SharedNetwork) bool {
		return n.Interface == name || slices.ContainsFunc(n.Subnets, linked)
	})
}

type serviceV6 struct {
	*dhcp6.Engine
	server *dhcp6.Server
}

func openV6(cfg *dhcp6.Config, store *lease.Store, ha *failover, s *settings) (service[*dhcp6.Config], error) {
	opts := &dhcp6.EngineOptions{Logger: s.log}
	if ha != nil {
		opts.Gate, opts.Committer, opts.Background = ha, ha, background{ha}
		opts.Reclaims, opts.Service = ha.reclaims, ha.opts.Switch
	}
	engine, err := dhcp6.NewEngine(cfg, store, opts)
	if err != nil {
		return nil, err
	}
	return &serviceV6{engine, &dhcp6.Server{
		Handler:    engine,
		Interfaces: cfg.InterfacesConfig.Interfaces,
		Port:       s.port,
		ClientPort: s.clientPort,
		Segment:    s.segment,
		Logger:     s.log,
	}}, nil
}

func (s *serviceV6) serve(ctx context.Context) error { return s.server.Serve(ctx) }
func (s *serviceV6) ready() <-chan struct{}          { return s.server.Ready() }
func (s *serviceV6) notReady() error                 { return s.server.NotReady() }
func (s *serviceV6) setInterfaces(interfaces []string) error {
	return s.server.SetInterfaces(interfaces)
}

func (s *serviceV6) register(mux *ctrl.Mux, c commands) {
	s.Register(mux, &dhcp6.Commands{Server: s.server, Reload: c.reload, Shutdown: c.shutdown, Status: c.status})
}

func (s *serviceV6) counters() hametrics.ServerCounters {
	c := s.server.Counters()
	return hametrics.ServerCounters{
		Received: byType(c.ReceivedTypes), Sent: byType(c.SentTypes), InFlight: c.InFlight,
		Dropped: drops(c.Refused, outcomes{c.Shed, c.Silent, c.Failed, c.Panicked, c.Unsent, c.Overflowed}),
	}
}

func (s *serviceV6) observe(tell func(hametrics.Exchange)) {
	s.server.Observe = func(x dhcp6.Exchange) {
		tell(hametrics.Exchange{
			Type: typeName(x.Type), Outcome: x.Outcome.String(),
			Received: x.Received, Begun: x.Begun, Answered: x.Answered, Sent: x.Sent,
		})
	}
}
