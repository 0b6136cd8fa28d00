package ha

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// probed returns the status and the text that a handler answers with.
func probed(h http.Handler, method string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// Of a pair both servers are ready when each does what it is there for, and
// healthy all the time.
func TestReadyOfPair(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		pairTest(t, mode, func(a, b *node) {
			t := a.t
			ready := func(d *node) error {
				synctest.Wait()
				code, text := probed(HealthHandler(d.Status), http.MethodGet)
				require.Equal(t, http.StatusOK, code, text)
				code, text = probed(ReadyHandler(d.Status), http.MethodGet)
				if code == http.StatusOK {
					require.Equal(t, "ok", text)
					return nil
				}
				require.Equal(t, http.StatusServiceUnavailable, code)
				return errors.New(text)
			}
			a.start()
			require.EqualError(t, ready(a), "server1: waiting for the partner's answer to a heartbeat")
			b.start()
			a.until(normalIn(mode))
			b.until(normalIn(mode))
			require.NoError(t, ready(a))
			require.NoError(t, ready(b))

			require.Equal(t, ctrl.Success, b.run("dhcp-disable", "").Result)
			require.EqualError(t, ready(b), "server2: the DHCP service is switched off")
			require.Equal(t, ctrl.Success, b.run("dhcp-enable", "").Result)

			require.Equal(t, ctrl.Success, b.run("ha-maintenance-start", "").Result)
			require.NoError(t, ready(b))
			require.EqualError(t, ready(a), "server1: in maintenance, the partner serves")
			require.Equal(t, ctrl.Success, b.run("ha-maintenance-cancel", "").Result)
			a.until(normalIn(mode))

			a.end()
			b.until(StatePartnerDown)
			require.NoError(t, ready(b))
		}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
	}
}

// A backup is ready when it has heard from the active server and has what that
// had then; that the server is gone later makes it no worse.
func TestReadyOfBackup(t *testing.T) {
	pairTest(t, PassiveBackup, func(a, b *node) {
		t := a.t
		ready := func(d *node) error { synctest.Wait(); return d.Status().Ready() }
		b.start()
		require.EqualError(t, ready(b), "server2: server1 has not been heard yet")
		b.end()
		a.start()
		a.until(StatePassiveBackup)
		require.NoError(t, ready(a))
		for i := range byte(5) {
			require.NoError(t, a.give("192.0.2.7", i))
		}
		b.start()
		require.EqualError(t, ready(b), "server2: 5 changes of server1 are missing here")
		time.Sleep(10 * time.Second)
		require.NoError(t, ready(b))
		require.Equal(t, a.leases(), b.leases())

		a.end()
		time.Sleep(10 * time.Second)
		require.NoError(t, ready(b))
		a.start() // in another epoch of its history
		a.until(StatePassiveBackup)
		time.Sleep(10 * time.Second)
		require.NoError(t, ready(b))
		require.NoError(t, a.give("192.0.2.8", 8))
		time.Sleep(10 * time.Second)
		require.NoError(t, ready(b))
		require.Equal(t, a.leases(), b.leases())
	})
}

// Who cannot write leases is neither healthy nor ready, whatever its state, and a
// hub is ready if it is in each relationship.
func TestReadyInEachRelationship(t *testing.T) {
	t.Parallel()
	failed := Status{StoreFailed: true, Relationships: []RelationshipStatus{{Server: "one"}}}
	require.EqualError(t, failed.Healthy(), "leases cannot be made durable here")
	require.EqualError(t, failed.Ready(), "leases cannot be made durable here")
	hub := Status{Relationships: []RelationshipStatus{{Server: "one"}, {Server: "two", Idle: standingBy}}}
	require.NoError(t, hub.Ready())
	hub.Relationships[1].Idle = "it has no scopes"
	require.EqualError(t, hub.Ready(), "two: it has no scopes")
	require.NoError(t, hub.Healthy())
}

// The handlers run the program's own checks, too, and change nothing.
func TestProbes(t *testing.T) {
	t.Parallel()
	fine := func() error { return nil }
	code, text := probed(ReadyHandler(nil, fine), http.MethodGet)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok", text)
	code, _ = probed(ReadyHandler(nil), http.MethodHead)
	require.Equal(t, http.StatusOK, code)

	idle := func() Status { return Status{Relationships: []RelationshipStatus{{Server: "one", Idle: "waiting"}}} }
	sockets := func() error { return errors.New("eth1 has no address") }
	code, text = probed(ReadyHandler(idle, fine, sockets), http.MethodGet)
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "one: waiting\neth1 has no address", text)
	code, text = probed(HealthHandler(idle, sockets), http.MethodGet)
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "eth1 has no address", text)

	w := httptest.NewRecorder()
	HealthHandler(idle).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}
