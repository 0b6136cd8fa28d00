package ha

import (
	"context"
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// What Commit of a Service costs beyond that of the store: the difference of
// the two. A thousand at a time commit; the partner, in memory, has everything
// at once.
func BenchmarkCommitBeyondStore(b *testing.B) {
	store, err := lease.Open(filepath.Join(memoryDir(b), "leases.db"), nil)
	require.NoError(b, err)
	defer store.Close()
	b.Run("store", func(b *testing.B) { commitAtOnce(b, store) })
	b.Run("service", func(b *testing.B) { commitAtOnce(b, besidePartner(b, store, nil)) })
	b.Run("service, observed", func(b *testing.B) {
		commitAtOnce(b, besidePartner(b, store, &Options{OnCommit: func(CommitTiming) {}}))
	})
}

// besidePartner returns a Service in normal operation with a partner that takes
// what it is told.
func besidePartner(b *testing.B, store *lease.Store, opts *Options) *Service {
	cfg := pairConfig(HotStandby, "server1")
	cfg.Peers[0].URL, cfg.Peers[1].URL = "http://192.0.2.1:8000/", "http://192.0.2.2:8000/"
	s, err := New([]*Config{cfg}, store, opts)
	require.NoError(b, err)
	r := s.relationships[0]
	partner := r.partner.replica
	partner.opts.changes = func(f *feed) sender { return takingAll{f} }
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { partner.run(ctx) })
	b.Cleanup(func() { cancel(); running.Wait() })
	partner.greet(true)
	r.view.Store(&view{state: StateHotStandby, serving: true, updates: updatesAwaited, awaited: []*replica{partner}})
	return s
}

// takingAll is the sender to a peer that has everything at once.
type takingAll struct{ *feed }

func (t takingAll) run(ctx context.Context) error {
	for {
		batch, _, err := t.take(ctx, maxChanges)
		if err != nil {
			return err
		}
		t.done(batch, func(int) error { return nil })
	}
}

// commitAtOnce makes leases, a thousand at a time.
func commitAtOnce(b *testing.B, to lease.Committer) {
	var n atomic.Int64
	now := time.Now().Unix()
	b.ReportAllocs()
	b.ResetTimer()
	var clients sync.WaitGroup
	for range 1000 {
		clients.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				addr := [4]byte{10, 0, 0, 1}
				binary.BigEndian.PutUint16(addr[2:], uint16(i))
				err := to.Commit(b.Context(), lease.Change{Lease: lease.Lease{
					Type: lease.V4, Addr: netip.AddrFrom4(addr), SubnetID: 1, HWAddr: []byte{2, 0, 0, 0, addr[2], addr[3]},
					CLTT: now, ValidLft: 3600,
				}})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
}
