package leases

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/dhcp6"
)

// configured is what a configuration says of leases.
type configured interface {
	LeaseFile() string
	Sockets() []ctrl.SocketConfig
}

// load reads a configuration. What it asks for that is not supported does not
// matter here, and its mistakes are told by failoverd -t.
func load(name string, family ctrl.Family) (configured, error) {
	opts := &dhcp4.ParseOptions{AllowUnsupported: true}
	if family == ctrl.V6 {
		return dhcp6.LoadConfig(name, opts)
	}
	return dhcp4.LoadConfig(name, opts)
}

// readConfigured reads the leases of the server that a configuration is for: of
// the server, if it answers at its control socket, or else of its files.
func (c *command) readConfigured(ctx context.Context, name string, family ctrl.Family) (*source, error) {
	cfg, err := load(name, family)
	if err != nil {
		return nil, err
	}
	var silent []error
	for _, socket := range cfg.Sockets() {
		if socket.Type != "unix" {
			continue
		}
		s, err := c.askServer(ctx, unixAddress(socket.Name))
		if err == nil {
			s.family = family
			return s, nil
		}
		if refused := (*ctrl.ResultError)(nil); errors.As(err, &refused) {
			return nil, err // it runs
		}
		silent = append(silent, err)
	}
	file := cfg.LeaseFile() + ".db"
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		file = cfg.LeaseFile() // a Kea's
	}
	s, err := c.find(ctx, file)
	if err != nil {
		return nil, errors.Join(append(silent, err)...)
	}
	s.family = family
	c.warnf("no server answers by the control socket in %s; these are the leases in %s", name, file)
	return s, nil
}
