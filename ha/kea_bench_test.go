package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// The feed and the sender, without a disk: a server that answers at once sets
// the pace. Half of the time is the server's, which is in the same process.
func BenchmarkKeaSender(b *testing.B) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		b.Run(fmt.Sprintf("v%d", family), func(b *testing.B) {
			mux := ctrl.NewMux()
			for _, command := range []string{"lease4-update", "lease6-bulk-apply"} {
				mux.Handle(command, func(context.Context, json.RawMessage) ctrl.Response { return ctrl.Response{} })
			}
			cfg := &Config{Mode: LoadBalancing}
			p, err := newPeer(cfg, Peer{Name: "server2", URL: serveMux(b, mux)}, &Options{Family: family})
			require.NoError(b, err)
			defer p.client.Close()

			h := newFakeHistory()
			f := newFeed(h, 0, maxWaiting, nil)
			f.gate(true, true)
			var left atomic.Int64
			left.Store(int64(b.N))
			all := make(chan struct{})
			f.answered = func(_ lease.Change, err error) {
				if err != nil {
					b.Error(err)
				}
				if left.Add(-1) == 0 {
					close(all)
				}
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			s := &keaSender{peer: p, feed: f, family: family, workers: cfg.clientThreads(), forgotten: h.Revision}
			go func() { s.run(ctx); close(ended) }()

			b.ReportAllocs()
			for i := range b.N {
				for f.size() > maxWaiting/2 {
					runtime.Gosched()
				}
				l := lease.Lease{
					Type: lease.V4, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
					HWAddr: []byte{2, 0, 0, 0, 0, 1}, ClientID: []byte{1, 2, 0, 0, 0, 0, 1}, Hostname: "client-1.example.org",
					SubnetID: 1, CLTT: 1_700_000_000, ValidLft: 3600,
				}
				if family == ctrl.V6 {
					l.Type, l.IAID, l.HWAddr = lease.NA, 1, nil
					l.Addr = netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 12: byte(i >> 24), 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)})
				}
				h.issued++
				l.Revision = h.issued
				f.Announced([]lease.Change{{Lease: l}})
			}
			<-all
			b.StopTimer()
			cancel()
			<-ended
		})
	}
}

func (f *feed) size() int { n, _ := f.pending(); return n }
