package ha

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// FuzzReceived hands the commands by which a Kea updates leases whatever their
// arguments are, twice, in either order. No lease becomes older than it was known
// to be, and none that is newer is removed by who knew an older one.
func FuzzReceived(f *testing.F) {
	const update = `{"ip-address":"192.0.2.7","hw-address":"02:00:00:00:00:01","subnet-id":1,"force-create":true,"valid-lft":3600,"state":0,"expire":`
	f.Add([]byte(update+`1000003600}`), []byte(update+`1000003500}`), byte(0))
	f.Add([]byte(update+`1000003600,"hostname":"x","fqdn-fwd":true}`), []byte(`{"ip-address":"192.0.2.7","cltt":999999000,"fqdn-fwd":false,"fqdn-rev":false,"hostname":"","hw-address":"02:00:00:00:00:01","state":0,"subnet-id":1,"valid-lft":3600}`), byte(2))
	f.Add([]byte(update+`1000003600}`), []byte(`{"ip-address":"192.0.2.7"}`), byte(2))
	store, err := lease.Open(memoryDir(f)+"/leases.db", nil)
	require.NoError(f, err)
	f.Cleanup(func() { store.Close() })
	f.Fuzz(func(t *testing.T, first, second []byte, how byte) {
		for l := range store.All() { // so that a find can be repeated
			require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: l, Delete: true}))
		}
		r := &received{store: store, log: slog.New(slog.DiscardHandler)}
		mux := ctrl.NewMux()
		r.handle(mux, ctrl.V4, oneSubnet{})
		for i, args := range [][]byte{first, second} {
			if !json.Valid(args) {
				return
			}
			name := "lease4-update"
			if how>>i&1 != 0 {
				name = "lease4-del"
			}
			before := map[lease.Key]lease.Lease{}
			for l := range store.All() {
				before[l.Key()] = l
			}
			told := removals(args)
			answer := mux.Handler(name)(t.Context(), args)
			for k, was := range before {
				is, there := store.Lookup(k)
				if cltt, ok := told[k]; !there && ok {
					require.GreaterOrEqual(t, cltt+int64(tolerance/time.Second), was.CLTT, "an older one has removed it")
				}
				if there {
					require.GreaterOrEqual(t, is.CLTT+int64(tolerance/time.Second), was.CLTT, "it has become older")
				}
				if answer.Result != ctrl.Success {
					require.Equal(t, was, is, "%s", answer.Text)
				}
			}
			for l := range store.All() {
				last, _ := store.Last(l.Key())
				require.Equal(t, lease.Foreign, last.Source, "it is told to nobody")
			}
		}
	})
}
