package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/lease"
)

// family is what this program needs of DHCPv4 or DHCPv6, whose configuration is
// of type C.
type family[C config] struct {
	version    ctrl.Family
	types      []lease.Type
	load       func(file string, opts *dhcp4.ParseOptions) (C, error)
	interfaces func(C) []string
	database   func(C) *dhcp4.LeaseDatabase
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
	Reload(C) error
	Run(ctx context.Context) error
	RegisterLeases(mux *ctrl.Mux)
	Close()

	serve(ctx context.Context) error
	setInterfaces(interfaces []string) error
	register(mux *ctrl.Mux, c commands)
}

// commands are what the server commands need from the program.
type commands struct {
	reload   func(context.Context) error
	shutdown func(status int)
	status   func() map[string]any
}

// isV6 says whether a configuration file is one of DHCPv6, whatever mistakes
// it has. It is an error if the file is of neither family.
func isV6(file string) (bool, error) {
	_, err := dhcp4.LoadConfig(file, nil)
	mistakes := (*dhcp4.ConfigError)(nil)
	switch {
	case err == nil:
		return false, nil
	case !errors.As(err, &mistakes):
		return false, errors.Unwrap(err) // without the name of a family
	case names(err, "Dhcp6"):
		return true, nil
	}
	if _, err := dhcp6.LoadConfig(file, nil); names(err, "Dhcp4") {
		return false, nil
	}
	return false, fmt.Errorf(`there is neither a "Dhcp4" nor a "Dhcp6" object in %s: %w`, file, mistakes)
}

// names says whether a mistake is in a member of the file, or is the member.
func names(err error, member string) bool {
	mistakes := (*dhcp4.ConfigError)(nil)
	return errors.As(err, &mistakes) &&
		slices.ContainsFunc(mistakes.Problems, func(p dhcp4.ConfigProblem) bool {
			return p.Path == member || strings.HasPrefix(p.Path, member+".")
		})
}
