package ha

import (
	"fmt"
	"iter"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// CheckServerNames checks, for a server with several relationships, that the
// subnets are assigned to servers that are peers in one of them: otherwise no
// client there would ever be answered. With one relationship the assignment
// has no meaning. The error is a [*ConfigError].
func CheckServerNames(cfgs []*Config, subnets iter.Seq[ctrl.Subnet]) error {
	if len(cfgs) < 2 {
		return nil
	}
	var report keajson.Report
	for s := range subnets {
		known := slices.ContainsFunc(cfgs, func(c *Config) bool { return c.peer(s.Server) != nil })
		if s.Server != "" && !known {
			report.Errorf("", "subnet %d, %s, has the ha-server-name %q, and no relationship has such a peer", s.ID, s.Prefix, s.Server)
		}
	}
	if err := report.Err(); err != nil {
		return fmt.Errorf("ha: configuration: %w", err)
	}
	return nil
}
