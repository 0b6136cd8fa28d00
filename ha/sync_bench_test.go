package ha

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

const (
	benchPages = 10
	benchPage  = 10_000 // leases
)

// keaPages returns leases as a Kea shows them, in full pages and an empty one.
func keaPages(tb testing.TB) (answers []string, pages [][]byte) {
	for p := range benchPages + 1 {
		body := []byte(`{"count":10000,"leases":[`)
		for i := range benchPage {
			if p == benchPages {
				break
			}
			if i > 0 {
				body = append(body, ',')
			}
			n := p*benchPage + i
			l := testLease(n, time.Now().Unix())
			l.Addr = netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
			l.ClientID, l.Hostname = append([]byte{1}, l.HWAddr...), fmt.Sprintf("client-%d.example.org", i)
			one, err := l.MarshalJSON()
			require.NoError(tb, err)
			body = append(body, one...)
		}
		body = append(body, ']', '}')
		pages = append(pages, keatext.Encode(body))
		answers = append(answers, httpAnswer(keatext.Encode(fmt.Appendf(nil, `[{"arguments":%s,"result":0,"text":"10000 IPv4 lease(s) found."}]`, body))))
	}
	return answers, pages
}

// A synchronization from a Kea that has its answers ready.
func BenchmarkPull(b *testing.B) {
	answers, _ := keaPages(b)
	next := 0
	k := newFakeKea(b, func(command string, _ map[string]any) string {
		if !isPage(command) {
			return says(keaDone)
		}
		next++
		return answers[next-1]
	})
	peer := k.peer(b, ctrl.V4)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		next = 0
		store, err := lease.Open(filepath.Join(memoryDir(b), "leases.db"), nil)
		require.NoError(b, err)
		b.StartTimer()
		p := newPuller(peer, store, pullerOptions{
			family: ctrl.V4, sender: "server2", origin: ctrl.OriginPartner,
			limit: benchPage, timeout: time.Minute, period: time.Minute, now: time.Now, log: slog.New(slog.DiscardHandler),
		})
		require.NoError(b, p.run(b.Context()))
		b.StopTimer()
		require.Equal(b, benchPages*benchPage, store.Count(0, lease.Assigned, lease.V4))
		require.NoError(b, store.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchPages*benchPage), "ns/lease")
}
