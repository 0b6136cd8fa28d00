package ha

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
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
	now     func() time.Time
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
	disabled, err := p.pages(ctx)
	if err == nil {
		err = p.finish(ctx)
	}
	if err != nil {
		if disabled {
			p.enable(ctx)
		}
		return err
	}
	if p.unread > 0 {
		p.opts.log.Error("leases of the peer could not be read and are missing here", "peer", p.peer.Name, "leases", p.unread)
	}
	p.opts.log.Info("all leases of the peer are fetched", "peer", p.peer.Name, "leases", p.found)
	return nil
}

// pages fetches and stores all leases, and says whether the peer's service was
// switched off. While a page is being stored the peer makes the next one.
func (p *puller) pages(ctx context.Context) (disabled bool, err error) {
	var storing sync.WaitGroup
	var failed error // storing
	defer func() {
		if storing.Wait(); err == nil {
			err = failed
		}
	}()
	from := netip.Addr{}
	for {
		if err := p.disable(ctx); err != nil {
			return disabled, err
		}
		disabled = true
		leases, err := p.page(ctx, from)
		if storing.Wait(); err == nil {
			err = failed
		}
		if err != nil {
			return true, err
		}
		storing.Go(func() { failed = p.keep(ctx, leases) })
		if len(leases) < p.opts.limit {
			return true, nil
		}
		last := p.last(leases)
		if !last.IsValid() || from.IsValid() && !from.Less(last) {
			return true, fmt.Errorf("ha: %s: no lease of the page comes after %v", p.peer.Name, from)
		}
		from = last
	}
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

// page fetches the leases that follow an address, as they are written.
func (p *puller) page(ctx context.Context, from netip.Addr) (leases [][]byte, err error) {
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
		return nil, named(p.peer.Name, err)
	}
	leases, ok := leasesIn(reply.Arguments)
	if !ok {
		return nil, fmt.Errorf("ha: %s: %s: the answer has no list of leases", p.peer.Name, command)
	}
	p.found += len(leases)
	return leases, nil
}

// leasesIn returns the leases that arguments of an answer, which are JSON, have.
func leasesIn(args []byte) (leases [][]byte, ok bool) {
	if len(args) == 0 || args[0] != '{' {
		return nil, false
	}
	for name, value := range keatext.Members(args) {
		if string(name) != "leases" {
			continue
		}
		if ok = value[0] == '['; ok {
			leases = slices.Collect(keatext.Elements(value))
		}
	}
	return leases, ok
}

// last returns the highest address of any of the leases, be they readable or
// not.
func (p *puller) last(leases [][]byte) (last netip.Addr) {
	for _, raw := range leases {
		if addr, _ := keyMembers(raw); p.ofFamily(addr) && (!last.IsValid() || last.Less(addr)) {
			last = addr
		}
	}
	return last
}

// keyMembers returns the address of a lease, if it has one, and whether it says
// when its client was last heard of.
func keyMembers(raw []byte) (addr netip.Addr, cltt bool) {
	if raw[0] != '{' {
		return addr, false
	}
	for name, value := range keatext.Members(raw) {
		switch string(name) {
		case "ip-address":
			text, _ := keatext.Unquote(value)
			addr, _ = netip.ParseAddr(text)
		case "cltt":
			cltt = true
		}
	}
	return addr, cltt
}

func (p *puller) ofFamily(addr netip.Addr) bool {
	return addr.IsValid() && addr.Is4() == (p.opts.family == ctrl.V4)
}

// keep makes a page of leases this server's.
func (p *puller) keep(ctx context.Context, page [][]byte) error {
	if err := p.take(ctx, p.read(page)); err != nil {
		return fmt.Errorf("ha: %w: %w", errNotStored, err)
	}
	return nil
}

// read returns the leases of a page that are leases.
func (p *puller) read(page [][]byte) []lease.Lease {
	leases := make([]lease.Lease, 0, len(page))
	for _, raw := range page {
		var l lease.Lease
		err := l.UnmarshalJSON(raw)
		_, cltt := keyMembers(raw)
		switch {
		case err != nil:
		case !cltt:
			err = errors.New("missing parameter 'cltt'") // expire is for updates
		case !p.ofFamily(l.Addr):
			err = fmt.Errorf("%v is of the other family", l.Addr)
		default:
			leases = append(leases, l)
			continue
		}
		p.unread++
		p.opts.log.Warn("lease of the peer cannot be read", "peer", p.peer.Name, "lease", string(keatext.Encode(raw)), "error", err)
	}
	return leases
}

// take makes those leases this server's that are newer than what it knows: a
// lease removed here does not come back by an older copy. A removal at a time that
// is yet to come was dated by a clock that has been set back since, so nobody
// knows whether it is older. It counts for nothing: to keep a lease too many does
// less harm than to take one from its client, at the peer too.
func (p *puller) take(ctx context.Context, leases []lease.Lease) error {
	changes := make([]lease.Change, 0, len(leases))
	for _, l := range leases {
		if p.opts.owns == nil || p.opts.owns(l) {
			changes = append(changes, lease.Change{Lease: l, Source: lease.Foreign})
		}
	}
	latest := p.opts.now().Add(tolerance).Unix()
	_, err := commitNewer(ctx, p.store, changes, func(fetched, here lease.Change) bool {
		return fetched.Lease.CLTT > here.Lease.CLTT || here.Delete && here.Lease.CLTT > latest
	})
	return err
}
