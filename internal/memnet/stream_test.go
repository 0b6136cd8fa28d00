package memnet

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	here  = "192.0.2.1"
	there = "192.0.2.2"
)

// ends is a connection from a client at here to a server at there.
type ends struct {
	t              *testing.T
	n              *Net
	client, server *Host
	listener       net.Listener
	near, far      net.Conn
}

// connected runs a test with a connection.
func connected(t *testing.T, n func() *Net, test func(t *testing.T, e *ends)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{t: t, n: n()}
		e.client, e.server = e.n.Host(here), e.n.Host(there)
		var err error
		e.listener, err = e.server.Listen("tcp", there+":80")
		require.NoError(t, err)
		defer e.listener.Close()
		e.near, e.far = e.dial()
		test(t, e)
	})
}

func seeded(seed uint64) func() *Net { return func() *Net { return Seeded(seed) } }

// dial makes another connection.
func (e *ends) dial() (near, far net.Conn) {
	accepted := make(chan net.Conn)
	go func() {
		c, err := e.listener.Accept()
		if err == nil {
			accepted <- c
		}
	}()
	near, err := e.client.Dial(e.t.Context(), "tcp", there+":80")
	require.NoError(e.t, err)
	return near, <-accepted
}

// arrival returns how long it takes until what is written at one end is there.
func arrival(t *testing.T, from, to net.Conn, text string) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := from.Write([]byte(text))
	require.NoError(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(to, got)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	return time.Since(began)
}

func TestStream(t *testing.T) {
	connected(t, New, func(t *testing.T, e *ends) {
		require.Equal(t, there+":80", e.near.RemoteAddr().String())
		require.Equal(t, here+":40000", e.far.RemoteAddr().String())
		require.Equal(t, e.near.RemoteAddr(), e.far.LocalAddr())
		require.Zero(t, arrival(t, e.near, e.far, "hello"))
		require.Zero(t, arrival(t, e.far, e.near, "hello yourself"))

		// What was sent before the end is still there.
		_, err := e.near.Write([]byte("last"))
		require.NoError(t, err)
		require.NoError(t, e.near.Close())
		all, err := io.ReadAll(e.far)
		require.NoError(t, err)
		require.Equal(t, "last", string(all))
		_, err = e.far.Write([]byte("too late"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = e.near.Write([]byte("closed"))
		require.ErrorIs(t, err, net.ErrClosed)
		require.NoError(t, e.near.Close(), "twice")
	})
}

func TestDeadline(t *testing.T) {
	connected(t, New, func(t *testing.T, e *ends) {
		began := time.Now()
		require.NoError(t, e.far.SetDeadline(began.Add(3*time.Second)))
		_, err := e.far.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(began))

		// A deadline that is set while somebody reads counts for him.
		require.NoError(t, e.far.SetReadDeadline(time.Time{}))
		time.AfterFunc(time.Second, func() { e.far.SetReadDeadline(time.Now()) })
		_, err = e.far.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 4*time.Second, time.Since(began))
	})
}

func TestListen(t *testing.T) {
	connected(t, New, func(t *testing.T, e *ends) {
		_, err := e.n.Listen("tcp", there+":80")
		require.EqualError(t, err, "address already in use")
		_, err = e.client.Dial(t.Context(), "tcp", there+":81")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.NoError(t, e.listener.Close())
		_, err = e.client.Dial(t.Context(), "tcp", there+":80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = e.listener.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

// nothing demands that nothing arrives for a while.
func nothing(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Second)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
}

// A way that stalls holds up what is sent, and only that way.
func TestStalls(t *testing.T) {
	connected(t, New, func(t *testing.T, e *ends) {
		e.n.Set(here, there, Stalls)
		write(t, e.near, "one ")
		write(t, e.near, "two")
		nothing(t, e.far)
		require.Zero(t, arrival(t, e.far, e.near, "the other way is good"))
		e.n.Set(here, there, Arrives)
		got := make([]byte, 7)
		began := time.Now()
		_, err := io.ReadFull(e.far, got)
		require.NoError(t, err)
		require.Equal(t, "one two", string(got))
		require.Zero(t, time.Since(began))
	})
}

// Of a connection that has lost something nothing arrives any more, and once the
// way is good again it ends.
func TestVanishes(t *testing.T) {
	for name, cut := range map[string]func(n *Net, f Fault){
		"one way": func(n *Net, f Fault) { n.Set(here, there, f) },
		"all":     func(n *Net, f Fault) { n.SetCut(f != Arrives) },
	} {
		t.Run(name, func(t *testing.T) {
			connected(t, New, func(t *testing.T, e *ends) {
				idle, _ := e.dial()
				cut(e.n, Vanishes)
				write(t, e.near, "lost")
				nothing(t, e.far)
				cut(e.n, Arrives)
				_, err := e.far.Read(make([]byte, 1))
				require.ErrorIs(t, err, net.ErrClosed)
				_, err = e.near.Read(make([]byte, 1))
				require.ErrorIs(t, err, io.EOF)
				write(t, idle, "nothing of this one was lost")
			})
		})
	}
}

// TCP sends again what has stalled, after 200 ms, after 400 more and so on, and
// gives up after a quarter of an hour.
func TestRetransmission(t *testing.T) {
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		began := time.Now()
		e.n.Set(here, there, Stalls)
		write(t, e.near, "hello")
		time.Sleep(time.Second)
		e.n.Set(here, there, Arrives)
		_, err := io.ReadFull(e.far, make([]byte, 5))
		require.NoError(t, err)
		require.Equal(t, 1400*time.Millisecond, time.Since(began))

		e.n.Set(here, there, Stalls)
		write(t, e.near, "hello")
		time.Sleep(16 * time.Minute)
		e.n.Set(here, there, Arrives)
		_, err = e.far.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

// A connection that is asked for while the way is cut, either way, is asked for
// again after 1 s, after 2 more and so on.
func TestDialAgain(t *testing.T) {
	for _, w := range []way{{here, there}, {there, here}} {
		connected(t, seeded(1), func(t *testing.T, e *ends) {
			e.n.Set(w.from, w.to, Stalls)
			time.AfterFunc(2500*time.Millisecond, func() { e.n.Set(w.from, w.to, Arrives) })
			began := time.Now()
			e.dial()
			require.Equal(t, 3*time.Second, time.Since(began).Truncate(10*time.Microsecond))

			e.n.Set(w.from, w.to, Stalls)
			_, err := e.client.Dial(context.Background(), "tcp", there+":80")
			require.ErrorIs(t, err, syscall.ETIMEDOUT)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = e.client.Dial(ctx, "tcp", there+":80")
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// What is sent takes a time between the bounds, stays in order, and takes the
// same time whenever the seed is the same.
func TestDelay(t *testing.T) {
	const least, most = 10 * time.Millisecond, 50 * time.Millisecond
	times := func(seed uint64) (all []time.Duration) {
		connected(t, seeded(seed), func(t *testing.T, e *ends) {
			e.n.SetDelay(here, there, least, most)
			for range 200 {
				d := arrival(t, e.near, e.far, "x")
				require.GreaterOrEqual(t, d, least)
				require.Less(t, d, most+time.Microsecond)
				all = append(all, d)
			}
			require.Less(t, arrival(t, e.far, e.near, "x"), time.Microsecond, "the other way")
			for i := range 100 {
				write(t, e.near, string(rune('0'+i)))
			}
			for i := range 100 {
				got := make([]byte, len(string(rune('0'+i))))
				_, err := io.ReadFull(e.far, got)
				require.NoError(t, err)
				require.Equal(t, string(rune('0'+i)), string(got))
			}
		})
		return all
	}
	first := times(1)
	require.Equal(t, first, times(1))
	require.NotEqual(t, first, times(2))
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		e.n.SetDelay(here, there, least, most)
		for i := range 3 {
			near, far := e.dial()
			require.NotEqual(t, first[i], arrival(t, near, far, "x"), "of another connection")
		}
	})
	different := map[time.Duration]bool{}
	for _, d := range first {
		different[d] = true
	}
	require.Len(t, different, len(first))
}

// A connection takes its time over a way that loses something, and breaks on one
// that loses all.
func TestLoss(t *testing.T) {
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		e.n.SetLoss(here, there, 0.5)
		resent := map[time.Duration]int{}
		for range 1000 {
			resent[arrival(t, e.near, e.far, "x").Truncate(time.Millisecond)]++
		}
		require.InDelta(t, 500, resent[0], 50)
		require.InDelta(t, 250, resent[200*time.Millisecond], 50)
		require.InDelta(t, 125, resent[600*time.Millisecond], 40)

		e.n.SetLoss(here, there, 1)
		write(t, e.near, "x")
		nothing(t, e.far)
		e.n.SetLoss(here, there, 0)
		write(t, e.near, "y")
		nothing(t, e.far)
	})
}
