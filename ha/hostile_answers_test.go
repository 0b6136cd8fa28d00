package ha

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// evilReceiver is a server of this kind that takes messages of lease changes as
// it should, until it is told to turn: then it answers a message with changes as
// a test wants it.
type evilReceiver struct {
	*receiver
	url    string
	moves  chan struct{} // has an element when something may have been taken over
	turned atomic.Bool
	evil   func(*evilConn, []byte)
	more   func() // has another change made at the sender
}

// evilConn is one connection to it.
type evilConn struct {
	*evilReceiver
	net.Conn
	in *bufio.Reader
}

func newEvilReceiver(t *testing.T) *evilReceiver {
	t.Helper()
	e := &evilReceiver{moves: make(chan struct{}, 1)}
	e.receiver = newReceiver(side(t, filepath.Join(t.TempDir(), "leases.db")), receiverOptions{
		role: Standby, primary: "server1", moved: func(string, []lease.Change) {
			select {
			case e.moves <- struct{}{}:
			default:
			}
		},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e.url = "http://" + listener.Addr().String() + "/"
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				c := &evilConn{e, conn, bufio.NewReader(conn)}
				for body := c.next(); body != nil; body = c.next() {
					if _, rest, err := parseHead(body); err == nil && len(rest) > 0 && e.turned.Load() {
						e.evil(c, body)
						continue
					}
					c.reply(c.good(body))
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return e
}

// next returns the next message; nil: there is none.
func (c *evilConn) next() []byte {
	req, err := http.ReadRequest(c.in)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil
	}
	return body
}

// good returns the right answer.
func (c *evilConn) good(body []byte) []byte {
	head, rest, err := parseHead(body)
	if err != nil {
		return (&changesAnswer{result: ctrl.Error, text: err.Error()}).append(nil)
	}
	return c.take(context.Background(), head, rest)()
}

func (c *evilConn) reply(answer []byte) { c.replyAs(changesType, answer) }

func (c *evilConn) replyAs(contentType string, answer []byte) {
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(answer), answer)
}

// Whatever a server answers to lease changes, nobody is told that it has what it
// has not, nothing here changes, and once it answers as it should it gets all.
func TestAnswersOfAHostilePeer(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: " + changesType + "\r\n"
	misplaced := func(c *evilConn, change func(*changesAnswer)) {
		a := changesAnswer{applied: c.applied("server1"), position: c.store.Position(), now: time.Now()}
		change(&a)
		c.reply(a.append(nil))
	}
	// refused is refused, though it is said that the message has been taken.
	refused := func(c *evilConn, body []byte, result int) {
		head, _, _ := parseHead(body)
		misplaced(c, func(a *changesAnswer) { a.result, a.applied = result, head.to })
	}
	for name, evil := range map[string]func(c *evilConn, body []byte){
		"garbage":      func(c *evilConn, _ []byte) { io.WriteString(c, "\x00\xff\x16\x03") },
		"nothing":      func(c *evilConn, _ []byte) { c.Close() },
		"half a head":  func(c *evilConn, _ []byte) { io.WriteString(c, head[:20]); c.Close() },
		"half a body":  func(c *evilConn, _ []byte) { io.WriteString(c, head+"Content-Length: 100\r\n\r\nxy"); c.Close() },
		"endless body": func(c *evilConn, _ []byte) { c.endless(head+"\r\n", "x") },
		"endless chunks": func(c *evilConn, _ []byte) {
			c.endless(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")
		},
		"endless head":          func(c *evilConn, _ []byte) { c.endless(head, "X: y\r\n") },
		"an error page":         func(c *evilConn, _ []byte) { io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") },
		"another type":          func(c *evilConn, _ []byte) { c.replyAs("application/json", []byte(`[{"result":0}]`)) },
		"JSON":                  func(c *evilConn, _ []byte) { c.reply([]byte(`[{"result":0}]`)) },
		"an empty body":         func(c *evilConn, _ []byte) { c.reply(nil) },
		"numbers":               func(c *evilConn, _ []byte) { c.reply(bytes.Repeat([]byte{0xff}, 1000)) },
		"half an answer":        func(c *evilConn, _ []byte) { c.reply(changesAnswerOf(c)[:9]) },
		"the last answer again": func(c *evilConn, _ []byte) { misplaced(c, func(*changesAnswer) {}) },
		"a place to come": func(c *evilConn, _ []byte) {
			misplaced(c, func(a *changesAnswer) { a.applied.Revision += 1000 })
		},
		"a place in no history": func(c *evilConn, _ []byte) {
			misplaced(c, func(a *changesAnswer) { a.applied = lease.Position{Epoch: 77, Revision: 1<<64 - 1} })
		},
		"a refusal":       func(c *evilConn, body []byte) { refused(c, body, ctrl.Error) },
		"it is not next":  func(c *evilConn, body []byte) { refused(c, body, ctrl.Conflict) },
		"unknown results": func(c *evilConn, body []byte) { refused(c, body, 1<<30) },
		"the clock stands": func(c *evilConn, _ []byte) {
			misplaced(c, func(a *changesAnswer) { a.now = time.UnixMilli(1) })
		},
		"a transfer that goes on": func(c *evilConn, _ []byte) {
			misplaced(c, func(a *changesAnswer) { a.transfer = &transferred{to: a.position} })
		},
		// Both are right, each for the other.
		"answers in another order": func(c *evilConn, first []byte) {
			c.more()
			second := c.next()
			one := c.good(first)
			if second != nil {
				c.reply(c.good(second))
			}
			c.reply(one)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEvilReceiver(t)
			store := side(t, filepath.Join(t.TempDir(), "leases.db"))
			var made atomic.Int32
			change := func() {
				if err := store.Commit(t.Context(), changeOf(int(made.Add(1)), 1_700_000_000)); err != nil {
					t.Error(err)
				}
			}
			e.more, e.evil = change, func(c *evilConn, body []byte) {
				e.turned.Store(false) // once
				evil(c, body)
			}
			client, err := ctrl.NewClient(e.url, &ctrl.ClientOptions{MaxReply: 1 << 20})
			require.NoError(t, err)
			f := newFeed(store, 0, 100, nil)
			defer f.close()
			f.heedsTaken, f.answered = func() bool { return true }, func(c lease.Change, err error) {
				if _, there := e.store.Lookup(c.Lease.Key()); err == nil && !there {
					t.Errorf("%v counts as delivered", c.Lease.Addr)
				}
			}
			f.gate(true, true)
			s := newChangeSender(overLoopback{client}, store, f, changeSenderOptions{
				name: "server1", mutual: true, clock: new(clockOffset), seen: func() lease.Position { return lease.Position{} },
			})
			// follow sends until the other server has everything, or the
			// sender gives up.
			follow := func() error {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				done := make(chan error, 1)
				go func() { done <- s.run(ctx) }()
				for e.turned.Load() || e.applied("server1") != store.Position() {
					select {
					case err := <-done:
						require.Error(t, err)
						require.LessOrEqual(t, f.acked(), e.applied("server1").Revision)
						return err
					case <-e.moves:
					}
				}
				stop()
				<-done
				return nil
			}
			change()
			require.NoError(t, follow())

			e.turned.Store(true)
			change()
			for range 10 { // each time as when it could not be reached
				if err = follow(); err == nil {
					break
				}
			}
			require.NoError(t, err)
			require.False(t, e.turned.Load(), "it has answered")
			require.EqualValues(t, made.Load(), store.Count(0, lease.Assigned, lease.V4))
			require.EqualValues(t, made.Load(), e.store.Count(0, lease.Assigned, lease.V4))
		})
	}
}

// A server that never answers is waited for no longer than clients wait before
// they ask again.
func TestPeerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	require.NoError(t, store.Commit(t.Context(), changeOf(1, 1_700_000_000)))
	f := newFeed(store, 0, 100, nil)
	defer f.close()
	f.gate(true, false)
	silent := new(silentLink)
	s := newChangeSender(silent, store, f, changeSenderOptions{name: "server1", clock: new(clockOffset), seen: func() lease.Position { return lease.Position{} }})
	require.ErrorIs(t, s.run(t.Context()), errNoAnswer)
	require.Positive(t, silent.sent)
	require.LessOrEqual(t, silent.waited, 4*time.Second)
	require.True(t, silent.closed)
	require.Zero(t, f.acked())
}

// silentLink takes messages and never answers.
type silentLink struct {
	sent   int
	waited time.Duration
	closed bool
}

func (l *silentLink) link(context.Context) (link, error) { return l, nil }
func (l *silentLink) Send([]byte) error                  { l.sent++; return nil }
func (l *silentLink) Close() error                       { l.closed = true; return nil }

func (l *silentLink) Receive(within time.Duration) ([]byte, error) {
	l.waited += within
	return nil, os.ErrDeadlineExceeded
}

// An answer that tells of more failures than there can be changes is none: it
// takes ten times its length to hold.
func TestAnswerWithTooManyFailures(t *testing.T) {
	t.Parallel()
	a := changesAnswer{failed: make([]failedChange, maxChanges)}
	parsed, err := parseAnswer(a.append(nil))
	require.NoError(t, err)
	require.Len(t, parsed.failed, maxChanges)
	a.failed = append(a.failed, failedChange{})
	_, err = parseAnswer(a.append(nil))
	require.ErrorIs(t, err, errNoMessage)
}

func changesAnswerOf(c *evilConn) []byte {
	return (&changesAnswer{applied: c.applied("server1"), position: c.store.Position(), now: time.Now()}).append(nil)
}

func (c *evilConn) endless(head, more string) {
	io.WriteString(c, head)
	chunk := bytes.Repeat([]byte(more), 1000)
	for {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}
