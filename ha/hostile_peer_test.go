package ha

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// A lease of a time beyond all dates does not hold up those that come with it,
// when times are corrected.
func TestChangesFarFuture(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	r := newReceiver(store, receiverOptions{role: Standby, primary: "server1"})
	far, near := changeOf(1, maxSeconds-10), changeOf(2, 1_700_000_000)
	far.Lease.ValidLft = 1
	m := &changesHead{server: "server1", to: lease.Position{Epoch: 1, Revision: 9}, offset: 3600}
	answer := take(t, r, messageOf(m, far, near))
	require.Zero(t, answer.result, answer.text)
	require.Empty(t, answer.failed)
	require.Equal(t, 2, store.Count(0, lease.Assigned, lease.V4))
	require.EqualValues(t, 9, r.applied("server1").Revision)
}

// Names are taken literally by those who answer and by those who look on.
func TestPageAskedTwice(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	var w walks
	mux := ctrl.NewMux()
	ctrl.HandleLeases(mux, ctrl.V4, store, store, oneSubnet{})
	w.watch(mux, ctrl.V4, store)
	args := json.RawMessage(`{"from":"start","limit":5,"LIMIT":0,"From":"192.0.2.1"}`)
	require.NotPanics(t, func() {
		require.Equal(t, ctrl.Empty, mux.Handler("lease4-get-page")(t.Context(), args).Result)
	})
	_, ok := w.completed()
	require.True(t, ok)
}
