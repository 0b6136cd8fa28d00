package ha

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// loopback starts a pair that talks by TCP and returns it in normal operation.
func loopback(b *testing.B, mode Mode) []*Service {
	normal := make(chan struct{}, 2)
	var urls []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		urls = append(urls, "http://"+l.Addr().String()+"/")
		require.NoError(b, l.Close())
	}
	var pair []*Service
	for _, name := range []string{"server1", "server2"} {
		cfg := pairConfig(mode, name)
		cfg.HeartbeatDelay = new(uint32(100))
		cfg.Peers[0].URL, cfg.Peers[1].URL = urls[0], urls[1]
		store, err := lease.Open(b.TempDir()+"/leases.db", nil)
		require.NoError(b, err)
		s, err := New([]*Config{cfg}, store, &Options{OnState: func(c StateChange) {
			if c.To == normalIn(mode) {
				normal <- struct{}{}
			}
		}})
		require.NoError(b, err)
		mux := ctrl.NewMux()
		s.Register(mux)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, mux, oneSubnet{}) }()
		b.Cleanup(func() {
			stop()
			require.NoError(b, <-done)
			require.NoError(b, store.Close())
		})
		pair = append(pair, s)
	}
	<-normal
	<-normal
	return pair
}

// A query that is answered here, and one that is left to the partner: a standby
// receives all of them.
func BenchmarkAdmit(b *testing.B) {
	client := lease.Client{ID: []byte{1, 2, 0, 0, 0, 0, 1}, HWAddr: []byte{2, 0, 0, 0, 0, 1}}
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		pair := loopback(b, mode)
		for i, name := range []string{"served", "left"} {
			b.Run(fmt.Sprintf("%v/%s", mode, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, serve := pair[i].Admit(client, 0, nil); serve != (i == 0) {
						b.Fatal("it is another server's")
					}
				}
			})
		}
	}
}

// Commit of a new lease: durable here and at the partner, many at a time.
func BenchmarkCommit(b *testing.B) {
	pair := loopback(b, HotStandby)
	var n atomic.Uint32
	now := time.Now().Unix()
	b.SetParallelism(200)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			var addr [4]byte
			binary.BigEndian.PutUint32(addr[:], 192<<24+i)
			err := pair[0].Commit(b.Context(), lease.Change{Lease: lease.Lease{
				Type: lease.V4, Addr: netip.AddrFrom4(addr), SubnetID: 1,
				HWAddr: addr[:], CLTT: now, ValidLft: 3600,
			}})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "leases/s")
}
