package ha

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// errNoAnswer ends a request that has waited for as long as the configuration
// lets an answer take.
var errNoAnswer = errors.New("no answer in time")

// peer is another server of a relationship, to send commands to. Its methods
// may be called by many goroutines at the same time.
type peer struct {
	Peer
	client  *ctrl.Client
	timeout time.Duration // how long call waits
}

func newPeer(cfg *Config, p Peer, opts *Options) (*peer, error) {
	fail := func(err error) (*peer, error) { return nil, fmt.Errorf("ha: peer %s: %w", p.Name, err) }
	place, err := p.endpoint()
	if err != nil {
		return fail(err)
	}
	co := ctrl.ClientOptions{
		Service:  []string{fmt.Sprintf("dhcp%d", opts.Family)},
		MaxConns: cfg.clientThreads(),
		Dial:     opts.Dial,
	}
	if co.User, co.Password, err = p.credentials(); err != nil {
		return fail(err)
	}
	// As with Kea there is TLS where there are files for it, whatever the url
	// begins with.
	files := cfg.tlsFiles(&p)
	if place.secure = files != (tlsFiles{}); place.secure {
		if co.TLS, err = ctrl.ClientTLS(files.trustAnchor, files.cert, files.key, opts.Logger); err != nil {
			return fail(err)
		}
	}
	client, err := ctrl.NewClient(place.String(), &co)
	if err != nil {
		return fail(err)
	}
	return &peer{Peer: p, client: client, timeout: cfg.requestTimeout()}, nil
}

// call sends a command and waits for the reply until the request times out or
// ctx ends, whichever is first. The errors are those of ctrl.Client.Call. What
// may take longer, a page of leases, is sent through the client.
func (p *peer) call(ctx context.Context, command string, args any) (*ctrl.Reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errNoAnswer)
	defer cancel()
	reply, err := p.client.Call(ctx, command, args)
	return reply, named(p.Name, err)
}

// link connects for messages of lease changes.
func (p *peer) link(ctx context.Context) (link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errNoAnswer)
	defer cancel()
	pipeline, err := p.client.Pipeline(ctx, changesType)
	if err != nil {
		return nil, named(p.Name, err)
	}
	return peerLink{pipeline, p.timeout}, nil
}

// peerLink is a link whose answers are waited for no longer than those to
// commands.
type peerLink struct {
	*ctrl.Pipeline
	timeout time.Duration
}

func (p peerLink) Receive(within time.Duration) ([]byte, error) {
	return p.Pipeline.Receive(min(within, p.timeout))
}
