package ha

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A lease whose last change the peer has not acknowledged is no base for an
// answer, however the attempt to tell it has ended.
func TestConfirmedOnlyOnceAcknowledged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"taken":            {nil, true},
		"another holder":   {errRejected, false},
		"refused":          {errUnacknowledged, false},
		"peer not reached": {errors.New("connection reset"), false},
	} {
		for _, echo := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s echo=%v", name, echo), func(t *testing.T) {
				t.Parallel()
				store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				f := newFeed(store, 0, maxWaiting, nil)
				t.Cleanup(f.close)
				f.setEcho(echo)
				l := lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.1"), HWAddr: []byte{1, 2, 3, 4, 5, 6}, SubnetID: 1, CLTT: 1, ValidLft: 60}
				require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: l}))
				l, _ = store.Lookup(l.Key())
				require.False(t, f.confirmed(l.Key(), l.Revision), "it waits")
				batch, _, err := f.take(t.Context(), 10)
				require.NoError(t, err)
				require.False(t, f.confirmed(l.Key(), l.Revision), "it is on its way")
				f.done(batch, func(int) error { return tt.err })
				require.Equal(t, tt.want, f.confirmed(l.Key(), l.Revision))
				// Where the peer stands may be found anew; that is no answer.
				f.restart(l.Revision)
				require.Equal(t, !errors.Is(tt.err, errRejected) && !errors.Is(tt.err, errUnacknowledged), f.confirmed(l.Key(), l.Revision))
				// Whose it is has come from elsewhere.
				l.HWAddr = []byte{6, 5, 4, 3, 2, 1}
				require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: l, Source: 1}))
				l, _ = store.Lookup(l.Key())
				require.True(t, f.confirmed(l.Key(), l.Revision))
			})
		}
	}
}
