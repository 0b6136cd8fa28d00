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
	listener, serve, err := s.listen(c)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	if s.running == nil {
		s.running = make(map[string]*runningSocket)
	}
	s.running[key] = &runningSocket{listener, end}
	s.serving.Go(func() {
		if err := serve(ctx, listener); err != nil {
			logger(s.Logger).Error("control socket lost", "socket", c.String(), "error", err)
		}
	})
	return nil
}

func (s *Sockets) listen(c SocketConfig) (net.Listener, func(context.Context, net.Listener) error, error) {
	if c.Type == "unix" {
		listener, err := listenUnix(c.Name)
		return listener, (&UnixServer{Mux: s.Mux, Logger: s.Logger}).Serve, err
	}
	server := &HTTPServer{Mux: s.Mux, Logger: s.Logger}
	if a := c.Authentication; a != nil {
		server.Auth = &BasicAuth{Realm: a.Realm, Users: make(map[string]string)}
		for _, client := range a.Clients {
			server.Auth.Users[client.User] = client.Password
		}
	}
	if c.Type == "https" {
		required := c.CertRequired == nil || *c.CertRequired
		var err error
		if server.TLS, err = ServerTLS(c.TrustAnchor, c.CertFile, c.KeyFile, required, s.Logger); err != nil {
			return nil, nil, err
		}
	}
	listener, err := net.Listen("tcp", c.endpoint().String())
	return listener, server.Serve, err
}

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
