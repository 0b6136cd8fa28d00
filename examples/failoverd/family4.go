package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/lease"
)

// dhcpV4 is DHCPv4. What looks alike in dhcpV6 calls another package, and cannot
// be shared for that.
func dhcpV4() *family[*dhcp4.Config] {
	return &family[*dhcp4.Config]{
		version:    ctrl.V4,
		types:      []lease.Type{lease.V4},
		load:       dhcp4.LoadConfig,
		interfaces: func(c *dhcp4.Config) []string { return c.InterfacesConfig.Interfaces },
		linked:     linkedV4,
		database:   func(c *dhcp4.Config) *dhcp4.LeaseDatabase { return c.LeaseDatabase },
		lasting: func(before, after *dhcp4.Config) error {
			if before.InterfacesConfig.SocketType() != after.InterfacesConfig.SocketType() {
				return errors.New("interfaces-config.dhcp-socket-type cannot change while the server runs; restart it")
			}
			return nil
		},
		open: openV4,
	}
}

// linkedV4 goes by the rules of [dhcp4.Selection].
func linkedV4(c *dhcp4.Config, name string, addrs []netip.Addr) bool {
	linked := func(s dhcp4.Subnet) bool { return s.Interface == name || slices.ContainsFunc(addrs, s.Subnet.Contains) }
	return slices.ContainsFunc(c.Subnets, linked) || slices.ContainsFunc(c.SharedNetworks, func(n dhcp4.SharedNetwork) bool {
		return n.Interface == name || slices.ContainsFunc(n.Subnets, linked)
	})
}

type serviceV4 struct {
	*dhcp4.Engine
	server *dhcp4.Server
}

func openV4(cfg *dhcp4.Config, store *lease.Store, ha *failover, s *settings) (service[*dhcp4.Config], error) {
	opts := &dhcp4.EngineOptions{Logger: s.log}
	if ha != nil {
		opts.Gate, opts.Committer, opts.Background = ha, ha, background{ha}
		opts.Reclaims, opts.Service = ha.reclaims, ha.opts.Switch
	}
	engine, err := dhcp4.NewEngine(cfg, store, opts)
	if err != nil {
		return nil, err
	}
	return &serviceV4{engine, &dhcp4.Server{
		Handler:    engine,
		Interfaces: cfg.InterfacesConfig.Interfaces,
		SocketType: cfg.InterfacesConfig.SocketType(),
		Port:       s.port,
		ClientPort: s.clientPort,
		Segment:    s.segment,
		Logger:     s.log,
	}}, nil
}

func (s *serviceV4) serve(ctx context.Context) error { return s.server.Serve(ctx) }
func (s *serviceV4) ready() <-chan struct{}          { return s.server.Ready() }
func (s *serviceV4) notReady() error                 { return s.server.NotReady() }
func (s *serviceV4) setInterfaces(interfaces []string) error {
	return s.server.SetInterfaces(interfaces)
}

func (s *serviceV4) register(mux *ctrl.Mux, c commands) {
	s.Register(mux, &dhcp4.Commands{Server: s.server, Reload: c.reload, Shutdown: c.shutdown, Status: c.status})
}

func (s *serviceV4) counters() hametrics.ServerCounters {
	c := s.server.Counters()
	return hametrics.ServerCounters{
		Received: byType(c.ReceivedTypes), Sent: byType(c.SentTypes), InFlight: c.InFlight,
		Dropped: drops(c.Refused, outcomes{c.Shed, c.Silent, c.Failed, c.Panicked, c.Unsent, c.Overflowed}),
	}
}

func (s *serviceV4) observe(tell func(hametrics.Exchange)) {
	s.server.Observe = func(x dhcp4.Exchange) {
		tell(hametrics.Exchange{
			Type: typeName(x.Type), Outcome: x.Outcome.String(),
			Received: x.Received, Begun: x.Begun, Answered: x.Answered, Sent: x.Sent,
		})
	}
}
