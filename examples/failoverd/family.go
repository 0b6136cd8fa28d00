package main

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/lease"
)

// family is what this program needs of DHCPv4 or DHCPv6, whose configuration is
// of type C.
type family[C config] struct {
	version    ctrl.Family
	types      []lease.Type
	load       func(file string, opts *dhcp4.ParseOptions) (C, error)
	interfaces func(C) []string
	// linked says whether clients that are directly on an interface, which has
	// the addresses, have a subnet.
	linked   func(cfg C, name string, addrs []netip.Addr) bool
	database func(C) *dhcp4.LeaseDatabase
	// lasting returns an error if a change needs a restart; nil: none does.
	lasting func(before, after C) error
	// open returns the service that a configuration asks for; ha is nil if
	// there is no high availability.
	open func(cfg C, store *lease.Store, ha *failover, s *settings) (service[C], error)
}

// config is what the configurations of both families tell.
type config interface {
	HasHook(name string) bool
	LeaseFile() string
	LogLevel() slog.Level
	Sockets() []ctrl.SocketConfig
	UnguardedPools(classes []string) []string
}

// service is an engine and the server in front of it.
type service[C config] interface {
	Config() C
	Digest() string
	Subnets() ctrl.Subnets
	Pools() []*lease.Pool
	NoSubnet() time.Time
	Reload(C) error
	Run(ctx context.Context) error
	RegisterLeases(mux *ctrl.Mux)
	Close()

	serve(ctx context.Context) error
	ready() <-chan struct{} // closed once queries are answered
	notReady() error        // why they are not; nil: they are
	setInterfaces(interfaces []string) error
	register(mux *ctrl.Mux, c commands)
	counters() hametrics.ServerCounters
	observe(tell func(hametrics.Exchange)) // before serve
}

// commands are what the server commands need from the program.
type commands struct {
	reload   func(context.Context) error
	shutdown func(status int)
	status   func() map[string]any
}
