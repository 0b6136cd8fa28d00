package ctrl

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// drainTime is how long commands that run when a server is told to stop may
// take before their context ends.
const drainTime = 5 * time.Second

// acceptor takes connections from a listener and owns the goroutines that
// serve them.
type acceptor struct {
	maxConns int
	log      *slog.Logger

	// serve runs for each connection, which is closed afterwards. It returns
	// soon after stopping ends: reads fail from then on. Commands run with
	// ctx, which lasts longer.
	serve func(ctx, stopping context.Context, conn *guest)

	complaints complaints
}

// run accepts until ctx ends or the listener fails for good, and returns when
// every connection has been served. The end of ctx is no error.
func (a *acceptor) run(ctx context.Context, listener net.Listener) error {
	commands, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, func() { listener.Close() })()

	var open sync.WaitGroup
	crowd := newCrowd(a.maxConns)
	err := a.accept(ctx, listener, func(conn net.Conn) {
		g := crowd.enter(ctx, conn)
		if g == nil {
			a.complaints.warn(a.log, "control connection refused: too many", "limit", a.maxConns, "remote", conn.RemoteAddr())
			conn.Close()
			return
		}
		open.Go(func() {
			defer g.leave()
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
			a.serve(commands, ctx, g)
		})
	})
	listener.Close()
	stop() // the listener may be what ended
	impatient := time.AfterFunc(drainTime, cancel)
	defer impatient.Stop()
	open.Wait()
	return err
}

// accept hands out connections until ctx ends, which is nil, or the listener
// is no longer one.
func (a *acceptor) accept(ctx context.Context, listener net.Listener, take func(net.Conn)) error {
	pause := time.Duration(0)
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			pause = 0
			take(conn)
			continue
		case ctx.Err() != nil:
			return nil
		case lost(err):
			return err
		}
		// Such as no file descriptor being free: it passes.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		a.log.Error("control connections cannot be accepted, will try again", "error", err, "retry", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// lost says that nothing will come from a listener any more.
func lost(err error) bool {
	for _, reason := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// lingerTime is how long the rest of a refused request is swallowed.
const lingerTime = 500 * time.Millisecond

// hangUp ends a connection whose peer may still be sending. Closing it
// outright would make the system reset it, and the peer might lose the answer.
func hangUp(conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	conn.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, conn, DefaultMaxRequest)
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
