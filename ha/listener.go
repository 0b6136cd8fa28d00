package ha

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/relisten"
)

// commandListener takes the commands of peers at the url that this server has
// among the peers of a relationship, or of several.
type commandListener struct {
	place  endpoint
	open   bool // anybody may send commands
	server *ctrl.HTTPServer
	listen func(network, address string) (net.Listener, error)
	log    *slog.Logger

	mu  sync.Mutex
	err error // why it does not listen; nil: it does
}

// errNotYet is why nobody listens before run, and after.
var errNotYet = errors.New("it is not running")

// newListeners returns a listener for each url of this server that is dedicated
// to commands of peers, which mux runs.
func newListeners(cfgs []*Config, mux *ctrl.Mux, opts *Options) ([]*commandListener, error) {
	var all []*commandListener
	settings := make(map[string]listenerSettings)
	for _, cfg := range cfgs {
		this := cfg.this()
		if !cfg.dedicatedListener() {
			continue
		}
		place, err := this.endpoint()
		if err != nil {
			return nil, fmt.Errorf("ha: url of this server, %s: %w", this.Name, err)
		}
		mine, err := cfg.listenerSettings()
		if err != nil {
			return nil, fmt.Errorf("ha: url of this server, %s: %w", this.Name, err)
		}
		if other, ok := settings[place.address()]; ok {
			if what := mine.differsIn(other); what != "" {
				return nil, fmt.Errorf("ha: several relationships have the url %s for this server; there must be no difference in %s", this.URL, what)
			}
			continue
		}
		settings[place.address()] = mine
		place.secure = mine.files != tlsFiles{}
		l := &commandListener{place: place, open: mine.open(), listen: opts.Listen, log: opts.Logger, err: errNotYet}
		if l.server, err = mine.server(mux, opts); err != nil {
			return nil, fmt.Errorf("ha: url of this server, %s: %w", this.Name, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// run takes commands until ctx ends. The address of this server may come
// later, as when a machine starts.
func (l *commandListener) run(ctx context.Context) {
	(&relisten.Server{
		Listen: func() (net.Listener, error) {
			listener, err := l.listen("tcp", l.place.address())
			if err == nil {
				l.warn(listener.Addr())
			}
			return listener, err
		},
		Serve:   l.server.Serve,
		Changed: l.changed,
	}).Run(ctx)
	l.set(errNotYet)
}

func (l *commandListener) changed(err error) {
	switch before := l.set(err); {
	case err != nil:
		l.log.Error("cannot take the commands of peers, will try again", "url", l.place.String(), "error", err)
	case before != nil:
		l.log.Info("takes the commands of peers", "url", l.place.String())
	}
}

// warn tells of an address that is not what is meant.
func (l *commandListener) warn(at net.Addr) {
	addr, named := netip.ParseAddr(l.place.host)
	tcp, _ := at.(*net.TCPAddr)
	switch {
	case named != nil && l.place.host != "localhost" && tcp != nil && tcp.IP.IsLoopback():
		// As where /etc/hosts has the machine's own name with 127.0.1.1.
		l.log.Warn("other servers cannot reach this url: on this machine the name stands for an address that only the machine itself reaches",
			"url", l.place.String(), "address", tcp.IP)
	case l.open && !addr.IsLoopback() && l.place.host != "localhost":
		l.log.Warn("whoever reaches this url may command this server: configure basic-auth-user and basic-auth-password, or TLS with require-client-certs", "url", l.place.String())
	}
}

func (l *commandListener) set(err error) (before error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, l.err = l.err, err
	return before
}

// state returns why commands of peers are not taken; nil: they are.
func (l *commandListener) state() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
