package ha

import (
	"iter"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// walker fetches pages as a Kea does.
type walker struct {
	t    *testing.T
	mux  *ctrl.Mux
	from string
}

// page fetches the next page and says whether there are more.
func (w *walker) page(limit int) bool {
	w.t.Helper()
	if w.from == "" {
		w.from = "start"
	}
	request, err := ctrl.ParseRequest(fmtRequest(w.t, "lease4-get-page", map[string]any{"from": w.from, "limit": limit}))
	require.NoError(w.t, err)
	leases := w.mux.Run(w.t.Context(), request).Arguments.(*ctrl.LeaseList).Leases
	if len(leases) > 0 {
		w.from = leases[len(leases)-1].Addr.String()
	}
	return len(leases) == limit
}

func walkable(t *testing.T, n int) (*walks, *lease.Store, func() *walker) {
	store, mux, w := openStore(t), ctrl.NewMux(), new(walks)
	for i := range n {
		require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: testLease(i, 1_700_000_000)}))
	}
	ctrl.HandleLeases(mux, ctrl.V4, store, store, oneSubnet{})
	w.watch(mux, ctrl.V4, store)
	return w, store, func() *walker { return &walker{t: t, mux: mux} }
}

func TestWalkToTheEnd(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 10, 11, 20, 25} {
		w, store, start := walkable(t, n)
		began := store.Revision()
		peer := start()
		for more := true; more; {
			_, done := w.completed()
			require.False(t, done, "%d leases", n)
			more = peer.page(10)
			// What changes meanwhile the peer may have missed.
			require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: testLease(0, 1_700_000_001)}))
		}
		rev, done := w.completed()
		require.True(t, done, "%d leases", n)
		require.Equal(t, began, rev)
		_, done = w.completed()
		require.False(t, done, "it counts once")
	}
}

func TestWalkGivenUp(t *testing.T) {
	t.Parallel()
	w, store, start := walkable(t, 25)
	peer := start()
	require.True(t, peer.page(10))
	require.True(t, peer.page(10))
	// It takes the second page for the last, as a Kea that cannot read its end.
	_, done := w.completed()
	require.False(t, done)

	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: testLease(30, 1_700_000_000)}))
	again, began := start(), store.Revision()
	for again.page(10) {
	}
	rev, done := w.completed()
	require.True(t, done)
	require.Equal(t, began, rev, "it began anew")
}

func TestWalksTogether(t *testing.T) {
	t.Parallel()
	w, store, start := walkable(t, 25)
	a, b := start(), start()
	first := store.Revision()
	require.True(t, a.page(10))
	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: testLease(0, 1_700_000_001)}))
	require.True(t, b.page(10)) // sees more than a
	for b.page(10) {
	}
	rev, done := w.completed() // b
	require.True(t, done)
	require.GreaterOrEqual(t, rev, first)
	for a.page(10) {
	}
	rev, done = w.completed() // a
	require.True(t, done)
	require.Equal(t, first, rev, "a is not believed to have seen what b has")
}

func TestWalksWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := new(walks)
		page := []lease.Lease{testLease(0, 1)}
		for i := range 10 * maxWalks {
			w.page("start", 1, page, uint64(i))
			w.page("nonsense", 1, page, uint64(i))
			w.page("192.0.2.77", 1, page, uint64(i))
		}
		require.Len(t, w.all, maxWalks)
		time.Sleep(walkIdle + time.Second)
		w.page("start", 2, page, 1000)
		rev, done := w.completed()
		require.True(t, done)
		require.Equal(t, uint64(1000), rev)
	})
}

// oneSubnet is 192.0.0.0/8 with the number 1.
type oneSubnet struct{}

var theSubnet = ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("192.0.0.0/8"), ValidLft: 3600}

func (oneSubnet) Subnet(id uint32) (ctrl.Subnet, bool) { return theSubnet, id == 1 }
func (oneSubnet) Subnets() iter.Seq[ctrl.Subnet] {
	return func(yield func(ctrl.Subnet) bool) { yield(theSubnet) }
}
