package ha

import (
	"context"
	"crypto/tls"
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

func newPeer(cfg *Config, p Peer, opts ctrl.ClientOptions) (*peer, error) {
	client, err := ctrl.NewClient(p.URL, &opts)
	if err != nil {
		return nil, fmt.Errorf("ha: peer %s: %w", p.Name, err)
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
	if err != nil {
		err = fmt.Errorf("ha: %s: %w", p.Name, err)
	}
	return reply, err
}

// clientOptions returns how the servers of a family call each other.
func (c *Config) clientOptions(p *Peer, family ctrl.Family, tlsConfig *tls.Config) ctrl.ClientOptions {
	return ctrl.ClientOptions{
		Service: []string{fmt.Sprintf("dhcp%d", family)},
		User:    p.BasicAuthUser, Password: p.BasicAuthPassword,
		TLS: tlsConfig,
	}
}
