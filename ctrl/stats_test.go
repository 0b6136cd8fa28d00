package ctrl

import (
	"encoding/json"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$`)

// undated replaces the times of samples.
func undated(v any) any {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for i, e := range v {
				if s, ok := e.(string); ok && timestamp.MatchString(s) {
					v[i] = "then"
				}
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return modernize(v)
}

func TestStatisticCommandsAsRecorded(t *testing.T) {
	const ours = "each server has its own"
	var s Stats
	for _, name := range []string{
		"cumulative-assigned-addresses", "declined-addresses", "pkt4-ack-received", "pkt4-ack-sent",
		"pkt4-decline-received", "pkt4-discover-received", "pkt4-inform-received", "pkt4-nak-received",
		"pkt4-nak-sent", "pkt4-offer-received", "pkt4-offer-sent", "pkt4-parse-failed", "pkt4-receive-drop",
		"pkt4-received", "pkt4-release-received", "pkt4-request-received", "pkt4-sent", "pkt4-unknown-received",
		"reclaimed-declined-addresses", "reclaimed-leases", "v4-allocation-fail", "v4-allocation-fail-classes",
		"v4-allocation-fail-no-pools", "v4-allocation-fail-shared-network", "v4-allocation-fail-subnet",
		"v4-reservation-conflicts",
	} {
		s.Stat(name)
	}
	for _, id := range []string{"1", "2"} {
		for _, name := range []string{
			"assigned-addresses", "cumulative-assigned-addresses", "declined-addresses",
			"reclaimed-declined-addresses", "reclaimed-leases", "total-addresses", "v4-reservation-conflicts",
		} {
			s.Stat("subnet[" + id + "]." + name)
		}
	}
	// As when Kea starts: the first value replaces the neutral one.
	s.Stat("subnet[1].total-addresses").reset()
	s.Stat("subnet[1].total-addresses").samples[0].value = 4096
	s.Stat("subnet[2].total-addresses").samples[0].value = 0

	mux := NewMux()
	HandleStats(mux, &s)
	HandleVersion(mux, "1.2.3")
	store := openStore(t)
	defer store.Close()
	HandleLeases(mux, V4, store, store, subnetList{subnet(1, "10.77.0.0/16")})
	stop := store.Observe(func(_, l *lease.Lease) { s.Stat("subnet[1].assigned-addresses").Add(1) })
	defer stop()
	replay(t, "kea-statistics.jsonl", mux, time.Time{}, undated, map[string]string{
		`{"command":"version-get","arguments":{"x":1}}`:   ours,
		`{"command":"build-report"}`:                      ours,
		`{"command":"list-commands","arguments":{"x":1}}`: ours,
		`{"command":"status-get"}`:                        "left to who serves DHCP",
	})
}

func values(st *Stat) []int64 {
	var all []int64
	for _, s := range st.history() {
		all = append(all, s.value)
	}
	return all
}

// The newest samples are kept, 20 of them or as many as asked for.
func TestStatCount(t *testing.T) {
	t.Parallel()
	var s Stats
	st := s.Stat("x")
	for range 100 {
		st.Add(1)
	}
	require.Len(t, values(st), 20)
	require.Equal(t, int64(100), st.Value())
	st.retain(retention{count: 3})
	require.Equal(t, []int64{100, 99, 98}, values(st))
	for range 4 {
		st.Add(1)
	}
	require.Equal(t, []int64{104, 103, 102}, values(st))
	st.retain(retention{count: 5})
	st.Set(-7)
	require.Equal(t, []int64{-7, 104, 103, 102}, values(st))
	st.reset()
	require.Equal(t, []int64{0}, values(st))

	// However many are asked for.
	_, err := parseCount(arguments{"max-samples": json.RawMessage("4000000000")}, false)
	require.NoError(t, err)
	st.retain(retention{age: time.Hour})
	for range 2 * maxSamples {
		st.Add(1)
	}
	require.Len(t, values(st), maxSamples)
}

// By age, the newest sample is kept however old it is.
func TestStatAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Stats
		st := s.Stat("x")
		st.retain(retention{age: 10 * time.Second})
		for range 5 {
			time.Sleep(4 * time.Second)
			st.Add(1)
		}
		require.Equal(t, []int64{5, 4, 3}, values(st))
		time.Sleep(time.Hour)
		require.Equal(t, []int64{5}, values(st))
	})
}

// The configuration's limits hold for what there is and for what comes later.
// Kea 2.2.0 keeps as many.
func TestStatsSetSamples(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			count int
			age   time.Duration
			kept  int
		}{
			{5, time.Hour, 5}, {5, time.Second, 5}, {0, time.Second, 2}, {0, 0, 1}, {0, time.Hour, 31}, {maxSamples + 1, 0, 31},
		} {
			var s Stats
			early := s.Stat("early")
			s.SetSamples(c.count, c.age)
			late := s.Stat("late")
			for _, st := range []*Stat{early, late} {
				for n := range 30 {
					if n == 28 {
						time.Sleep(2 * time.Second)
					}
					st.Add(1)
				}
				require.Len(t, values(st), c.kept, "%+v", c)
				require.LessOrEqual(t, st.keep.size(), maxSamples)
			}
		}
	})
}

// A statistic that a command has removed comes back with its next value; one
// that its owner has removed does not.
func TestStatRemoved(t *testing.T) {
	t.Parallel()
	var s Stats
	st := s.Stat("x")
	st.Add(5)
	st.remove()
	require.Nil(t, s.get("x"))
	require.Empty(t, s.all())
	st.Add(2)
	require.Equal(t, []int64{2}, values(s.get("x")))
	s.Remove("x")
	st.Add(1)
	require.Nil(t, s.get("x"))
}

func TestStatFunc(t *testing.T) {
	t.Parallel()
	var s Stats
	n := int64(7)
	s.Func("x", func() int64 { return n })
	st := s.Stat("x")
	st.Add(1)
	st.Set(1)
	st.retain(retention{count: 5})
	st.reset()
	require.Equal(t, int64(7), st.Value())
	n = 8
	require.Equal(t, []int64{8}, values(s.get("x")))
	st.remove()
	require.Nil(t, s.get("x"))
}

func TestStatsConcurrently(t *testing.T) {
	t.Parallel()
	var s Stats
	mux := NewMux()
	HandleStats(mux, &s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				s.Stat("x").Add(1)
			}
		})
		all.Go(func() {
			for range 50 {
				post(mux, `{"command":"statistic-get-all"}`)
				post(mux, `{"command":"statistic-sample-count-set-all","arguments":{"max-samples":7}}`)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(2000), s.Stat("x").Value())
}

func BenchmarkStatAdd(b *testing.B) {
	var s Stats
	st := s.Stat("x")
	for b.Loop() {
		st.Add(1)
	}
}
