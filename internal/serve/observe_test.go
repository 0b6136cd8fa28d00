package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/internal/serve/servetest"
)

// slowLetters is letters that are of a kind each. A w takes its time: a second
// to begin, two to be answered.
type slowLetters struct{ letters }

func (l slowLetters) Accept(d *serve.Datagram, ep *serve.Endpoint, unicast bool) (kind, refused int) {
	_, refused = l.letters.Accept(d, ep, unicast)
	return int(d.Payload[0] - 'A'), refused
}

func (l slowLetters) ShedFirst(kind int) bool { return kind == 'f'-'A' }

func (l slowLetters) Decode(a serve.Arrival) (serve.Query, int) {
	q, refused := l.letters.Decode(a)
	return &slowLetter{q.(*letter)}, refused
}

type slowLetter struct{ *letter }

func (l *slowLetter) Begin() bool {
	if l.what == 'w' {
		time.Sleep(time.Second)
	}
	return l.letter.Begin()
}

func (l *slowLetter) Ask(ctx context.Context) (bool, error) {
	switch l.what {
	case 'w':
		time.Sleep(2 * time.Second)
	case 'n':
		return false, nil
	}
	return l.letter.Ask(ctx)
}

func (l *slowLetter) Encode(d *serve.Datagram) (*serve.Socket, error) {
	if l.what == 'E' {
		return nil, errors.New("as a test wants it")
	}
	d.Kind = 7
	return l.letter.Encode(d)
}

// observer keeps what it is told.
type observer struct {
	mu   sync.Mutex
	told []serve.Exchange
}

func (o *observer) observe(x serve.Exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, x)
}

// last takes what it has been told.
func (o *observer) take() []serve.Exchange {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	told := o.told
	o.told = nil
	return told
}

// observed is a server in a bubble that tells what becomes of letters.
func observed(t *testing.T, log slog.Handler, observe func(serve.Exchange)) (s *serve.Server, conn *servetest.Conn, end func()) {
	s = new(serve.Server)
	network := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"))
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(ctx, serve.Options{
			Family: serve.IPv4, Protocol: slowLetters{}, Network: network, Interfaces: []string{"eth0"}, Port: 67, MaxMessage: 1500,
			MaxInFlight: 4, Logger: slog.New(log), QueryLog: slog.New(log), Observe: observe,
		})
	}()
	<-s.Ready()
	return s, network.Conn("0.0.0.0:67"), func() {
		cancel()
		require.NoError(t, <-served)
	}
}

func send(conn *servetest.Conn, letters string) {
	for _, l := range letters {
		conn.Deliver([]byte(string(l)), "192.0.2.9:68", "192.0.2.1", 1)
	}
}

// Of every datagram it is told once what has become of it, even where what deals
// with it ends its goroutine.
func TestEachDatagramIsTold(t *testing.T) {
	want := map[rune]serve.Outcome{
		'd': serve.OutcomePanicked, 'b': serve.OutcomePanicked, 'B': serve.OutcomePanicked,
		'a': serve.OutcomePanicked, 'A': serve.OutcomePanicked,
		'r': serve.OutcomeRefused, 's': serve.OutcomeSilent, 'n': serve.OutcomeSilent,
		'e': serve.OutcomeFailed, 'c': serve.OutcomeUnsent, 'E': serve.OutcomeUnsent, 'o': serve.OutcomeSent,
	}
	for name, log := range map[string]slog.Handler{"quiet": slog.DiscardHandler, "log that quits": quitter{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o observer
				s, conn, end := observed(t, log, o.observe)
				for letter, outcome := range want {
					send(conn, string([]rune{letter, letter}))
					told := o.take()
					require.Len(t, told, 2, "%c", letter)
					for _, x := range told {
						require.Equal(t, outcome, x.Outcome, "%c", letter)
						require.Equal(t, int(letter-'A'), x.Kind)
						require.Equal(t, outcome == serve.OutcomeRefused, x.Refused != 0)
						require.Equal(t, outcome == serve.OutcomeSent, x.Reply == 7)
					}
				}
				conn.FailWrites(errors.New("as a test wants it"))
				send(conn, "o")
				require.Equal(t, serve.OutcomeUnsent, o.take()[0].Outcome)
				conn.FailWrites(nil)

				// Half of four are in flight.
				send(conn, "ww")
				time.Sleep(2500 * time.Millisecond)
				send(conn, "f")
				require.Equal(t, serve.OutcomeShed, o.take()[0].Outcome)
				time.Sleep(time.Hour)
				require.Len(t, o.take(), 2)

				c := s.Counters()
				require.Zero(t, c.InFlight)
				require.EqualValues(t, 2*len(want)+4, c.Received)
				require.EqualValues(t, 4, c.Sent)
				require.EqualValues(t, 5, c.Unsent)
				require.Equal(t, c.Answered, c.Sent+c.Unsent)
				end()
				require.Empty(t, o.take())
			})
		})
	}
}

func TestTimesOfAnExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o observer
		_, conn, end := observed(t, slog.DiscardHandler, o.observe)
		start := time.Now()
		at := func(x serve.Exchange) (seconds [4]float64) {
			for i, when := range []time.Time{x.Received, x.Begun, x.Answered, x.Sent} {
				if seconds[i] = -1; !when.IsZero() {
					seconds[i] = when.Sub(start).Seconds()
				}
			}
			return seconds
		}
		conn.Stick()
		send(conn, "w")
		time.Sleep(7 * time.Second)
		require.Empty(t, o.take(), "it has not left")
		conn.Unstick()
		require.Equal(t, [4]float64{0, 1, 3, 7}, at(o.take()[0]))

		for letter, want := range map[string][4]float64{
			"r": {7, -1, -1, -1}, "s": {7, -1, -1, -1}, "d": {7, -1, -1, -1},
			"n": {7, 7, 7, -1}, "e": {7, 7, 7, -1}, "A": {7, 7, -1, -1}, "E": {7, 7, 7, -1}, "o": {7, 7, 7, 7},
		} {
			send(conn, letter)
			require.Equal(t, want, at(o.take()[0]), letter)
		}
		end()
	})
}

// An observer that panics, or ends the goroutine that calls it, holds nobody up.
func TestObserverThatFails(t *testing.T) {
	for name, fail := range map[string]func(){"panics": func() { panic("observed") }, "quits": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, conn, end := observed(t, slog.DiscardHandler, func(serve.Exchange) { fail() })
				for range 5 {
					for _, what := range "rsneEAo" {
						send(conn, string(what))
						synctest.Wait()
						require.Zero(t, s.Counters().InFlight, "%c", what)
					}
				}
				require.Len(t, conn.Outbox(), 5)
				require.EqualValues(t, 5, s.Counters().Panicked, "the handler's, not the observer's")
				end()
			})
		})
	}
}
