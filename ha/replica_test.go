package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// A peer that cannot be reached is tried less and less often, and at once when
// it has been heard of. Whoever waits is told; nothing is lost.
func TestReplicaBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), memnet.New()
		var tries []time.Duration
		var up atomic.Bool
		p, err := newPeer(new(Config), Peer{Name: "server2", URL: "http://192.0.2.2:8000/", Role: Secondary}, &Options{
			Family: ctrl.V4,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if up.Load() {
					return n.Dial(ctx, network, address)
				}
				tries = append(tries, time.Since(start))
				return nil, errors.New("refused")
			},
		})
		require.NoError(t, err)
		defer p.client.Close()
		store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
		require.NoError(t, err)
		defer store.Close()
		var failures atomic.Int64
		off := false
		r := newReplica(p, store, replicaOptions{
			cfg: &Config{MultiThreading: &MultiThreading{Enable: &off}}, family: ctrl.V4, log: slog.New(slog.DiscardHandler),
			tell: func(ev event) {
				if ev.(updateAnswered).Outcome == failed {
					failures.Add(1)
				}
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.run(ctx); close(ended) }()
		r.allow(true)
		r.greet(false)
		synctest.Wait()
		require.Empty(t, tries)

		err = commitTo(t.Context(), store, r, change("192.0.2.1", 1))
		require.ErrorIs(t, err, errUnacknowledged)
		require.Zero(t, time.Since(start))
		require.EqualValues(t, 1, failures.Load())
		time.Sleep(20 * time.Second)
		synctest.Wait()
		ms := time.Millisecond
		// Each attempt is made twice, in case the connection was closed just then.
		want := []time.Duration{0, 0}
		for at, d := 100*ms, 200*ms; at <= 20*time.Second; at, d = at+d, min(2*d, 5*time.Second) {
			want = append(want, at, at)
		}
		require.Equal(t, want, tries)
		require.EqualValues(t, 1, failures.Load(), "nobody waits for what is tried again")
		require.Error(t, r.status().Err)
		require.Equal(t, 1, r.status().Pending)

		listener, err := n.Listen("tcp", "192.0.2.2:8000")
		require.NoError(t, err)
		var got atomic.Int64
		mux := ctrl.NewMux()
		mux.Handle("lease4-update", func(context.Context, json.RawMessage) ctrl.Response { got.Add(1); return ctrl.Response{} })
		served := make(chan struct{})
		serving, stop := context.WithCancel(t.Context())
		go func() { (&ctrl.HTTPServer{Mux: mux}).Serve(serving, listener); close(served) }()
		up.Store(true)
		now := time.Now()
		r.greet(false)
		require.NoError(t, r.drain(t.Context()))
		require.Zero(t, time.Since(now))
		require.EqualValues(t, 1, got.Load())
		require.NoError(t, r.status().Err)
		require.EqualValues(t, 1, r.feed.acked())

		cancel()
		<-ended
		require.EqualValues(t, 1, store.Mark("sent/server2").Revision)
		p.client.Close()
		stop()
		<-served
	})
}

// How far a peer is outlasts the program. A partner without a mark fetches the
// leases itself, a backup is sent all.
func TestReplicaGoesOnWhereItWas(t *testing.T) {
	k := newFakeKea(t, func(string, map[string]any) string { return says(keaDone) })
	store := openStore(t)
	addresses := func() (all []any) {
		for _, r := range k.seen() {
			all = append(all, r.Arguments["ip-address"])
		}
		return all
	}
	session := func(role Role, name string) {
		s := newSending(t, store, k.url, ctrl.V4, func(_ *Config, p *Peer, _ *peer) { p.Role, p.Name = role, name })
		s.start()
		s.allow(true)
		s.greet(false)
		require.NoError(t, s.drain(t.Context()))
		s.end()
	}
	commit := func(addr string) { require.NoError(t, store.Commit(t.Context(), change(addr, 1))) }
	commit("192.0.2.1")
	session(Secondary, "server2")
	require.Empty(t, addresses())
	commit("192.0.2.2")
	session(Secondary, "server2")
	require.Equal(t, []any{"192.0.2.2"}, addresses())
	session(Secondary, "server2")
	require.Empty(t, addresses())
	session(Backup, "server3")
	require.ElementsMatch(t, []any{"192.0.2.1", "192.0.2.2"}, addresses())
	session(Backup, "server3")
	require.Empty(t, addresses())
}

// What waits beyond the limit takes no memory, and arrives all the same.
func TestReplicaFallsBehind(t *testing.T) {
	const leases = 3 * maxWaiting
	k := newFakeKea(t, func(string, map[string]any) string { return says(keaDone) })
	s := newSending(t, openStore(t), k.url, ctrl.V6, nil)
	s.start()
	s.greet(false)
	var batch []lease.Change
	for i := range leases {
		batch = append(batch, change(fmt.Sprintf("2001:db8::%x", i+1), 1))
		if len(batch) == 1000 {
			require.NoError(t, s.store.Commit(t.Context(), batch...))
			batch = nil
			require.LessOrEqual(t, s.status().Pending, maxWaiting)
		}
	}
	require.True(t, s.status().Behind)
	require.Equal(t, []event{backlogOverflowed{}}, s.told())
	require.NoError(t, s.drain(t.Context()))
	seen := map[any]bool{}
	for _, r := range k.seen() {
		for _, l := range r.Arguments["leases"].([]any) {
			seen[l.(map[string]any)["ip-address"]] = true
		}
	}
	require.Len(t, seen, leases)
	require.False(t, s.status().Behind)
	require.EqualValues(t, leases, s.feed.acked())
}

// What a Kea refuses is not tried for ever: again with the next change, and once
// it has been out of reach.
func TestReplicaRefusedLeases(t *testing.T) {
	reply := `{"result":1,"text":"Invalid subnet-id"}`
	closed := false
	k := newFakeKea(t, func(string, map[string]any) string {
		if closed {
			return ""
		}
		return says(reply)
	})
	s := startSending(t, k.url, ctrl.V4, nil)
	require.ErrorIs(t, s.commit(change("192.0.2.1", 1)), errUnacknowledged)
	require.NoError(t, s.drain(t.Context()))
	require.Len(t, k.seen(), 1)
	require.EqualValues(t, 1, s.status().Refused)
	require.ErrorIs(t, s.commit(change("192.0.2.1", 2)), errUnacknowledged)
	require.Len(t, k.seen(), 1)

	k.between(func() { closed = true })
	require.ErrorIs(t, s.commit(change("192.0.2.2", 2)), errUnacknowledged)
	require.Eventually(t, func() bool { return s.status().Err != nil }, time.Minute, time.Millisecond)
	k.between(func() { closed, reply = false, keaDone })
	k.seen()
	s.greet(false)
	require.NoError(t, s.drain(t.Context()))
	require.EqualValues(t, 3, s.feed.acked())
	addresses := map[any]bool{}
	for _, r := range k.seen() {
		addresses[r.Arguments["ip-address"]] = true
	}
	require.Equal(t, map[any]bool{"192.0.2.1": true, "192.0.2.2": true}, addresses)
}

// A state that a Kea cannot read is told as a removal.
func TestKeaVersions(t *testing.T) {
	forbidden := `HTTP/1.1 403 Forbidden` + "\r\nContent-Length: 36\r\nContent-Type: application/json\r\n\r\n" +
		`{"result": 403, "text": "Forbidden"}`
	for name, c := range map[string]struct {
		version, commands, status string
		released, registered      bool
	}{
		"2.2":                   {version: says(`{"result":0,"text":"2.2.0"}`)},
		"2.7.0":                 {version: says(`{"result":0,"text":"2.7.0-git"}`), released: true},
		"2.7.7":                 {version: says(`{"result":0,"text":"2.7.7"}`), released: true, registered: true},
		"3.0, restricted":       {status: `{"high-availability":[{"ha-servers":{"remote":{"clock-skew":null}}}]}`, released: true},
		"3.2, restricted":       {commands: `["lease6-get-by-state"]`, released: true, registered: true},
		"not known, restricted": {status: `{"high-availability":[{"ha-servers":{"remote":{"age":1}}}]}`, commands: `["status-get"]`},
		"silent":                {},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := func(args string) string {
				if args == "" {
					return forbidden
				}
				return says(`{"result":0,"arguments":` + args + `}`)
			}
			k := newFakeKea(t, func(command string, _ map[string]any) string {
				switch {
				case command == "version-get" && c.version != "":
					return c.version
				case command == "version-get":
					return forbidden
				case command == "list-commands":
					return arguments(c.commands)
				case command == "status-get":
					return arguments(c.status)
				}
				return says(keaDone)
			})
			s := startSending(t, k.url, ctrl.V6, nil)
			told := func(state lease.State) (known bool) {
				k.seen()
				l := change("2001:db8::1", int64(state))
				l.Lease.State = state
				require.NoError(t, s.commit(l))
				seen := k.seen()
				last := seen[len(seen)-1]
				require.Equal(t, "lease6-bulk-apply", last.Command)
				require.Len(t, append(last.Arguments["leases"].([]any), last.Arguments["deleted-leases"].([]any)...), 1)
				return len(last.Arguments["leases"].([]any)) == 1
			}
			require.True(t, told(lease.Declined))
			require.Equal(t, c.released, told(lease.Released))
			require.Equal(t, c.registered, told(lease.Registered))
		})
	}
}

// commitTo makes changes durable and waits until a peer has them.
func commitTo(ctx context.Context, to lease.Committer, r *replica, changes ...lease.Change) error {
	return commitWitnessed(ctx, to, []witness{{replica: r, must: true}}, func() error { return nil }, changes...)
}
