// Package relisten keeps servers listening whose address comes later, or goes
// for a while.
package relisten

import (
	"context"
	"net"
	"time"
)

// How long it takes until the next attempt; from one to the next it doubles.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Server is something that listens.
type Server struct {
	Listen func() (net.Listener, error)

	// Serve serves a listener, closes it, and returns after ctx has ended or
	// the listener has failed.
	Serve func(ctx context.Context, listener net.Listener) error

	// Changed is told of each change: why nobody listens, or nil.
	Changed func(err error)
}

// Run listens and serves, again and again, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var last error
	for pause := firstPause; ; {
		listener, err := s.Listen()
		if err == nil {
			pause = firstPause
			s.Changed(nil)
			err, last = s.Serve(ctx, listener), nil
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && (last == nil || last.Error() != err.Error()) {
			s.Changed(err)
			last = err
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}
