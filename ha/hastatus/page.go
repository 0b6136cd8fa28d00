package hastatus

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// Options are what a Page tells of. Each may be left out.
type Options struct {
	// Status returns how high availability is: the method of ha.Service of
	// that name. It is called once a second. Nil: the server is alone.
	Status func() ha.Status

	// Leases are shown and searched. Nil: they are not.
	Leases *lease.Store

	// Pools returns the pools in the order of the configuration: the method of
	// dhcp4.Engine, dhcp6.Engine and lease.Allocator of that name. Nil: none are
	// shown.
	Pools func() []*lease.Pool

	// NoSubnet returns when a client last got nothing since its link has no
	// subnet; zero: not lately. It is the method of dhcp4.Engine and dhcp6.Engine
	// of that name. Nil: nothing is said of it.
	NoSubnet func() time.Time

	// Family is the version of DHCP; 0: ctrl.V4.
	Family ctrl.Family

	// Hosts are the names, in small letters and without ports, that the page may
	// be asked for by, besides addresses and localhost. Nil: of a server that is
	// reached on a loopback address no others, since a web page from elsewhere
	// could give its own name that address and read it; of another server all.
	Hosts []string

	// Now is the wall clock, that of ha.Options; nil: time.Now.
	Now func() time.Time

	Logger *slog.Logger // nil: nothing is logged
}

// Page is the status page: an http.Handler. Its methods may be called by many
// goroutines at the same time.
type Page struct {
	opts    Options
	log     *slog.Logger
	draw    *drawing
	history *history
	streams streams
	search  search
	running atomic.Bool
}

// New returns a page. It follows what happens while Run runs. Nil options mean
// the zero Options.
func New(opts *Options) *Page {
	p := &Page{log: slog.New(slog.DiscardHandler)}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Family == 0 {
		p.opts.Family = ctrl.V4
	}
	if p.opts.Now == nil {
		p.opts.Now = time.Now
	}
	if p.opts.Logger != nil {
		p.log = p.opts.Logger
	}
	p.draw = newDrawing()
	p.history = newHistory(p.opts.Now())
	p.streams.init()
	p.search = newSearch(p.opts.Leases, p.opts.Family)
	return p
}

// StateChanged notes a state of this server, with its exact time: it is for
// OnState of ha.Options. Without it states are noted that last for a second.
func (p *Page) StateChanged(c ha.StateChange) { p.history.changed(c) }

// lookEvery is how often a page looks how things are.
const lookEvery = time.Second

// Run follows what happens until ctx ends, then ends all event streams, so that
// the HTTP server can be shut down, and returns nil. It may be called once.
func (p *Page) Run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("hastatus: Run may be called once")
	}
	defer p.streams.end()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		status := p.status()
		p.history.look(p.opts.Now(), &status)
		if p.streams.any() {
			p.streams.publish(p.shoot())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

func (p *Page) status() ha.Status {
	if p.opts.Status == nil {
		return ha.Status{}
	}
	return p.opts.Status()
}

// ServeHTTP answers for the page at "", and for what it consists of beside that.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if refused := p.refuses(r); refused != 0 {
		if refused == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD")
		}
		http.Error(w, http.StatusText(refused), refused)
		return
	}
	switch name := strings.TrimPrefix(r.URL.Path, "/"); name {
	case "":
		p.serveWhole(w, r)
	case "leases":
		p.serveLeases(w, r)
	case "events":
		p.serveEvents(w, r)
	default:
		if !p.draw.serveAsset(w, r, name) {
			http.NotFound(w, r)
		}
	}
}
