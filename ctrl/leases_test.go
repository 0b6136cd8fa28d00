package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// committerFunc lets a test come between a command and its commit.
type committerFunc func(ctx context.Context, changes ...lease.Change) error

func (f committerFunc) Commit(ctx context.Context, changes ...lease.Change) error {
	return f(ctx, changes...)
}

// run sends a command to a Mux and reads the reply.
func run(t *testing.T, mux *Mux, command string, args any) *Reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"command": command, "arguments": args})
	require.NoError(t, err)
	reply, err := parseReply(post(mux, string(body)).Body.Bytes(), false)
	require.NoError(t, err)
	return reply
}

func leaseMux(t *testing.T) (*lease.Store, *Mux, *committerFunc) {
	t.Helper()
	store := openStore(t)
	t.Cleanup(func() { store.Close() })
	commit := committerFunc(store.Commit)
	mux := NewMux()
	c := committerFunc(func(ctx context.Context, changes ...lease.Change) error { return commit(ctx, changes...) })
	HandleLeases(mux, V4, store, c, subnetList{subnet(1, "10.77.0.0/16")})
	HandleLeases(mux, V6, store, c, subnetList{subnet(1, "fd77::/64")})
	return store, mux, &commit
}

func lease4(addr string, more ...any) map[string]any {
	l := map[string]any{"ip-address": addr, "hw-address": "02:00:00:00:00:01"}
	for i := 0; i < len(more); i += 2 {
		l[more[i].(string)] = more[i+1]
	}
	return l
}

// Commands of a partner go through a committer that says so. They find what
// there is, wherever that came from, and a removal is one of this moment.
func TestCommandsFromElsewhere(t *testing.T) {
	t.Parallel()
	store, mux, commit := leaseMux(t)
	*commit = func(ctx context.Context, changes ...lease.Change) error {
		for i := range changes {
			changes[i].Source = lease.Foreign
		}
		return store.Commit(ctx, changes...)
	}
	k := lease.Key{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.1")}
	last := func() lease.Change {
		c, ok := store.Last(k)
		require.True(t, ok)
		return c
	}
	long := lease4("10.77.0.1", "force-create", true, "valid-lft", 3600, "expire", 1_700_003_600)
	for range 2 {
		require.Zero(t, run(t, mux, "lease4-update", long).Result)
		require.Equal(t, lease.Foreign, last().Source)
		require.EqualValues(t, 1_700_000_000, last().Lease.CLTT)
	}
	require.Zero(t, run(t, mux, "lease4-del", map[string]any{"ip-address": "10.77.0.1"}).Result)
	require.True(t, last().Delete)
	require.Equal(t, lease.Foreign, last().Source)
	require.Greater(t, last().Lease.CLTT, int64(1_700_000_000))

	*commit = store.Commit
	require.Zero(t, run(t, mux, "lease4-add", long).Result)
	require.Zero(t, last().Source, "made here")
	require.Zero(t, run(t, mux, "lease4-wipe", map[string]any{"subnet-id": 1}).Result)
	require.True(t, last().Delete)
	require.Zero(t, last().Source)
	require.Greater(t, last().Lease.CLTT, int64(1_700_000_000))
}

// Whatever happens to a lease between the look at it and the commit, an update
// overwrites nothing that it has not seen.
func TestUpdateConflicts(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]lease.Change{
		"changed": {Lease: lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.1"), SubnetID: 1, Hostname: "other"}},
		"deleted": {Lease: lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.1")}, Delete: true},
		"added":   {Lease: lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.2"), SubnetID: 1, Hostname: "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, mux, commit := leaseMux(t)
			require.Zero(t, run(t, mux, "lease4-add", lease4("10.77.0.1")).Result)
			*commit = func(ctx context.Context, changes ...lease.Change) error {
				require.NoError(t, store.Commit(ctx, meanwhile))
				return store.Commit(ctx, changes...)
			}
			addr := meanwhile.Lease.Addr.String()
			reply := run(t, mux, "lease4-update", lease4(addr, "hostname", "mine", "force-create", true))
			require.Equal(t, Conflict, reply.Result)
			require.Contains(t, reply.Text, "a retry might succeed")
			got, ok := store.Lookup(meanwhile.Lease.Key())
			require.Equal(t, !meanwhile.Delete, ok)
			require.Equal(t, meanwhile.Lease.Hostname, got.Hostname)
		})
	}
}

// What is not durable is not said to be done.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	store, mux, commit := leaseMux(t)
	require.Zero(t, run(t, mux, "lease4-add", lease4("10.77.0.1")).Result)
	*commit = func(context.Context, ...lease.Change) error { return errors.New("disk full") }
	for command, args := range map[string]any{
		"lease4-add":    lease4("10.77.0.2"),
		"lease4-update": lease4("10.77.0.1"),
		"lease4-del":    map[string]any{"ip-address": "10.77.0.1"},
		"lease4-wipe":   map[string]any{},
	} {
		reply := run(t, mux, command, args)
		require.Equal(t, Error, reply.Result, command)
		require.Contains(t, reply.Text, "disk full", command)
	}
	_, ok := store.Lookup(lease.Key{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.1")})
	require.True(t, ok)
}

// A bulk is one commit; where that cannot be, each lease succeeds or fails by
// itself.
func TestBulkApply(t *testing.T) {
	t.Parallel()
	store, mux, commit := leaseMux(t)
	var sizes []int
	*commit = func(ctx context.Context, changes ...lease.Change) error {
		sizes = append(sizes, len(changes))
		for _, c := range changes {
			if c.Lease.Addr == netip.MustParseAddr("fd77::bad") {
				return lease.ErrConflict
			}
		}
		return store.Commit(ctx, changes...)
	}
	lease6 := func(addr string) map[string]any {
		return map[string]any{"ip-address": addr, "duid": "00:01:02:03", "iaid": 1}
	}
	apply := func(deleted, leases []any) *Reply {
		return run(t, mux, "lease6-bulk-apply", map[string]any{"deleted-leases": deleted, "leases": leases})
	}
	reply := apply(nil, []any{lease6("fd77::1"), lease6("fd77::2"), lease6("fd77::3")})
	require.Equal(t, "the 'deleted-leases' parameter must be a list", reply.Text) // null is none

	reply = apply([]any{}, []any{lease6("fd77::1"), lease6("fd77::2"), lease6("fd77::3")})
	require.Equal(t, &Reply{Text: "Bulk apply of 3 IPv6 leases completed."}, reply)
	require.Equal(t, []int{3}, sizes)

	sizes = nil
	reply = apply([]any{lease6("fd77::1")}, []any{lease6("fd77::1"), lease6("fd77::bad")})
	require.Equal(t, "Bulk apply of 2 IPv6 leases completed.", reply.Text)
	require.Equal(t, []int{3, 1, 1, 1}, sizes)
	require.JSONEq(t, `{"failed-leases":[{"type":"IA_NA","ip-address":"fd77::bad","result":4,"error-message":
		"failed to update the lease with address fd77::bad either because the lease has been deleted or it has changed in the database, in both cases a retry might succeed"}]}`,
		string(reply.Arguments))
	_, ok := store.Lookup(lease.Key{Type: lease.NA, Addr: netip.MustParseAddr("fd77::1")})
	require.True(t, ok)

	reply = apply([]any{}, []any{lease6("fd77::bad")})
	require.Equal(t, Empty, reply.Result)
	var result *ResultError
	require.ErrorAs(t, reply.err(), &result)
	require.Equal(t, Conflict, result.Code)
}

func TestGetByState(t *testing.T) {
	t.Parallel()
	_, mux, _ := leaseMux(t)
	for i := range 4 {
		run(t, mux, "lease4-add", lease4(fmt.Sprintf("10.77.0.%d", i+1), "state", i))
		run(t, mux, "lease4-add", lease4(fmt.Sprintf("10.77.1.%d", i+1), "state", i))
	}
	for state, want := range map[any]string{
		0: "10.77.0.1", "default": "10.77.0.1", "assigned": "10.77.0.1", 1: "10.77.0.2", "declined": "10.77.0.2",
		2: "10.77.0.3", "expired-reclaimed": "10.77.0.3", 3: "10.77.0.4", "released": "10.77.0.4",
	} {
		reply := run(t, mux, "lease4-get-by-state", map[string]any{"state": state})
		require.Equal(t, "2 IPv4 lease(s) found.", reply.Text, state)
		var list struct{ Leases []lease.Lease }
		require.NoError(t, json.Unmarshal(reply.Arguments, &list))
		require.Equal(t, want, list.Leases[0].Addr.String())
	}
	require.Equal(t, Empty, run(t, mux, "lease4-get-by-state", map[string]any{"state": 0, "subnet-id": 7}).Result)
	for _, bad := range []any{4, -1, "registered", "", nil, 1.5, []int{1}} {
		require.Equal(t, Error, run(t, mux, "lease4-get-by-state", map[string]any{"state": bad}).Result, bad)
	}
}

// Paging sees every lease once, also while others come and go.
func TestPages(t *testing.T) {
	t.Parallel()
	_, mux, _ := leaseMux(t)
	const n = 57
	for i := range n {
		require.Zero(t, run(t, mux, "lease4-add", lease4(fmt.Sprintf("10.77.%d.%d", i%3, i))).Result)
	}
	seen := make(map[string]bool)
	for from := "start"; ; {
		reply := run(t, mux, "lease4-get-page", map[string]any{"from": from, "limit": 10})
		var page struct {
			Count  int
			Leases []lease.Lease
		}
		require.NoError(t, json.Unmarshal(reply.Arguments, &page))
		require.Len(t, page.Leases, page.Count)
		for _, l := range page.Leases {
			require.False(t, seen[l.Addr.String()])
			seen[l.Addr.String()] = true
			from = l.Addr.String()
		}
		if page.Count < 10 {
			break
		}
	}
	require.Len(t, seen, n)
}

// inet_pton knows no zones, no mapped addresses in IPv4's place, and no zeros
// in front.
func TestAddressText(t *testing.T) {
	t.Parallel()
	_, mux, _ := leaseMux(t)
	for command, bad := range map[string][]string{
		"lease4-get": {"10.77.0.01", "10.77.0", " 10.77.0.1", "::ffff:10.77.0.1"},
		"lease6-get": {"fe80::1%eth0", "fd77::1::", "10.77.0.1"},
	} {
		for _, text := range bad {
			require.Equal(t, Error, run(t, mux, command, map[string]any{"ip-address": text}).Result, text)
		}
	}
}

// A wipe of more leases than one commit takes is complete.
func TestWipeInBatches(t *testing.T) {
	t.Parallel()
	store, mux, commit := leaseMux(t)
	var changes []lease.Change
	for i := range 2*wipeBatch + 1 {
		addr := netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)})
		changes = append(changes, lease.Change{Lease: lease.Lease{Type: lease.V4, Addr: addr, SubnetID: 1, CLTT: 1, ValidLft: 1}})
	}
	require.NoError(t, store.Commit(t.Context(), changes...))
	var sizes []int
	*commit = func(ctx context.Context, changes ...lease.Change) error {
		sizes = append(sizes, len(changes))
		return store.Commit(ctx, changes...)
	}
	reply := run(t, mux, "lease4-wipe", map[string]any{"subnet-id": 1})
	require.Equal(t, &Reply{Text: "Deleted 2001 IPv4 lease(s) from subnet(s) 1"}, reply)
	require.Equal(t, []int{1000, 1000, 1}, sizes)
	require.Equal(t, Empty, run(t, mux, "lease4-get-all", map[string]any{"subnets": []int{1}}).Result)
}

// However often a command names a subnet, its leases come once.
func TestSubnetsListedAgain(t *testing.T) {
	t.Parallel()
	store, mux, _ := leaseMux(t)
	l := lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.77.0.1"), SubnetID: 77, CLTT: 1, ValidLft: 1}
	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: l}))
	require.Equal(t, "1 IPv4 lease(s) found.", run(t, mux, "lease4-get-all", map[string]any{"subnets": []int{77, 78, 77, 77}}).Text)
}

// An answer has an end, however many leases there are: who asks for all of too
// many is told how to get them.
func TestTooManyToList(t *testing.T) {
	t.Parallel()
	c := &leaseCommands{family: V4}
	some := func(n int) iter.Seq[lease.Lease] {
		return func(yield func(lease.Lease) bool) {
			for i := range n {
				addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
				if !yield(lease.Lease{Type: lease.V4, Addr: addr}) {
					return
				}
			}
		}
	}
	leases, err := c.gather(nil, some(maxListed))
	require.NoError(t, err)
	require.Len(t, leases, maxListed)
	_, err = c.gather(leases[:1], some(maxListed))
	require.ErrorContains(t, err, "lease4-get-page")

	_, mux, _ := leaseMux(t)
	reply := run(t, mux, "lease4-get-page", map[string]any{"from": "start", "limit": maxListed + 1})
	require.Equal(t, Error, reply.Result)
	require.Equal(t, Empty, run(t, mux, "lease4-get-page", map[string]any{"from": "start", "limit": maxListed}).Result)
}

func BenchmarkPage(b *testing.B) {
	store, err := lease.Open(b.TempDir()+"/leases.db", nil)
	require.NoError(b, err)
	defer store.Close()
	var changes []lease.Change
	for i := range 10000 {
		l := keaLease()
		l.Addr = netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)})
		changes = append(changes, lease.Change{Lease: *l})
	}
	require.NoError(b, store.Commit(b.Context(), changes...))
	mux := NewMux()
	HandleLeases(mux, V4, store, store, subnetList{})
	for b.Loop() {
		if post(mux, `{"command":"lease4-get-page","arguments":{"from":"start","limit":10000}}`).Code != 200 {
			b.Fatal("no page")
		}
	}
}
