package ha

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// overLoopback is the way to a receiver by HTTP.
type overLoopback struct{ client *ctrl.Client }

func (o overLoopback) link(ctx context.Context) (link, error) {
	p, err := o.client.Pipeline(ctx, changesType)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// receiving serves a receiver and returns the way to it, and what is told each
// time its mark has moved.
func receiving(b *testing.B, store *lease.Store) (way overLoopback, at func() lease.Position, moved chan struct{}) {
	moved = make(chan struct{}, 1)
	r := newReceiver(store, receiverOptions{role: Standby, primary: "server1", moved: func(string, []lease.Change) {
		select {
		case moved <- struct{}{}:
		default:
		}
	}})
	mux := ctrl.NewMux()
	mux.HandleMessage(changesType, func(ctx context.Context, body []byte) func() []byte {
		head, rest, err := parseHead(body)
		if err != nil {
			panic(err)
		}
		return r.take(ctx, head, rest)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&ctrl.HTTPServer{Mux: mux}).Serve(ctx, listener) }()
	b.Cleanup(func() {
		stop()
		require.NoError(b, <-done)
	})
	client, err := ctrl.NewClient("http://"+listener.Addr().String()+"/", nil)
	require.NoError(b, err)
	return overLoopback{client}, func() lease.Position { return r.applied("server1") }, moved
}

// follows runs a sender until the function is called.
func follows(b *testing.B, way linker, store *lease.Store) (stop func()) {
	f := newFeed(store, store.Revision(), 100_000, nil)
	f.gate(true, false)
	s := newChangeSender(way, store, f, changeSenderOptions{
		name: "server1", mutual: true, clock: new(clockOffset), seen: func() lease.Position { return lease.Position{} },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	return func() {
		cancel()
		<-done
		f.close()
	}
}

// What an empty server that returns gets, from both sides' disks and by TCP.
// Commits at the receiver meanwhile are not held up for long: the longest is
// reported.
func BenchmarkChangesFullTransfer(b *testing.B) {
	const leases = 200_000
	from := side(b, filepath.Join(b.TempDir(), "from"))
	fill(b, from, 0, leases, 1_700_000_000)
	var longest time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		to := side(b, filepath.Join(b.TempDir(), "to"))
		way, at, moved := receiving(b, to)
		ctx, cancel := context.WithCancel(b.Context())
		longest2 := make(chan time.Duration)
		go func() { longest2 <- slowestCommit(ctx, to) }()
		b.StartTimer()
		stop := follows(b, way, from)
		for at() != from.Position() {
			<-moved
		}
		b.StopTimer()
		stop()
		cancel()
		longest = max(longest, <-longest2)
		require.GreaterOrEqual(b, to.Count(0, lease.Assigned, lease.V4), leases)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N*leases)/b.Elapsed().Seconds(), "leases/s")
	b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-commit")
}

// slowestCommit commits a lease every ten milliseconds and returns how long the
// slowest took.
func slowestCommit(ctx context.Context, store *lease.Store) (longest time.Duration) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return longest
		}
		start := time.Now()
		c := changeOf(1<<24-1-i%1000, 1_700_000_000)
		c.Source = 0
		if store.Commit(context.Background(), c) == nil {
			longest = max(longest, time.Since(start))
		}
	}
}

// What a change costs at both sides together but for the receiver's disk, by
// how many come in a message: new ones, and renewals.
func BenchmarkChangesMessage(b *testing.B) {
	for _, n := range []int{1, 50, 500, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			to := side(b, filepath.Join(memoryDir(b), "to"))
			r := newReceiver(to, receiverOptions{role: Standby, primary: "server1"})
			list := make([]lease.Change, n)
			h := &changesHead{server: "server1", now: time.UnixMilli(1)}
			rev := uint64(0)
			var body bodyOf
			var message []byte
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				h.from, h.to = h.to, lease.Position{Epoch: 1, Revision: rev + uint64(n)}
				for i := range list {
					list[i] = changeOf(int(rev)%100_000, 1_700_000_000+int64(rev)/100_000)
					rev++
					list[i].Lease.Revision = rev
				}
				b.StartTimer()
				body.b, body.n = body.b[:0], 0
				for i := range list {
					require.NoError(b, body.add(&list[i]))
				}
				message = append(h.append(message[:0]), body.b...)
				head, rest, err := parseHead(message)
				require.NoError(b, err)
				answer, err := parseAnswer(r.take(b.Context(), head, rest)())
				require.NoError(b, err)
				require.Zero(b, answer.result)
				b.StopTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/change")
		})
	}
}
