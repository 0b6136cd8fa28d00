package hastatus

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// night is when the scenes are.
var night = time.Date(2026, 11, 22, 3, 12, 40, 0, time.Local)

// scene is a page and what it tells of, which a test changes.
type scene struct {
	*Page
	store *lease.Store

	mu     sync.Mutex
	status ha.Status
	now    time.Time
}

// newScene returns the page of a server with pools and leases.
func newScene(t testing.TB, st ha.Status) *scene {
	t.Helper()
	s := &scene{status: st, now: night}
	var err error
	s.store, err = lease.Open(filepath.Join(t.TempDir(), "leases.db"), &lease.Options{Now: s.clock})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.store.Close()) })
	pools, err := lease.NewAllocator(s.store, []lease.PoolSpec{
		{SubnetID: 1, First: netip.MustParseAddr("192.0.2.10"), Last: netip.MustParseAddr("192.0.2.199")},
		{SubnetID: 2, First: netip.MustParseAddr("198.51.100.10"), Last: netip.MustParseAddr("198.51.100.49")},
		{SubnetID: 3, First: netip.MustParseAddr("203.0.113.16"), Last: netip.MustParseAddr("203.0.113.31")},
	})
	require.NoError(t, err)
	t.Cleanup(pools.Close)
	s.Page = New(&Options{Status: s.read, Leases: s.store, Pools: pools.Pools, Now: s.clock})
	return s
}

func (s *scene) read() ha.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *scene) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// becomes has the servers be as told.
func (s *scene) becomes(st ha.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = st
}

// add adds leases.
func (s *scene) add(t testing.TB, leases ...lease.Lease) {
	t.Helper()
	var changes []lease.Change
	for _, l := range leases {
		changes = append(changes, lease.Change{Lease: l})
	}
	require.NoError(t, s.store.Commit(context.Background(), changes...))
}

// leaseOf is a lease like that of any client.
func leaseOf(addr string, n int, name string) lease.Lease {
	hw := []byte{2, 0, 0, 0, byte(n >> 8), byte(n)}
	l := lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1, HWAddr: hw, ClientID: append([]byte{1}, hw...),
		CLTT: night.Unix() - int64(60*n), ValidLft: 4 * 3600, Hostname: name,
	}
	switch addr[:3] {
	case "198":
		l.SubnetID = 2
	case "203":
		l.SubnetID = 3
	}
	return l
}

// crowd are the leases of an office.
func crowd() (all []lease.Lease) {
	for i := range 71 {
		all = append(all, leaseOf(fmt.Sprintf("192.0.2.%d", 10+i), i, []string{"printer", "laptop", "phone", "desk"}[i%4]+fmt.Sprintf("-%d.example.org", i)))
	}
	for i := range 31 {
		all = append(all, leaseOf(fmt.Sprintf("198.51.100.%d", 10+i), 100+i, fmt.Sprintf("camera-%d", i)))
	}
	for i := range 3 {
		all = append(all, leaseOf(fmt.Sprintf("203.0.113.%d", 16+i), 200+i, ""))
	}
	declined := &all[5]
	declined.State, declined.HWAddr, declined.ClientID, declined.Hostname = lease.Declined, nil, nil, ""
	return all
}

// pair is a pair in hot-standby in normal operation, seen by its primary.
func pair() ha.Status {
	return ha.Status{
		Relationships: []ha.RelationshipStatus{{
			Server: "server1", Mode: ha.HotStandby, Role: ha.Primary, State: ha.StateHotStandby, AutoFailover: true,
			Serves: []string{"server1"},
			Partner: &ha.PartnerStatus{
				Name: "server2", Role: ha.Standby, State: ha.StateHotStandby, Heard: night.Add(-2 * time.Second),
				ClockOffset: 40 * time.Millisecond,
			},
			Peers: []ha.PeerStatus{{Name: "server2", Role: ha.Standby, Kind: ha.KindOurs}},
		}},
		Service:   ctrl.ServiceState{},
		Listeners: []ha.ListenerStatus{{URL: "http://192.0.2.1:8000/"}},
	}
}

// seenByStandby is the same pair, seen by the other.
func seenByStandby() ha.Status {
	st := pair()
	r := &st.Relationships[0]
	r.Server, r.Role, r.Serves, r.Idle = "server2", ha.Standby, nil, "standing by for the primary"
	r.Partner.Name, r.Partner.Role, r.Partner.Serves = "server1", ha.Primary, []string{"server1"}
	r.Peers[0].Name, r.Peers[0].Role = "server1", ha.Primary
	return st
}

// balanced is a pair in load-balancing.
func balanced() ha.Status {
	st := pair()
	r := &st.Relationships[0]
	r.Mode, r.State = ha.LoadBalancing, ha.StateLoadBalancing
	r.Partner.Role, r.Partner.State, r.Partner.Serves = ha.Secondary, ha.StateLoadBalancing, []string{"server2"}
	r.Peers[0].Role = ha.Secondary
	return st
}

const refusedText = "dial tcp 192.0.2.2:8000: connect: connection refused"

// falls has the partner fall silent, some time ago.
func falls(st ha.Status, ago time.Duration, t *ha.Takeover) ha.Status {
	r := &st.Relationships[0]
	r.Partner.State, r.Partner.Heard, r.Partner.Takeover = ha.StateUnavailable, night.Add(-ago), t
	r.Peers[0].Error, r.Peers[0].Pending = "ha: "+r.Partner.Name+": "+refusedText, 12
	return st
}

// dead is a partner that was taken for down.
func dead() ha.Status {
	st := falls(seenByStandby(), 9*time.Minute+12*time.Second, nil)
	r := &st.Relationships[0]
	r.State, r.Serves, r.Idle, r.Waits = ha.StatePartnerDown, []string{"server1"}, "", "the partner to come back"
	r.Peers[0].Error = "ha: server1: dial tcp 192.0.2.1:8000: connect: no route to host"
	return st
}

// with changes a status.
func with(st ha.Status, change func(st *ha.Status, r *ha.RelationshipStatus)) ha.Status {
	change(&st, &st.Relationships[0])
	return st
}
