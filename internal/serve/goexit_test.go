package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/internal/serve/servetest"
)

// letters is a protocol whose messages are one letter, which says where the
// goroutine ends that deals with it. An o is answered.
type letters struct{}

type letter struct {
	what byte
	from netip.AddrPort
	sock *serve.Socket
}

func (letters) Accept(d *serve.Datagram, _ *serve.Endpoint, _ bool) (kind, refused int) {
	switch d.Payload[0] {
	case 'p':
		panic("looked at")
	case 'r':
		return 0, serve.TooLong + 1
	}
	return 0, 0
}

func (letters) ShedFirst(int) bool          { return false }
func (letters) Unwanted() []bpf.Instruction { return nil }
func (letters) Reason(int) string           { return "as a test wants it" }

func (letters) Decode(a serve.Arrival) (serve.Query, int) {
	if a.Query.Payload[0] == 'd' {
		runtime.Goexit()
	}
	return &letter{a.Query.Payload[0], a.Query.Remote, a.Socket}, 0
}

func (l *letter) Client() string { return string(l.what) }

func (l *letter) Begin() (goesOn bool) {
	switch l.what {
	case 'b':
		runtime.Goexit()
	case 'B':
		panic("begun")
	case 's':
		return false
	}
	return true
}

func (l *letter) Ask(context.Context) (answered bool, err error) {
	switch l.what {
	case 'a':
		runtime.Goexit()
	case 'A':
		panic("asked")
	case 'e':
		return false, errors.New("as a test wants it")
	}
	return true, nil
}

func (l *letter) Encode(d *serve.Datagram) (*serve.Socket, error) {
	if l.what == 'c' {
		runtime.Goexit()
	}
	d.Payload, d.Remote = append(d.Room(), l.what), l.from
	return l.sock, nil
}

func (l *letter) Done() {
	if l.what == 's' {
		runtime.Goexit()
	}
}

// quitter takes the log as a test does that fails in it.
type quitter struct{ slog.Handler }

func (quitter) Enabled(context.Context, slog.Level) bool { return true }

func (quitter) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelDebug || r.Level >= slog.LevelWarn {
		runtime.Goexit()
	}
	return nil
}

// What the program has handed over may end the goroutine that calls it, as a
// test does that fails, or panic: the socket is read, and written, all the same,
// and nothing counts as in flight for ever.
func TestGoroutinesThatAreEnded(t *testing.T) {
	for name, log := range map[string]slog.Handler{"quiet": slog.DiscardHandler, "log that quits": quitter{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s serve.Server
				network := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"))
				ctx, cancel := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() {
					served <- s.Serve(ctx, serve.Options{
						Family: serve.IPv4, Protocol: letters{}, Network: network, Interfaces: []string{"eth0"}, Port: 67, MaxMessage: 1500,
						Logger: slog.New(log), QueryLog: slog.New(log),
					})
				}()
				<-s.Ready()
				conn := network.Conn("0.0.0.0:67")
				answered := 0
				require.NotNil(t, conn)
				for _, what := range "dbBprsaAec" {
					// In one batch with others, before and behind.
					for _, l := range []rune{'o', what, 'o', what, 'o'} {
						conn.Deliver([]byte(string(l)), "192.0.2.9:68", "192.0.2.1", 1)
					}
					synctest.Wait()
					answered += 3
					require.Len(t, conn.Outbox(), answered, "%c", what)
					require.Zero(t, s.Counters().InFlight, "%c", what)
				}
				c := s.Counters()
				require.EqualValues(t, 5*len("dbBprsaAec"), c.Received)
				require.EqualValues(t, 2*len("dbBpaA"), c.Panicked)

				conn.FailWrites(errors.New("as a test wants it"))
				conn.Deliver([]byte("o"), "192.0.2.9:68", "192.0.2.1", 1)
				synctest.Wait()
				conn.FailWrites(nil)
				conn.Deliver([]byte("o"), "192.0.2.9:68", "192.0.2.1", 1)
				synctest.Wait()
				require.Len(t, conn.Outbox(), answered+1)
				require.EqualValues(t, 2*len("c")+1, s.Counters().Unsent)
				require.Equal(t, s.Counters().Answered, s.Counters().Sent+s.Counters().Unsent)

				cancel()
				require.NoError(t, <-served)
				require.True(t, conn.IsClosed())
			})
		})
	}
}

// Serve leaves nothing behind if what takes the log ends its goroutine.
func TestServeIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s serve.Server
		network := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Serve(t.Context(), serve.Options{
				Family: serve.IPv4, Protocol: letters{}, Network: network, Interfaces: []string{"eth0", "eth1"}, Port: 67, MaxMessage: 1500,
				Logger: slog.New(quitter{}), QueryLog: slog.New(quitter{}), // that eth1 is missing is a warning
			})
		}()
		<-ended
		require.True(t, network.Conn("0.0.0.0:67").IsClosed())
		require.ErrorIs(t, s.NotReady(), serve.ErrNotServing)
	})
}
