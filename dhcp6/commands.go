package dhcp6

import (
	"context"
	"io"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine"
)

// dhcp4 has one that looks alike. They stay apart, as each package documents what
// its users fill in; what is done with it is done once, in internal/engine.

// Commands are what the server commands need from the program. A member that
// is not set leaves its command out.
type Commands struct {
	// Server is what receives the queries; its counters are among the
	// statistics.
	Server *Server
	// Version is the program's, for version-get; empty: the module's.
	Version string
	// Reload reads the configuration again and hands it to Engine.Reload
	// (config-reload).
	Reload func(ctx context.Context) error
	// Shutdown makes the program end with an exit status, soon (shutdown).
	Shutdown func(status int)
	// Status returns further members for the answer to status-get.
	Status func() map[string]any
}

// Register makes mux run the commands of a Kea DHCPv6 server: status-get,
// config-get, config-hash-get, config-test, config-reload, shutdown,
// version-get, build-report, dhcp-disable, dhcp-enable, statistic-* and
// stat-lease6-get.
func (e *Engine) Register(mux *ctrl.Mux, c *Commands) {
	if c == nil {
		c = &Commands{}
	}
	cmds := engine.Commands{
		Family: ctrl.V6, Config: func() any { return e.Config() }, Test: testConfig,
		Version: c.Version, Reload: c.Reload, Shutdown: c.Shutdown, Status: c.Status,
	}
	if c.Server != nil {
		cmds.NotReady = c.Server.NotReady
		e.core.Stats.Of(c.Server.datagrams)
	}
	e.core.Register(mux, cmds)
}

// testConfig says what is wrong with a configuration file.
func testConfig(file io.Reader) error {
	cfg, err := ParseConfig(file, nil)
	if err != nil {
		return err
	}
	_, err = newPlan(cfg)
	return err
}

// RegisterLeases makes mux run the commands of Kea's lease commands hook
// library (lease6-*) on the engine's leases and subnets.
func (e *Engine) RegisterLeases(mux *ctrl.Mux) { e.core.RegisterLeases(mux, ctrl.V6) }

// Subnets returns the subnets that the engine serves, as they are when they are
// asked for.
func (e *Engine) Subnets() ctrl.Subnets { return e.core.Subnets() }
