package lease

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCommit is a new lease a commit, by so many at the same time.
func BenchmarkCommit(b *testing.B) {
	for _, committers := range []int{1, 64, 1024} {
		b.Run(strconv.Itoa(committers), func(b *testing.B) {
			s := openTest(b)
			b.ReportAllocs()
			var wg sync.WaitGroup
			for first := range committers {
				wg.Go(func() {
					for n := first; n < b.N; n += committers {
						if err := s.Commit(context.Background(), Change{Lease: v4(n)}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leases/s")
		})
	}
}

// BenchmarkRenew is a lease of a hundred thousand renewed a commit.
func BenchmarkRenew(b *testing.B) {
	const leases, committers = 100_000, 1024
	s := openTest(b)
	fill(b, s, leases)
	b.ResetTimer()
	var wg sync.WaitGroup
	for first := range committers {
		wg.Go(func() {
			for n := first; n < b.N; n += committers {
				l := v4(rand.IntN(leases))
				l.CLTT += int64(n)
				if err := s.Commit(context.Background(), Change{Lease: l}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leases/s")
}

// BenchmarkCommitMark is 8,192 new leases a commit, as a partner sends them
// after an outage. An operation is a lease.
func BenchmarkCommitMark(b *testing.B) {
	const each = 8192
	s := openTest(b)
	changes := make([]Change, each)
	b.ReportAllocs()
	for n := 0; n < b.N; n += each {
		b.StopTimer()
		for i := range changes {
			changes[i] = Change{Lease: v4((n + i) * 7919 % (1 << 24)), Source: uint64(n + i + 1)}
			changes[i].Lease.CLTT = 1_700_000_000
		}
		b.StartTimer()
		if err := s.CommitMark(context.Background(), "partner", Position{1, uint64(n)}, changes...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIterate goes through two hundred thousand leases, as who sends all of
// them does. An operation is a lease.
func BenchmarkIterate(b *testing.B) {
	const leases = 200_000
	s := openTest(b)
	fill(b, s, leases)
	b.Run("since", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; {
			for range s.Since(0) {
				if n++; n >= b.N {
					break
				}
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; {
			for range s.All() {
				if n++; n >= b.N {
					break
				}
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	const leases = 100_000
	s := openTest(b)
	fill(b, s, leases)
	for name, lookup := range map[string]func(Lease) bool{
		"address":   func(l Lease) bool { _, ok := s.Lookup(l.Key()); return ok },
		"client-id": func(l Lease) bool { return len(s.ByClientID(l.ClientID)) == 1 },
		"hostname":  func(l Lease) bool { return len(s.ByHostname(l.Hostname)) == 1 },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var of [1024]Lease
			for i := range of {
				of[i] = v4(rand.IntN(leases))
			}
			for i := 0; b.Loop(); i++ {
				if !lookup(of[i%len(of)]) {
					b.Fatal("not found")
				}
			}
		})
	}
}

// million makes the file of a store with a million leases.
func million(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "leases.db")
	s, err := Open(path, nil)
	require.NoError(b, err)
	fill(b, s, 1_000_000)
	require.NoError(b, s.Close())
	return path
}

// fill puts leases into a store: addresses in an order that is none, in the
// course of time, as clients come.
func fill(b *testing.B, s *Store, leases int) {
	changes := make([]Change, 0, 50_000)
	for i, n := range rand.Perm(leases) {
		l := v4(n)
		l.CLTT = 1_700_000_000 + int64(i)
		changes = append(changes, Change{Lease: l})
		if len(changes) == cap(changes) || i == leases-1 {
			require.NoError(b, s.Commit(context.Background(), changes...))
			changes = changes[:0]
		}
	}
}

func BenchmarkOpen1M(b *testing.B) {
	path := million(b)
	b.ResetTimer()
	for range b.N {
		s, err := Open(path, nil)
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, s.Close())
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/open")
}

// BenchmarkMemory1M tells what a lease of a million takes: of the heap, and of
// the process's memory apart from the pages of files, which the system takes
// back as it likes. It should run in a process of its own (-bench Memory).
func BenchmarkMemory1M(b *testing.B) {
	const leases = 1_000_000
	path := million(b)
	heap, resident := memory()
	start := time.Now()
	s, err := Open(path, nil)
	took := time.Since(start)
	require.NoError(b, err)
	heap2, resident2 := memory()
	b.ReportMetric(float64(heap2-heap)/leases, "heap-B/lease")
	b.ReportMetric(float64(resident2-resident)/leases, "rss-B/lease")
	b.ReportMetric(took.Seconds(), "s/open")
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size())/leases, "file-B/lease")
	require.NoError(b, s.Close())
}

func memory() (heap, resident int64) {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	if _, after, ok := bytes.Cut(status, []byte("RssAnon:")); ok {
		fmt.Sscan(string(after), &resident)
	}
	return int64(m.HeapAlloc), resident << 10
}
