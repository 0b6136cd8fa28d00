package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// puller fetches the leases of a Kea, page by page, as Kea's servers fetch each
// other's: while it does so the DHCP service of that server is off.
type puller struct {
	peer  *peer
	store *lease.Store
	opts  pullerOptions

	found, unread int // leases of the last run, and those of them that could not be read
}

type pullerOptions struct {
	family  ctrl.Family
	sender  string                 // this server's name
	origin  ctrl.Origin            // who switches the peer's service off: OriginPartner and up
	limit   int                    // leases a page
	timeout time.Duration          // of a page
	period  time.Duration          // the peer's service goes on by itself after this; 0: never
	owns    func(lease.Lease) bool // whether the relationship has a lease; nil: all
	log     *slog.Logger
}

// errNotStored is a synchronization that this server's own store has ended.
var errNotStored = errors.New("leases of the peer cannot be stored")

func newPuller(p *peer, store *lease.Store, opts pullerOptions) *puller {
	return &puller{peer: p, store: store, opts: opts}
}

// run fetches all leases. The peer's service is on again when it returns,
// whatever has happened, unless the peer no longer answers. The error matches
// errNotStored if the peer is not to blame.
//
// Leases that cannot be read are logged, counted and passed over, as Kea does;
// but other than with Kea they do not make what follows them go missing.
func (p *puller) run(ctx context.Context) error {
	p.found, p.unread = 0, 0
	from := netip.Addr{}
	for more := true; more; {
		if err := p.disable(ctx); err != nil {
			if from.IsValid() {
				p.enable(ctx)
			}
			return err
		}
		next, err := p.page(ctx, from)
		if err != nil {
			p.enable(ctx)
			return err
		}
		more, from = next.IsValid(), next
	}
	if err := p.finish(ctx); err != nil {
		p.enable(ctx)
		return err
	}
	if p.unread > 0 {
		p.opts.log.Error("leases of the peer could not be read and are missing here", "peer", p.peer.Name, "leases", p.unread)
	}
	p.opts.log.Info("all leases of the peer are fetched", "peer", p.peer.Name, "leases", p.found)
	return nil
}

// switching are the arguments that tell who switches a service, in the words
// of all versions: Kea 2.5.8 and newer read the number, older ones the name.
type switching struct {
	MaxPeriod int64       `json:"max-period,omitempty"`
	Origin    string      `json:"origin"`
	OriginID  ctrl.Origin `json:"origin-id"`
}

// disable holds the peer's service off, before each page anew since that
// starts the period again.
func (p *puller) disable(ctx context.Context) error {
	args := switching{Origin: "ha-partner", OriginID: p.opts.origin}
	if p.opts.period > 0 {
		args.MaxPeriod = max(1, int64(p.opts.period/time.Second))
	}
	_, err := p.peer.call(ctx, "dhcp-disable", args)
	return err
}

// enable lets the peer's service go on after all that has gone wrong, even if
// that is the end of ctx.
func (p *puller) enable(ctx context.Context) {
	if err := p.enabled(context.WithoutCancel(ctx)); err != nil {
		p.opts.log.Error("the peer's service cannot be switched on again", "peer", p.peer.Name, "error", err)
	}
}

func (p *puller) enabled(ctx context.Context) error {
	_, err := p.peer.call(ctx, "dhcp-enable", switching{Origin: "ha-partner", OriginID: p.opts.origin})
	return err
}

// finish tells the peer that it is over, which switches its service on. A
// server too old for that command is told to switch it on.
func (p *puller) finish(ctx context.Context) error {
	_, err := p.peer.call(ctx, "ha-sync-complete-notify", map[string]any{
		"origin": p.opts.origin, "origin-id": p.opts.origin, "server-name": p.opts.sender,
	})
	if refused := (*ctrl.ResultError)(nil); errors.As(err, &refused) && refused.Code == ctrl.Unsupported {
		return p.enabled(ctx)
	}
	return err
}

// page fetches and stores the leases that follow an address, and returns the
// one after which the next page begins; not valid: this was the last.
func (p *puller) page(ctx context.Context, from netip.Addr) (next netip.Addr, err error) {
	args := struct {
		From  string `json:"from"`
		Limit int    `json:"limit"`
	}{"start", p.opts.limit}
	if from.IsValid() {
		args.From = from.String()
	}
	timed, cancel := context.WithTimeoutCause(ctx, p.opts.timeout, errNoAnswer)
	defer cancel()
	command := fmt.Sprintf("lease%d-get-page", p.opts.family)
	reply, err := p.peer.client.Call(timed, command, args)
	if err != nil {
		return next, named(p.peer.Name, err)
	}
	var found struct {
		Leases []json.RawMessage `json:"leases"`
	}
	if json.Unmarshal(reply.Arguments, &found) != nil || found.Leases == nil {
		return next, fmt.Errorf("ha: %s: %s: the answer has no list of leases", p.peer.Name, command)
	}
	p.found += len(found.Leases)
	leases, last := p.read(found.Leases)
	if err := p.take(ctx, leases); err != nil {
		return next, fmt.Errorf("ha: %w: %w", errNotStored, err)
	}
	if len(found.Leases) < p.opts.limit {
		return next, nil
	}
	if !last.IsValid() || from.IsValid() && !from.Less(last) {
		return next, fmt.Errorf("ha: %s: %s: no lease of the page comes after %s", p.peer.Name, command, args.From)
	}
	return last, nil
}

// read returns the leases of a page that are leases, and the highest address
// of any of them.
func (p *puller) read(page []json.RawMessage) (leases []lease.Lease, last netip.Addr) {
	for _, raw := range page {
		var members struct {
			Addr netip.Addr      `json:"ip-address"`
			CLTT json.RawMessage `json:"cltt"`
		}
		var l lease.Lease
		err := json.Unmarshal(raw, &members)
		if err == nil {
			err = l.UnmarshalJSON(raw)
		}
		ofFamily := members.Addr.Is4() == (p.opts.family == ctrl.V4)
		switch {
		case err != nil:
		case members.CLTT == nil:
			err = errors.New("missing parameter 'cltt'") // expire is for updates
		case !ofFamily:
			err = fmt.Errorf("%v is of the other family", l.Addr)
		default:
			leases = append(leases, l)
		}
		if err != nil {
			p.unread++
			p.opts.log.Warn("lease of the peer cannot be read", "peer", p.peer.Name, "lease", string(keatext.Encode(raw)), "error", err)
		}
		if members.Addr.IsValid() && ofFamily && (!last.IsValid() || last.Less(members.Addr)) {
			last = members.Addr
		}
	}
	return leases, last
}

// take makes those leases this server's that are newer than what it knows: a
// lease removed here does not come back by an older copy.
func (p *puller) take(ctx context.Context, leases []lease.Lease) error {
	var changes []lease.Change
	for _, l := range leases {
		if p.opts.owns == nil || p.opts.owns(l) {
			changes = append(changes, lease.Change{Lease: l, Source: lease.Foreign})
		}
	}
	_, err := commitNewer(ctx, p.store, changes, func(fetched, here lease.Change) bool {
		return fetched.Lease.CLTT > here.Lease.CLTT
	})
	return err
}
