package ha

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

func openStore(t *testing.T) *lease.Store {
	t.Helper()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func pullFrom(t *testing.T, k *fakeKea, store *lease.Store, change func(*pullerOptions)) *puller {
	opts := pullerOptions{
		family: ctrl.V4, sender: "server2", origin: ctrl.OriginPartner,
		limit: 10, timeout: time.Minute, period: time.Minute, now: time.Now, log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&opts)
	}
	return newPuller(k.peer(t, opts.family), store, opts)
}

// testLease is a lease with the last octets given.
func testLease(n int, cltt int64) lease.Lease {
	return lease.Lease{
		Type: lease.V4, Addr: netip.AddrFrom4([4]byte{192, 0, byte(2 + n/256), byte(n)}), SubnetID: 1,
		HWAddr: []byte{2, 0, 0, 0, byte(n >> 8), byte(n)}, CLTT: cltt, ValidLft: 3600,
	}
}

// leases are those of a store without revisions.
func leases(store *lease.Store) []lease.Lease {
	var all []lease.Lease
	for l := range store.All() {
		l.Revision = 0
		all = append(all, l)
	}
	return all
}

// exchange is a request of a recording with its answer.
type exchange struct {
	From     string          `json:"from"`
	Request  fakeRequest     `json:"request"`
	Response json.RawMessage `json:"response"`
	Last     float64         `json:"t_response"`
}

// familyOf is what a recording is of: names begin with v4 or v6.
func familyOf(recording string) ctrl.Family {
	if strings.HasPrefix(recording, "v6") {
		return ctrl.V6
	}
	return ctrl.V4
}

// isPage says whether a command asks for leases.
func isPage(command string) bool { return command == "lease4-get-page" || command == "lease6-get-page" }

// recordedPulls returns the synchronizations of a recording.
func recordedPulls(t *testing.T, name string) (pulls [][]exchange) {
	t.Helper()
	running := map[string]int{} // index of a server's pull, +1
	for _, line := range recorded(t, name) {
		var e exchange
		require.NoError(t, json.Unmarshal(line, &e))
		switch e.Request.Command {
		case "dhcp-disable", "lease4-get-page", "lease6-get-page", "ha-sync-complete-notify", "dhcp-enable":
		default:
			continue
		}
		if running[e.From] == 0 {
			pulls = append(pulls, nil)
			running[e.From] = len(pulls)
		}
		i := running[e.From] - 1
		pulls[i] = append(pulls[i], e)
		if e.Request.Command == "ha-sync-complete-notify" || e.Request.Command == "dhcp-enable" {
			running[e.From] = 0
		}
	}
	return pulls
}

func recorded(t *testing.T, name string) (lines [][]byte) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, slices.Clone(scanner.Bytes()))
	}
	require.NoError(t, scanner.Err())
	return lines
}

// asKea22 takes out of a request what is sent for newer versions.
func asKea22(r fakeRequest) fakeRequest {
	if r.Command == "ha-sync-complete-notify" {
		delete(r.Arguments, "server-name")
		delete(r.Arguments, "origin")
	}
	delete(r.Arguments, "origin-id")
	if len(r.Arguments) == 0 {
		r.Arguments = nil
	}
	return r
}

func TestPullSendsWhatKeaSends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		pulls   int
		timeout time.Duration
		limit   int
		failed  int // pulls without a complete page
	}{
		{"v4-hs-resync", 4, time.Minute, 10, 0},
		{"v4-hs-resync-exact", 3, time.Minute, 10, 0},
		{"v4-hs-resync-declined", 3, time.Minute, 3, 0},
		{"v4-hs-sync-fail", 2, time.Millisecond, 10000, 2},
		{"v4-lb-overflow", 4, time.Minute, 10000, 0},
		{"v4-lb-overflow-crossed", 4, time.Minute, 10000, 0},
		{"v6-hs-resync", 4, time.Minute, 10, 0},
		{"v6-hs-resync-exact", 3, time.Minute, 10, 0},
		{"v6-hs-resync-declined", 3, time.Minute, 3, 0},
		{"v6-hs-sync-fail", 2, time.Millisecond, 10000, 2},
		{"v6-lb-overflow", 4, time.Minute, 10000, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pulls := recordedPulls(t, test.name+".jsonl")
			require.Equal(t, test.pulls, len(pulls))
			for _, pull := range pulls {
				var script []exchange
				k := newFakeKea(t, func(string, map[string]any) string {
					if len(script) == 0 {
						return ""
					}
					e := script[0]
					script = script[1:]
					if test.failed > 0 && isPage(e.Request.Command) {
						return "" // too late, or never
					}
					return httpAnswer(e.Response)
				})
				k.between(func() { script = pull })
				store := openStore(t)
				p := pullFrom(t, k, store, func(o *pullerOptions) {
					o.family = familyOf(test.name)
					o.limit, o.period, o.timeout = test.limit, test.timeout, time.Minute
				})
				err := p.run(t.Context())
				if test.failed > 0 {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
				}
				var want, got []fakeRequest
				fetched := map[netip.Addr]int64{}
				for _, e := range pull {
					want = append(want, e.Request)
					for _, l := range pageOf(t, e) {
						fetched[l.Addr] = l.CLTT
					}
				}
				for _, r := range k.seen() {
					got = append(got, asKea22(r))
				}
				require.Equal(t, want, got)
				if test.failed > 0 {
					fetched = map[netip.Addr]int64{}
				}
				stored := map[netip.Addr]int64{}
				for l := range store.All() {
					stored[l.Addr] = l.CLTT
				}
				require.Equal(t, fetched, stored)
			}
		})
	}
}

func pageOf(t *testing.T, e exchange) []lease.Lease {
	t.Helper()
	if !isPage(e.Request.Command) || string(e.Response) == "null" || len(e.Response) == 0 {
		return nil
	}
	var answers []struct {
		Arguments struct{ Leases []lease.Lease }
	}
	require.NoError(t, json.Unmarshal(e.Response, &answers))
	return answers[0].Arguments.Leases
}

// TestPullReadsPagesAsKea gives the puller the odd pages that a real Kea was
// given, and compares what it makes of them.
func TestPullReadsPagesAsKea(t *testing.T) {
	t.Parallel()
	type variant struct {
		Variant  string   `json:"variant"`
		Answered []string `json:"answered"`
		Sync     struct {
			Result int `json:"result"`
		} `json:"sync_result"`
		Requests []map[string]any `json:"requests"`
		Kept     []lease.Lease    `json:"kept"`
		Logged   []string         `json:"logged"`
	}
	for _, file := range []struct {
		family      ctrl.Family
		variants    int
		third, last string // addresses at which pages end
	}{
		{ctrl.V4, 40, "10.77.30.3", "10.77.30.6"},
		{ctrl.V6, 43, "fd77::1:0:3003", "fd77::1:0:3006"},
	} {
		var good []string // three pages
		var all []variant
		for _, line := range recorded(t, fmt.Sprintf("v%d-answer-variants.pages.jsonl", file.family)) {
			var v variant
			require.NoError(t, json.Unmarshal(line, &v))
			if v.Variant == "three pages of 3, all good" {
				good = v.Answered
			}
			all = append(all, v)
		}
		require.Equal(t, file.variants, len(all))
		for _, v := range all {
			t.Run(fmt.Sprintf("v%d %s", file.family, v.Variant), func(t *testing.T) {
				t.Parallel()
				unread, kept, requests := 0, len(v.Kept), v.Requests
				if v.Sync.Result == 0 {
					unread = len(v.Logged)
				}
				switch v.Variant {
				case "three pages of 3, the last lease of the first without hostname":
					// Kea takes the page for the last: the others are never fetched.
					v.Answered = append(v.Answered, good[1:]...)
					kept = 6
					requests = append(requests, map[string]any{"from": file.third, "limit": 3.}, map[string]any{"from": file.last, "limit": 3.})
				case "state 3":
					unread, kept = 0, 2 // a state since Kea 2.7
				}
				page := 0
				k := newFakeKea(t, func(command string, _ map[string]any) string {
					if !isPage(command) {
						return keaSays(t, map[string]any{"result": 0})
					}
					page++
					return v.Answered[page-1]
				})
				store := openStore(t)
				p := pullFrom(t, k, store, func(o *pullerOptions) { o.family, o.limit = file.family, int(v.Requests[0]["limit"].(float64)) })
				err := p.run(t.Context())
				require.Equal(t, v.Sync.Result == 0, err == nil, "%v", err)
				require.False(t, errors.Is(err, errNotStored))
				require.Equal(t, unread, p.unread)
				var asked []map[string]any
				last := ""
				for _, r := range k.seen() {
					if isPage(r.Command) {
						asked = append(asked, r.Arguments)
					}
					last = r.Command
				}
				require.Equal(t, requests, asked)
				if err == nil {
					require.Equal(t, "ha-sync-complete-notify", last)
				} else {
					require.Equal(t, "dhcp-enable", last)
				}
				stored := leases(store)
				require.Len(t, stored, kept)
				for _, l := range v.Kept {
					require.Contains(t, stored, l)
				}
			})
		}
	}
}

// pagedKea is a Kea with leases whose service can be switched.
type pagedKea struct {
	leases []lease.Lease
	off    bool
	count  int              // commands so far
	fail   func(n int) bool // whether the n-th command fails
	how    string           // the failing answer
	notify int              // the result of ha-sync-complete-notify
}

func (k *pagedKea) answer(t *testing.T, command string, args map[string]any) string {
	k.count++
	if k.fail != nil && k.fail(k.count) {
		return k.how
	}
	response := map[string]any{"result": 0}
	switch command {
	case "dhcp-disable":
		k.off = true
	case "dhcp-enable":
		k.off = false
	case "ha-sync-complete-notify":
		response["result"] = k.notify
		k.off = k.off && k.notify != 0
	case "lease4-get-page":
		if !k.off {
			t.Error("a page is fetched while the service is on")
		}
		rest := k.leases
		if args["from"] != "start" {
			from := netip.MustParseAddr(args["from"].(string))
			rest = slices.DeleteFunc(slices.Clone(rest), func(l lease.Lease) bool { return !from.Less(l.Addr) })
		}
		rest = rest[:min(len(rest), int(args["limit"].(float64)))]
		response["arguments"] = map[string]any{"leases": append([]lease.Lease{}, rest...), "count": len(rest)}
		if len(rest) == 0 {
			response["result"] = 3
		}
	default:
		t.Errorf("unexpected %s", command)
	}
	return keaSays(t, response)
}

func (k *pagedKea) start(t *testing.T) *fakeKea {
	return newFakeKea(t, func(command string, args map[string]any) string { return k.answer(t, command, args) })
}

func (k *pagedKea) requireOn(t *testing.T, server *fakeKea) {
	t.Helper()
	server.between(func() { require.False(t, k.off, "the service is off after %d commands", k.count) })
}

func someLeases(n int) []lease.Lease {
	all := make([]lease.Lease, n)
	for i := range all {
		all[i] = testLease(i, 1_700_000_000)
	}
	return all
}

func TestPullFailsAtAnyCommand(t *testing.T) {
	t.Parallel()
	const commands = 7 // three pages and the end
	for name, how := range map[string]string{
		"connection closed": "",
		"result 1":          httpAnswer([]byte(`[{"result":1,"text":"no"}]`)),
		"an object":         httpAnswer([]byte(`{"result":0,"text":"no"}`)),
		"no JSON":           httpAnswer([]byte(`[{"result":0,`)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := range commands {
				kea := &pagedKea{leases: someLeases(25), how: how, fail: func(i int) bool { return i == n+1 }}
				k, store := kea.start(t), openStore(t)
				p := pullFrom(t, k, store, nil)
				require.Error(t, p.run(t.Context()), "command %d", n+1)
				kea.requireOn(t, k)
				k.between(func() { kea.fail = nil })
				require.NoError(t, p.run(t.Context()))
				require.Equal(t, kea.leases, leases(store))
				kea.requireOn(t, k)
			}
		})
	}
}

func TestPullEnablesServiceWhenStopped(t *testing.T) {
	t.Parallel()
	kea := &pagedKea{leases: someLeases(25)}
	ctx, cancel := context.WithCancel(t.Context())
	k := newFakeKea(t, func(command string, args map[string]any) string {
		if command == "lease4-get-page" && args["from"] != "start" {
			cancel()
			return ""
		}
		return kea.answer(t, command, args)
	})
	require.ErrorIs(t, pullFrom(t, k, openStore(t), nil).run(ctx), context.Canceled)
	kea.requireOn(t, k)
}

func TestPullGivesUpASlowPage(t *testing.T) {
	t.Parallel()
	kea := &pagedKea{}
	k := newFakeKea(t, func(command string, args map[string]any) string {
		if command == "lease4-get-page" {
			return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[" // and no more
		}
		return kea.answer(t, command, args)
	})
	p := pullFrom(t, k, openStore(t), func(o *pullerOptions) { o.timeout = 20 * time.Millisecond })
	require.ErrorIs(t, p.run(t.Context()), errNoAnswer)
	kea.requireOn(t, k)
}

func TestPullFromKeaWithoutNotify(t *testing.T) {
	t.Parallel()
	kea := &pagedKea{leases: someLeases(3), notify: ctrl.Unsupported}
	k, store := kea.start(t), openStore(t)
	require.NoError(t, pullFrom(t, k, store, nil).run(t.Context()))
	kea.requireOn(t, k)
	require.Len(t, leases(store), 3)
}

func TestPullNewestWins(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	store := openStore(t)
	commit := func(c lease.Change) { t.Helper(); require.NoError(t, store.Commit(t.Context(), c)) }
	mine := func(n int, cltt int64) lease.Lease {
		l := testLease(n, cltt)
		l.Hostname = "mine"
		return l
	}
	commit(lease.Change{Lease: mine(1, then-1)})
	commit(lease.Change{Lease: mine(2, then)})
	commit(lease.Change{Lease: mine(3, then+1)})
	// The clock was ahead when the last one was removed.
	for n, removed := range map[int]int64{4: then - 1, 5: then, 6: then + 1, 7: then + 60} {
		commit(lease.Change{Lease: mine(n, then-100)})
		commit(lease.Change{Lease: lease.Lease{Type: lease.V4, Addr: mine(n, 0).Addr, CLTT: removed}, Delete: true})
	}
	commit(lease.Change{Lease: mine(9, then)}) // the peer has it not
	kea := &pagedKea{leases: someLeases(9)}
	kea.leases[8].SubnetID = 2 // not of this relationship
	p := pullFrom(t, kea.start(t), store, func(o *pullerOptions) {
		o.owns = func(l lease.Lease) bool { return l.SubnetID == 1 }
		o.now = func() time.Time { return time.Unix(then+30, 0) }
	})
	require.NoError(t, p.run(t.Context()))
	got := map[string]string{}
	for l := range store.All() {
		got[l.Addr.String()] = l.Hostname
		change, ok := store.Last(l.Key())
		require.True(t, ok)
		if l.Hostname == "mine" {
			require.Zero(t, change.Source)
		} else {
			require.Equal(t, lease.Foreign, change.Source, "it is not sent back")
		}
	}
	require.Equal(t, map[string]string{
		"192.0.2.0": "", "192.0.2.1": "", "192.0.2.2": "mine", "192.0.2.3": "mine",
		"192.0.2.4": "", "192.0.2.7": "", "192.0.2.9": "mine",
	}, got)
}

// A Kea that repeats a page for ever does not keep this server fetching.
func TestPullEndsOnPagesThatDoNotGoOn(t *testing.T) {
	t.Parallel()
	kea := &pagedKea{leases: someLeases(10)}
	k := newFakeKea(t, func(command string, args map[string]any) string {
		if command == "lease4-get-page" {
			args["from"] = "start"
		}
		return kea.answer(t, command, args)
	})
	require.ErrorContains(t, pullFrom(t, k, openStore(t), nil).run(t.Context()), "no lease of the page comes after 192.0.2.9")
	kea.requireOn(t, k)
}

func TestPullTellsWhenTheStoreIsToBlame(t *testing.T) {
	t.Parallel()
	kea := &pagedKea{leases: someLeases(3)}
	store := openStore(t)
	require.NoError(t, store.Close())
	k := kea.start(t)
	err := pullFrom(t, k, store, nil).run(t.Context())
	require.ErrorIs(t, err, errNotStored)
	require.ErrorIs(t, err, lease.ErrClosed)
	kea.requireOn(t, k)
}

func FuzzPullRead(f *testing.F) {
	f.Add([]byte(`[{"client-id":"01:02:00:5e:30:00:01","cltt":1795322618,"fqdn-fwd":false,"fqdn-rev":false,"hostname":"","hw-address":"02:00:5e:30:00:01","ip-address":"10.77.30.1","state":0,"subnet-id":1,"valid-lft":3600}]`))
	f.Add([]byte(`[{"ip-address":"10.77.30.1"},{"ip-address":7},7,null,{"ip-address":"fe80::1%eth0"}]`))
	f.Add([]byte(`[{"type":"IA_NA","ip-address":"fd77::1","duid":"01:02:03","iaid":1,"preferred-lft":1,"cltt":1,"fqdn-fwd":false,"fqdn-rev":false,"hostname":"","state":0,"subnet-id":1,"valid-lft":3600}]`))
	f.Fuzz(func(t *testing.T, page []byte) {
		if !json.Valid(page) {
			return
		}
		raw, _ := leasesIn(fmt.Appendf(nil, `{"leases":%s}`, page))
		p := &puller{peer: &peer{}, opts: pullerOptions{family: ctrl.V4, log: slog.New(slog.DiscardHandler)}}
		found, last := p.read(raw), p.last(raw)
		if len(found)+p.unread != len(raw) {
			t.Fatalf("%d read, %d not, of %d", len(found), p.unread, len(raw))
		}
		for _, l := range found {
			if l.Type != lease.V4 || last.Less(l.Addr) {
				t.Fatal(fmt.Sprint(l.Type, l.Addr, last))
			}
		}
	})
}
