// Package serve is what the servers of DHCPv4 and DHCPv6 have in common: the
// sockets on the interfaces of a host as these come and go, the goroutines
// that read queries, answer them and write replies, and what is counted.
package serve

import (
	"context"
	"errors"
)

// Server serves queries. The zero value is ready to be used.
type Server struct {
	ready chan struct{}
}

var errNotServing = errors.New("not serving")

// Serve serves.
func (s *Server) Serve(context.Context) error { return errNotServing }

// SetInterfaces changes what is served.
func (s *Server) SetInterfaces([]string) error { return errNotServing }

// Close ends it.
func (s *Server) Close() error { return nil }

// Ready is closed when all is served.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// NotReady says what is missing.
func (s *Server) NotReady() error { return errNotServing }
