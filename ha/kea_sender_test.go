package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// sending is a store whose changes a replica tells to a peer.
type sending struct {
	t *testing.T
	*replica
	end func() // ends the replica

	mu     sync.Mutex
	events []event
}

// startSending starts a replica for a Kea that may be told of everything.
func startSending(t *testing.T, url string, family ctrl.Family, change func(*Config, *Peer, *peer)) *sending {
	t.Helper()
	s := newSending(t, openStore(t), url, family, change)
	s.start()
	s.allow(true)
	s.greet(false)
	return s
}

func newSending(t *testing.T, store *lease.Store, url string, family ctrl.Family, change func(*Config, *Peer, *peer)) *sending {
	t.Helper()
	if change == nil {
		change = func(*Config, *Peer, *peer) {}
	}
	cfg, entry := &Config{Mode: LoadBalancing}, Peer{Name: "server2", URL: url, Role: Secondary}
	change(cfg, &entry, new(peer))
	p, err := newPeer(cfg, entry, &Options{Family: family})
	require.NoError(t, err)
	t.Cleanup(p.client.Close)
	change(cfg, &entry, p)
	s := &sending{t: t}
	s.replica = newReplica(p, store, replicaOptions{
		cfg: cfg, family: family, log: slog.New(slog.DiscardHandler),
		tell: func(ev event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, ev)
		},
	})
	return s
}

func (s *sending) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		s.run(ctx)
		close(ended)
	}()
	s.end = sync.OnceFunc(func() { cancel(); <-ended })
	s.t.Cleanup(s.end)
}

// commit makes changes and waits for the peer.
func (s *sending) commit(changes ...lease.Change) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return commitTo(ctx, s.store, s.replica, changes...)
}

// told returns the events so far, and forgets them.
func (s *sending) told() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.events
	s.events = nil
	return told
}

const keaDone = `{"result":0,"text":"done"}`

func says(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n[%s]", len(body)+2, body)
}

func change(addr string, cltt int64) lease.Change {
	l := lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1, HWAddr: []byte{2, 0, 0, 0, 0, 1},
		CLTT: cltt, ValidLft: 3600,
	}
	if !l.Addr.Is4() {
		l.Type, l.ClientID, l.IAID, l.HWAddr = lease.NA, []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}, 1, nil
	}
	return lease.Change{Lease: l}
}

// recordedUpdates returns what a real Kea has said to its partner, and the
// arguments as they were.
func recordedUpdates(t *testing.T, name string) (all []exchange, raw []json.RawMessage) {
	for _, line := range recorded(t, name) {
		var e exchange
		var args struct {
			Request struct{ Arguments json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(line, &e))
		require.NoError(t, json.Unmarshal(line, &args))
		all, raw = append(all, e), append(raw, args.Request.Arguments)
	}
	return all, raw
}

// changesOf returns the changes that a recorded update tells of.
func changesOf(t *testing.T, command string, args json.RawMessage) (changes []lease.Change) {
	read := func(raw json.RawMessage, del bool) {
		var l lease.Lease
		require.NoError(t, json.Unmarshal(raw, &l), "%s", raw)
		c := lease.Change{Lease: l, Delete: del}
		if del {
			c.Lease = lease.Lease{Type: l.Type, Addr: l.Addr}
		}
		changes = append(changes, c)
	}
	if command != "lease6-bulk-apply" {
		read(args, command == "lease4-del")
		return changes
	}
	var bulk struct {
		Deleted []json.RawMessage `json:"deleted-leases"`
		Leases  []json.RawMessage `json:"leases"`
	}
	require.NoError(t, json.Unmarshal(args, &bulk))
	for _, raw := range bulk.Deleted {
		read(raw, true)
	}
	for _, raw := range bulk.Leases {
		read(raw, false)
	}
	return changes
}

// common takes out of an update what is said differently for a reason, and
// brings lists, whose order does not matter, in order.
func common(r fakeRequest) fakeRequest {
	delete(r.Arguments, "origin") // since 2.3.8
	identity := func(m map[string]any) map[string]any {
		// A removed lease is named; what it was is not known any more, nor read.
		named := map[string]any{"ip-address": m["ip-address"]}
		if m["type"] != nil {
			named["type"] = m["type"]
		}
		return named
	}
	if r.Command == "lease4-del" {
		r.Arguments = identity(r.Arguments)
	}
	for _, name := range []string{"deleted-leases", "leases"} {
		list, _ := r.Arguments[name].([]any)
		for i := range list {
			m := list[i].(map[string]any)
			if name == "deleted-leases" {
				list[i] = identity(m)
			}
			if m["duid"] == "00" { // nobody's: a DUID has three octets since 2.3.8
				m["duid"] = "00:00:00"
			}
		}
		slices.SortFunc(list, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a.(map[string]any)["ip-address"]), fmt.Sprint(b.(map[string]any)["ip-address"]))
		})
	}
	return r
}

// Given the changes that a real Kea has made, the partner is told what it told
// its partner.
func TestKeaSenderSendsWhatKeaSends(t *testing.T) {
	for _, name := range []string{"hs-leases", "hs-leases-change", "lb-backlog"} {
		for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
			file := fmt.Sprintf("v%d-%s.updates.jsonl", family, name)
			t.Run(file, func(t *testing.T) {
				k := newFakeKea(t, func(string, map[string]any) string { return says(keaDone) })
				s := startSending(t, k.url, family, nil)
				updates, raw := recordedUpdates(t, file)
				checked := 0
				for i, e := range updates {
					changes := changesOf(t, e.Request.Command, raw[i])
					keys := map[lease.Key]int{}
					for _, c := range changes {
						if keys[c.Lease.Key()]++; c.Delete {
							// It must be there to be removed.
							l := change(c.Lease.Addr.String(), 1).Lease
							if l.Type = c.Lease.Type; l.Type == lease.PD {
								l.PrefixLen = 64
							}
							require.NoError(t, s.store.Commit(t.Context(), lease.Change{Lease: l, Source: lease.Foreign}))
						}
					}
					if len(keys) != len(changes) {
						continue // a lease that is both removed and made: weakness of Kea's, see the next test
					}
					require.NoError(t, s.commit(changes...))
					seen := k.seen()
					require.Len(t, seen, 1)
					require.Equal(t, common(e.Request), common(seen[0]), "line %d", i+1)
					checked++
				}
				require.Greater(t, checked, len(updates)*2/3)
			})
		}
	}
}

// A lease that was taken and given back while nothing could be sent is only
// removed: Kea would do so first, and make it then, for ever.
func TestKeaSenderSendsLastStateOnly(t *testing.T) {
	k := newFakeKea(t, func(string, map[string]any) string { return says(keaDone) })
	s := startSending(t, k.url, ctrl.V6, nil)
	s.allow(false)
	given, kept := change("2001:db8::1", 100), change("2001:db8::2", 100)
	require.NoError(t, s.store.Commit(t.Context(), given, kept))
	require.NoError(t, s.store.Commit(t.Context(), lease.Change{Lease: lease.Lease{Type: lease.NA, Addr: given.Lease.Addr}, Delete: true}))
	require.NoError(t, s.drain(t.Context()))
	seen := k.seen()
	require.Len(t, seen, 1)
	require.Equal(t, []any{map[string]any{"ip-address": "2001:db8::1", "type": "IA_NA"}}, seen[0].Arguments["deleted-leases"])
	leases := seen[0].Arguments["leases"].([]any)
	require.Len(t, leases, 1)
	require.Equal(t, "2001:db8::2", leases[0].(map[string]any)["ip-address"])
}

// What a real Kea has made of odd answers of its partner is made of them here.
func TestKeaSenderReadsAnswersAsKea(t *testing.T) {
	different := map[string]string{
		"v4 chunked":                    "ACK",   // it can be read
		"v6 chunked":                    "REPLY", // it can be read
		"v6 failed-leases in arguments": "",      // the lease is not there, whatever the result says
	}
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		for _, line := range recorded(t, fmt.Sprintf("v%d-answer-variants.updates.jsonl", family)) {
			var v struct {
				Variant  string
				Answered []string
				Client   *string `json:"client_answered"`
			}
			require.NoError(t, json.Unmarshal(line, &v))
			name := fmt.Sprintf("v%d %s", family, v.Variant)
			t.Run(name, func(t *testing.T) {
				over := make(chan struct{})
				k := newFakeKea(t, func(string, map[string]any) (answer string) {
					for _, part := range v.Answered {
						switch {
						case part == "no answer":
							<-over
						case part == "connection closed" || strings.HasPrefix(part, "pause of"):
						default:
							answer += part
						}
					}
					return answer
				})
				t.Cleanup(func() { close(over) })
				s := startSending(t, k.url, family, func(_ *Config, _ *Peer, p *peer) {
					if v.Answered[0] == "no answer" {
						p.timeout = 50 * time.Millisecond
					}
				})
				c := change("192.0.2.1", 100)
				if family == ctrl.V6 {
					c = change("fd77::1:0:0", 100)
				}
				err := s.commit(c)
				want := ""
				if v.Client != nil {
					want = *v.Client
				}
				if d, ok := different[name]; ok {
					want = d
				}
				outcome := failed
				switch {
				case want != "":
					require.NoError(t, err)
					outcome = accepted
				case v.Variant == "result 4": // Kea 2.2 did not know it
					require.ErrorIs(t, err, errRejected)
					outcome = rejected
				default:
					require.ErrorIs(t, err, errUnacknowledged)
				}
				s.end()
				require.Equal(t, []event{updateAnswered{
					Peer: "server2", Outcome: outcome,
					Client: lease.Client{ID: c.Lease.ClientID, HWAddr: c.Lease.HWAddr},
				}}, s.told())
			})
		}
	}
}

// In a bulk each lease has an outcome of its own, also if one spoils it all.
func TestKeaSenderBulkOutcomes(t *testing.T) {
	bad := map[string]string{} // what is answered about an address, as a failed lease
	spoilt := ""
	hold := make(chan struct{})
	k := newFakeKea(t, func(_ string, args map[string]any) string {
		<-hold
		var failed []string
		applied := 0
		for _, l := range append(args["leases"].([]any), args["deleted-leases"].([]any)...) {
			addr := l.(map[string]any)["ip-address"].(string)
			if addr == spoilt {
				return says(`{"result":1,"text":"Invalid subnet-id"}`)
			}
			if result := bad[addr]; result != "" {
				failed = append(failed, fmt.Sprintf(`{"type":"IA_NA","ip-address":%q,"result":%s,"error-message":"no"}`, addr, result))
			} else {
				applied++
			}
		}
		result := 0
		if applied == 0 {
			result = 3
		}
		return says(fmt.Sprintf(`{"result":%d,"text":"x","arguments":{"failed-leases":[%s]}}`, result, strings.Join(failed, ",")))
	})
	bad["2001:db8::2"], bad["2001:db8::3"] = "1", "4"
	for _, spoilt = range []string{"", "2001:db8::4"} {
		s := startSending(t, k.url, ctrl.V6, nil)
		s.allow(false)
		expected := make([]*expectation, 5)
		for i := range expected {
			c := change(fmt.Sprintf("2001:db8::%d", i+1), 100)
			expected[i] = s.feed.expect([]lease.Change{c})
			require.NoError(t, s.store.Commit(t.Context(), c))
		}
		s.allow(true)
		if spoilt == "" {
			close(hold)
		}
		for i, e := range expected {
			err := e.wait(t.Context())
			switch {
			case i == 1 || spoilt != "" && i == 3:
				require.ErrorIs(t, err, errUnacknowledged)
			case i == 2:
				require.ErrorIs(t, err, errRejected)
			default:
				require.NoError(t, err)
			}
		}
		s.end()
		n, _ := s.feed.pending()
		require.Zero(t, n) // nothing is tried for ever
	}
}

// Of a lease only one command is under way, and the last state is the last told.
func TestKeaSenderOneCommandALease(t *testing.T) {
	var mu sync.Mutex
	busy, last := map[string]bool{}, map[string]float64{}
	srv := serveCommands(t, func(args map[string]any) ctrl.Response {
		addr, expire := args["ip-address"].(string), args["expire"].(float64)
		mu.Lock()
		overlap := busy[addr]
		busy[addr] = true
		mu.Unlock()
		time.Sleep(time.Millisecond) // so that others come meanwhile
		mu.Lock()
		defer mu.Unlock()
		busy[addr] = false
		if overlap {
			return ctrl.Errorf("two commands at a time")
		}
		last[addr] = expire
		return ctrl.Response{}
	})
	s := startSending(t, srv, ctrl.V4, nil)
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for i := range 50 {
				if err := s.commit(change(fmt.Sprintf("192.0.2.%d", n%4), int64(1000*i+n+1))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	for l := range s.store.All() {
		mu.Lock()
		require.EqualValues(t, l.CLTT+3600, last[l.Addr.String()])
		mu.Unlock()
	}
}

// serveCommands answers lease4-update by the function and returns the URL.
func serveCommands(t testing.TB, answer func(args map[string]any) ctrl.Response) string {
	mux := ctrl.NewMux()
	mux.Handle("lease4-update", func(_ context.Context, raw json.RawMessage) ctrl.Response {
		var args map[string]any
		if err := json.Unmarshal(raw, &args); err != nil {
			return ctrl.Errorf("%v", err)
		}
		return answer(args)
	})
	return serveMux(t, mux)
}
