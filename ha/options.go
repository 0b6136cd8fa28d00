package ha

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Options are the settings of a Service that are not those of its
// relationships; a zero field means its default.
type Options struct {
	// Family is the version of DHCP whose leases are kept; 0: ctrl.V4. A server
	// of DHCPv6 has to say so.
	Family ctrl.Family

	// Switch is that of the DHCP service, which is held off while this server
	// must not serve anybody. Nil: one of the Service's own, which Admit heeds
	// as it does a given one. With several relationships it is not turned for
	// one of them, since the others go on: Admit refuses instead.
	Switch *ctrl.Service

	// Digest returns a digest of the configuration that is served, without what
	// differs between servers by right. Two of this kind that have different
	// ones say so in their Status. Nil: none. It is not asked for with several
	// relationships, which no partner has all of.
	Digest func() string

	// Unguarded returns the pools that clients of more than one of the given
	// classes may be given addresses from. In load-balancing, a Kea for a
	// partner would give these addresses to other clients at the same time, so
	// this server then stays off. Nil: there are none.
	Unguarded func(classes []string) []string

	// OnState is called after each change of state, OnUpdate for each lease
	// change that has come from a peer, after it is durable. They must be quick
	// and must not call the Service.
	OnState  func(StateChange)
	OnUpdate func(LeaseUpdate)

	// OnCommit is called at the end of each Commit by the goroutine that has
	// called that, whose client waits. It must be quick and must not call the
	// Service. Nil: nothing is timed.
	OnCommit func(CommitTiming)

	// Now is the wall clock, by which lease times are; nil: time.Now. It may be
	// set while the Service runs.
	Now func() time.Time

	// Dial and Listen make connections and listeners; nil: those of package
	// net.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(network, address string) (net.Listener, error)

	Logger *slog.Logger // nil: nothing is logged
}

// withDefaults returns a copy without zero fields where there is a default.
func (o *Options) withDefaults() Options {
	var filled Options
	if o != nil {
		filled = *o
	}
	filled.Family = cmp.Or(filled.Family, ctrl.V4)
	if filled.Switch == nil {
		filled.Switch = new(ctrl.Service)
	}
	if filled.Now == nil {
		filled.Now = time.Now
	}
	if filled.Dial == nil {
		filled.Dial = new(net.Dialer).DialContext
	}
	if filled.Listen == nil {
		filled.Listen = net.Listen
	}
	if filled.Logger == nil {
		filled.Logger = slog.New(slog.DiscardHandler)
	}
	return filled
}

// checkFamily finds out that Family has been forgotten: two servers of this
// kind would not notice, until the partner is a Kea.
func (o *Options) checkFamily(subnets iter.Seq[ctrl.Subnet]) error {
	for s := range subnets {
		if s.Prefix.IsValid() && s.Prefix.Addr().Is4() != (o.Family == ctrl.V4) {
			return fmt.Errorf("ha: Options.Family is DHCPv%d, and subnet %d is %s", o.Family, s.ID, s.Prefix)
		}
	}
	return nil
}
