package memnet

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A process that is killed: its connections end in good order, what it had sent
// arrives, nobody is listening, and it can do nothing any more.
func TestKill(t *testing.T) {
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		write(t, e.far, "last words")
		e.server.Kill()
		all, err := io.ReadAll(e.near)
		require.NoError(t, err)
		require.Equal(t, "last words", string(all))
		_, err = e.near.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = e.client.Dial(t.Context(), "tcp", there+":80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		requireEnded(t, e)

		// The next one with the address is its own.
		e.server = e.n.Host(there)
		e.listener, err = e.server.Listen("tcp", there+":80")
		require.NoError(t, err)
		near, far := e.dial()
		arrival(t, near, far, "hello")
	})
}

// requireEnded demands that the server's host can do nothing.
func requireEnded(t *testing.T, e *ends) {
	t.Helper()
	_, err := e.listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = e.far.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = e.far.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = e.server.Dial(t.Context(), "tcp", here+":80")
	require.ErrorIs(t, err, errGone)
	_, err = e.server.Listen("tcp", there+":81")
	require.ErrorIs(t, err, errGone)
	e.server.Kill() // once more
}

// A machine that has lost its power: what it had sent arrives, but nobody is told
// anything until it is back, and does not know of the connection.
func TestPowerOff(t *testing.T) {
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		write(t, e.far, "last words")
		e.server.PowerOff()
		_, err := io.ReadFull(e.near, make([]byte, len("last words")))
		require.NoError(t, err)
		write(t, e.near, "are you there?")
		nothing(t, e.near)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = e.client.Dial(ctx, "tcp", there+":80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireEnded(t, e)

		e.server = e.n.Host(there)
		nothing(t, e.near)
		write(t, e.near, "and now?")
		_, err = e.near.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = e.client.Dial(t.Context(), "tcp", there+":80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

// What TCP would send again is lost with the power, and not with the process.
func TestStalledWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(*Host){"killed": (*Host).Kill, "power off": (*Host).PowerOff} {
		t.Run(name, func(t *testing.T) {
			connected(t, seeded(1), func(t *testing.T, e *ends) {
				e.n.Set(there, here, Stalls)
				write(t, e.far, "last words")
				end(e.server)
				e.n.Set(there, here, Arrives)
				if name == "power off" {
					nothing(t, e.near)
					return
				}
				all, err := io.ReadAll(e.near)
				require.NoError(t, err)
				require.Equal(t, "last words", string(all))
			})
		})
	}
}

// Whoever waits in a host that ends is told at once.
func TestEndWhileWaiting(t *testing.T) {
	connected(t, seeded(1), func(t *testing.T, e *ends) {
		e.n.Set(here, there, Stalls)
		began := time.Now()
		done := make(chan error, 2)
		go func() {
			_, err := e.client.Dial(t.Context(), "tcp", there+":80")
			done <- err
		}()
		go func() {
			_, err := e.near.Read(make([]byte, 1))
			done <- err
		}()
		synctest.Wait()
		e.client.Kill()
		require.Error(t, <-done)
		require.Error(t, <-done)
		require.Zero(t, time.Since(began))
	})
}
