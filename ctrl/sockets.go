package ctrl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/dhcpha/dhcpha/internal/relisten"
)

// Sockets serve a Mux at the control sockets of a configuration, which may
// change. Mux must be set, and neither field change once they are used.
type Sockets struct {
	Mux    *Mux
	Logger *slog.Logger // nil: none

	mu      sync.Mutex
	running map[string]*runningSocket // by the JSON of the configuration
	serving sync.WaitGroup
}

type runningSocket struct {
	listener net.Listener
	end      context.CancelFunc
}

// Open serves these sockets and no others. One that was served before with the
// same settings goes on undisturbed. The error tells of all that cannot be
// opened; the others are served all the same.
//
// A command may call it: one that goes still answers its commands in work,
// but Open does not wait for that.
func (s *Sockets) Open(configs []SocketConfig) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make(map[string]SocketConfig)
	for _, c := range configs {
		key, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("ctrl: control socket: %w", err)
		}
		want[string(key)] = c
	}
	// Those that go, first: what comes may take their place.
	for key, r := range s.running {
		if _, ok := want[key]; !ok {
			s.stop(key, r)
		}
	}
	var errs []error
	for key, c := range want {
		if s.running[key] != nil {
			continue
		}
		if err := s.start(key, c); err != nil {
			errs = append(errs, fmt.Errorf("ctrl: open control socket %s: %w", c, err))
		}
	}
	return errors.Join(errs...)
}

// Close stops serving. Commands in work are answered first.
func (s *Sockets) Close() {
	s.mu.Lock()
	for key, r := range s.running {
		s.stop(key, r)
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// stop leaves the socket's place to another.
func (s *Sockets) stop(key string, r *runningSocket) {
	r.end()
	r.listener.Close()
	delete(s.running, key)
}

func (s *Sockets) start(key string, c SocketConfig) error {
	listen, serve, err := s.server(c)
	if err != nil {
		return err
	}
	first, err := listen()
	if err != nil {
		return err
	}
	if c.open() {
		logger(s.Logger).Warn("anybody who reaches this control socket may command this server: "+
			"configure authentication, or socket-address 127.0.0.1", "socket", c.String())
	}
	ctx, end := context.WithCancel(context.Background())
	if s.running == nil {
		s.running = make(map[string]*runningSocket)
	}
	r := &runningSocket{first, end}
	s.running[key] = r
	keeper := &relisten.Server{
		Listen: func() (net.Listener, error) { return s.reopen(ctx, r, listen) },
		Serve:  serve,
		Changed: func(err error) {
			if err != nil {
				logger(s.Logger).Error("control socket lost, will be opened again", "socket", c.String(), "error", err)
			} else {
				logger(s.Logger).Info("control socket open again", "socket", c.String())
			}
		},
	}
	s.serving.Go(func() {
		err := serve(ctx, first)
		if ctx.Err() == nil {
			keeper.Changed(err)
			keeper.Run(ctx)
		}
	})
	return nil
}

// reopen opens a socket that was lost, unless it is to go.
func (s *Sockets) reopen(ctx context.Context, r *runningSocket, listen func() (net.Listener, error)) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	listener, err := listen()
	if err == nil {
		r.listener = listener
	}
	return listener, err
}

// server returns what opens and what serves a socket.
func (s *Sockets) server(c SocketConfig) (listen func() (net.Listener, error), serve func(context.Context, net.Listener) error, err error) {
	if c.Type == "unix" {
		listen = func() (net.Listener, error) { return listenUnix(c.Name) }
		return listen, (&UnixServer{Mux: s.Mux, Logger: s.Logger}).Serve, nil
	}
	server := &HTTPServer{Mux: s.Mux, Logger: s.Logger}
	if a := c.Authentication; a != nil {
		server.Auth = &BasicAuth{Realm: a.Realm, Users: make(map[string]string)}
		for _, client := range a.Clients {
			server.Auth.Users[client.User] = client.Password
		}
	}
	if c.Type == "https" {
		if server.TLS, err = ServerTLS(c.TrustAnchor, c.CertFile, c.KeyFile, c.certRequired(), s.Logger); err != nil {
			return nil, nil, err
		}
	}
	listen = func() (net.Listener, error) { return net.Listen("tcp", c.endpoint().String()) }
	return listen, server.Serve, nil
}

// open says that whoever reaches the socket over the network may command.
func (c SocketConfig) open() bool {
	return c.Type != "unix" && c.Authentication == nil && !c.endpoint().Addr().IsLoopback() &&
		!(c.Type == "https" && c.certRequired())
}

func (c SocketConfig) certRequired() bool { return c.CertRequired == nil || *c.CertRequired }

// endpoint is where an HTTP server listens.
func (c SocketConfig) endpoint() netip.AddrPort {
	addr := c.Address
	if !addr.IsValid() {
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(addr, cmp.Or(c.Port, 8000))
}

// String returns where the socket is, such as unix:/run/kea/socket.
func (c SocketConfig) String() string {
	if c.Type == "unix" {
		return "unix:" + c.Name
	}
	return fmt.Sprintf("%s://%v/", c.Type, c.endpoint())
}
