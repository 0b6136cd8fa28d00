package hametrics

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// played is high availability that is in a state the test wants.
type played struct {
	status ha.Status
	scope  func(lease.Lease) string
}

func (p *played) Status() ha.Status { return p.status }

func (p *played) Scope(l lease.Lease) string { return p.scope(l) }

// busy is the status of a server that has to tell of everything there is.
func busy() ha.Status {
	return ha.Status{
		StoreFailed: true,
		Service:     ctrl.ServiceState{ByUser: true, ByPartner: []ctrl.Origin{ctrl.OriginPartner}},
		Listeners:   []ha.ListenerStatus{{URL: "http://192.0.2.1:8000/"}, {URL: "http://192.0.2.1:8001/", Error: "in use"}},
		Relationships: []ha.RelationshipStatus{{
			Server: "one", Mode: ha.LoadBalancing, Role: ha.Primary, State: ha.StateCommunicationRecovery,
			Paused: true, Serves: []string{"one"}, Unguarded: []string{"a", "b"},
			Partner: &ha.PartnerStatus{
				Name: "two", Role: ha.Secondary, State: ha.StateUnavailable, Heard: time.Unix(1_800_000_000, 500_000_000),
				Interrupted: true, Takeover: &ha.Takeover{In: 1500 * time.Millisecond, Clients: 3},
				ClockOffset: -2 * time.Second, ConfigDiffers: true, StoreFailed: true,
			},
			Sync: &ha.SyncStatus{From: "two", Since: time.Unix(1_800_000_001, 0), Done: 30, Of: 40},
			Peers: []ha.PeerStatus{
				{Name: "keeper", Role: ha.Backup},
				{Name: "two", Role: ha.Secondary, Pending: 5, Behind: true, Lag: 70, Missing: 8, Refused: 9, Error: "connection refused"},
			},
			Conflicts: ha.Conflicts{Kept: 1, Taken: 2, Outdated: 3, Shared: 4},
		}},
	}
}

// all returns metrics that have something of each sort to tell.
func all(t *testing.T) *Metrics {
	store := openStore(t)
	allocator, err := lease.NewAllocator(store, []lease.PoolSpec{
		{SubnetID: 7, First: netip.MustParseAddr("192.0.2.10"), Last: netip.MustParseAddr("192.0.2.19")},
	})
	require.NoError(t, err)
	t.Cleanup(allocator.Close)
	m := New(Options{
		HA:     &played{status: busy(), scope: func(lease.Lease) string { return "one" }},
		Leases: store, Pools: allocator.Pools,
		Server: func() ServerCounters {
			return ServerCounters{
				Received: map[string]uint64{"DISCOVER": 11}, Sent: map[string]uint64{"OFFER": 12},
				Dropped: map[string]uint64{"too short": 13}, InFlight: 14,
			}
		},
	})
	began := time.Unix(1_800_000_000, 0)
	m.ObserveExchange(Exchange{
		Type: "REQUEST", Outcome: "sent", Received: began, Begun: began.Add(time.Millisecond),
		Answered: began.Add(10 * time.Millisecond), Sent: began.Add(11 * time.Millisecond),
	})
	m.ObserveCommit(ha.CommitTiming{Changes: 2, Disk: time.Millisecond, Partner: 2 * time.Millisecond, Awaited: 1})
	return m
}

func openStore(t testing.TB) *lease.Store {
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

// gather returns what is exported, by name. What Prometheus would not take is a
// failure.
func gather(t *testing.T, m prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(m))
	families, err := registry.Gather()
	require.NoError(t, err)
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// List has all that is exported, and nothing else, as it is exported.
func TestListIsWhatIsExported(t *testing.T) {
	t.Parallel()
	exported := gather(t, all(t))
	listed := map[string]Metric{}
	for _, m := range List() {
		require.NotContains(t, listed, m.Name)
		listed[m.Name] = m
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(listed)), slices.Collect(maps.Keys(exported)))
	for name, f := range exported {
		m := listed[name]
		require.Equal(t, m.Help, f.GetHelp())
		require.Equal(t, m.Type.String(), strings.ToLower(f.GetType().String()), name)
		for _, one := range f.GetMetric() {
			var labels []string
			for _, l := range one.GetLabel() {
				labels = append(labels, l.GetName())
			}
			require.ElementsMatch(t, m.Labels, labels, name)
		}
	}
}

// Describe tells of the same metrics as List.
func TestDescribe(t *testing.T) {
	t.Parallel()
	ch := make(chan *prometheus.Desc, 1000)
	New(Options{}).Describe(ch)
	close(ch)
	var described []string
	for desc := range ch {
		described = append(described, desc.String())
	}
	require.Len(t, described, len(List()))
	for _, m := range List() {
		require.True(t, slices.ContainsFunc(described, func(text string) bool {
			return strings.Contains(text, `fqName: "`+m.Name+`", help: "`+m.Help+`"`)
		}), m.Name)
	}
}

// The names and units are as Prometheus wants them, and each metric says what it
// means.
func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.CollectAndLint(all(t))
	require.NoError(t, err)
	require.Empty(t, problems)
	for _, m := range List() {
		require.Regexp(t, `^dhcpha_[a-z_]+$`, m.Name)
		require.True(t, strings.HasSuffix(m.Help, "."), "%s: %s", m.Name, m.Help)
		for _, label := range m.Labels {
			require.NotContains(t, []string{"job", "instance", "le"}, label, m.Name)
		}
	}
	require.Equal(t, "untyped", Type(0).String())
	require.Equal(t, "untyped", Type(99).String())
}

// What is not given is not exported, and what has come to nothing is not told of.
func TestNothingToTell(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"dhcpha_commit_changes_total"}, slices.Collect(maps.Keys(gather(t, New(Options{})))))

	quiet := busy()
	r := &quiet.Relationships[0]
	r.Sync, r.Partner.Takeover, r.Partner.Heard = nil, nil, time.Time{}
	exported := gather(t, New(Options{HA: &played{status: quiet}}))
	for _, name := range []string{
		"dhcpha_ha_sync_start_timestamp_seconds", "dhcpha_ha_sync_done_revisions", "dhcpha_ha_sync_target_revisions",
		"dhcpha_ha_takeover_seconds", "dhcpha_ha_takeover_clients", "dhcpha_ha_partner_last_heard_timestamp_seconds",
		"dhcpha_leases", "dhcpha_pool_size", "dhcpha_queries_in_flight",
	} {
		require.NotContains(t, exported, name)
	}
	for _, name := range []string{"dhcpha_ha_sync_running", "dhcpha_ha_takeover_pending"} {
		require.Zero(t, exported[name].GetMetric()[0].GetGauge().GetValue(), name)
	}

	r.Partner = nil // a backup has none
	require.NotContains(t, gather(t, New(Options{HA: &played{status: quiet}})), "dhcpha_ha_partner_state")
}

// A name from a configuration that is not UTF-8 costs no more than itself.
func TestLabelsThatAreNoText(t *testing.T) {
	t.Parallel()
	status := busy()
	status.Relationships[0].Server = "one\xff"
	m := New(Options{HA: &played{status: status}, Server: func() ServerCounters {
		return ServerCounters{Dropped: map[string]uint64{"\xfe": 1}}
	}})
	m.ObserveExchange(Exchange{Type: "\xff", Outcome: "\xfe"})
	exported := gather(t, m)
	require.Equal(t, "one\uFFFD", exported["dhcpha_ha_serving"].GetMetric()[0].GetLabel()[0].GetValue())
	require.Contains(t, exported, "dhcpha_dropped_total")
	require.Contains(t, exported, "dhcpha_exchanges_total")
}

// What is observed is counted by what it is.
func TestEvents(t *testing.T) {
	t.Parallel()
	m := all(t)
	began := time.Unix(1_800_000_000, 0)
	m.ObserveExchange(Exchange{Type: "REQUEST", Outcome: "silent", Received: began, Begun: began.Add(time.Second), Answered: began.Add(3 * time.Second)})
	m.ObserveExchange(Exchange{Type: "DISCOVER", Outcome: "shed", Received: began})
	m.ObserveCommit(ha.CommitTiming{Changes: 1, Disk: time.Second, Err: errors.New("not acknowledged"), Awaited: 1, Partner: 3 * time.Second})
	m.ObserveCommit(ha.CommitTiming{Changes: 1, Err: errors.New("nobody is served")})
	m.ObserveCommit(ha.CommitTiming{Changes: 1, Disk: time.Millisecond})
	require.NoError(t, testutil.CollectAndCompare(m, strings.NewReader(`
# HELP dhcpha_commit_changes_total Lease changes in those commits.
# TYPE dhcpha_commit_changes_total counter
dhcpha_commit_changes_total 5
# HELP dhcpha_commits_total Commits of lease changes for clients, by result: ok, or failed, which no client was told of.
# TYPE dhcpha_commits_total counter
dhcpha_commits_total{result="failed"} 2
dhcpha_commits_total{result="ok"} 2
# HELP dhcpha_exchanges_total Queries that have come to an end, by type of message and outcome.
# TYPE dhcpha_exchanges_total counter
dhcpha_exchanges_total{outcome="sent",type="REQUEST"} 1
dhcpha_exchanges_total{outcome="shed",type="DISCOVER"} 1
dhcpha_exchanges_total{outcome="silent",type="REQUEST"} 1
`), "dhcpha_commit_changes_total", "dhcpha_commits_total", "dhcpha_exchanges_total"))

	exported := gather(t, m)
	times := func(metric, label string) (n uint64, seconds float64) {
		for _, one := range exported[metric].GetMetric() {
			if slices.ContainsFunc(one.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == label }) {
				n += one.GetHistogram().GetSampleCount()
				seconds += one.GetHistogram().GetSampleSum()
			}
		}
		return n, seconds
	}
	for _, tt := range []struct {
		metric, label string
		n             uint64
		seconds       float64
	}{
		{"dhcpha_exchange_seconds", "queue", 2, 1.001},
		{"dhcpha_exchange_seconds", "answer", 2, 2.009},
		{"dhcpha_exchange_seconds", "send", 1, 0.001},
		{"dhcpha_exchange_seconds", "total", 1, 0.011},
		{"dhcpha_exchange_seconds", "DISCOVER", 0, 0},
		{"dhcpha_commit_seconds", "disk", 3, 1.002},
		{"dhcpha_commit_seconds", "partner", 2, 3.002},
	} {
		n, seconds := times(tt.metric, tt.label)
		require.Equal(t, tt.n, n, "%s of %s", tt.metric, tt.label)
		require.InDelta(t, tt.seconds, seconds, 1e-9, "%s of %s", tt.metric, tt.label)
	}
}

// What comes from the store is what is in it.
func TestStore(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	for i, l := range []lease.Lease{
		{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.1"), HWAddr: []byte{1}},
		{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.2"), State: lease.Declined},
		{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::1"), ClientID: []byte{1}, State: lease.Registered},
	} {
		l.SubnetID, l.CLTT, l.ValidLft = 7, 1_800_000_000, 3600
		require.NoError(t, store.Commit(context.Background(), lease.Change{Lease: l}), i)
	}
	require.NoError(t, testutil.CollectAndCompare(New(Options{Leases: store}), strings.NewReader(`
# HELP dhcpha_leases Leases in the store, by type (V4, IA_NA, IA_PD) and state; the expired ones are assigned until they are reclaimed. Each server of a pair has them all: take one server's.
# TYPE dhcpha_leases gauge
dhcpha_leases{state="assigned",type="IA_NA"} 0
dhcpha_leases{state="assigned",type="IA_PD"} 0
dhcpha_leases{state="assigned",type="V4"} 1
dhcpha_leases{state="declined",type="IA_NA"} 0
dhcpha_leases{state="declined",type="IA_PD"} 0
dhcpha_leases{state="declined",type="V4"} 1
dhcpha_leases{state="expired-reclaimed",type="IA_NA"} 0
dhcpha_leases{state="expired-reclaimed",type="IA_PD"} 0
dhcpha_leases{state="expired-reclaimed",type="V4"} 0
dhcpha_leases{state="registered",type="IA_NA"} 1
dhcpha_leases{state="released",type="IA_NA"} 0
dhcpha_leases{state="released",type="IA_PD"} 0
dhcpha_leases{state="released",type="V4"} 0
# HELP dhcpha_store_revision Number of the latest change of a lease in the store, here made or taken over. It falls if an older file is put back.
# TYPE dhcpha_store_revision gauge
dhcpha_store_revision 3
`), "dhcpha_leases", "dhcpha_store_revision"))
}

// Several may collect at the same time, while leases change, queries are answered
// and high availability begins anew.
func TestManyCollect(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	allocator, err := lease.NewAllocator(store, testPools)
	require.NoError(t, err)
	t.Cleanup(allocator.Close)
	m := New(Options{Leases: store, Pools: allocator.Pools})
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(m))
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for range 3 {
		tasks.Go(func() {
			for range 20 {
				_, err := registry.Gather()
				assert.NoError(t, err)
			}
		})
	}
	for i := range byte(20) {
		m.Watch(&played{status: *pair("one"), scope: byLast})
		m.ObserveExchange(Exchange{Type: "REQUEST", Outcome: "sent", Received: time.Now(), Begun: time.Now()})
		m.ObserveCommit(ha.CommitTiming{Changes: 1, Disk: 1})
		l := lease.Lease{Type: lease.V4, Addr: netip.AddrFrom4([4]byte{192, 0, 2, i}), SubnetID: 1, HWAddr: []byte{i}, ValidLft: 1}
		require.NoError(t, store.Commit(context.Background(), lease.Change{Lease: l}))
	}
}
