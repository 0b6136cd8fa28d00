package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// normalIn is normal operation in a mode.
func normalIn(mode Mode) State {
	return map[Mode]State{HotStandby: StateHotStandby, LoadBalancing: StateLoadBalancing}[mode]
}

// bothKinds runs a test with pairs that know each other as of this kind, and
// with pairs that do not, which then speak as Kea does.
func bothKinds(t *testing.T, mode Mode, test func(t *testing.T, a, b *node), change ...func(*Config)) {
	t.Helper()
	for _, plain := range []bool{true, false} {
		t.Run(fmt.Sprintf("%s plain=%v", mode, plain), func(t *testing.T) {
			pairTest(t, mode, func(a, b *node) {
				a.plain, b.plain = plain, plain
				test(a.t, a, b)
			}, change...)
		})
	}
}

// normal starts both and waits for normal operation.
func normal(a, b *node) {
	a.start()
	b.start()
	a.until(normalIn(a.cfgs[0].Mode))
	b.until(normalIn(a.cfgs[0].Mode))
}

// Two servers that start together reach normal operation, and what one gives
// out is the other's when Commit returns.
func TestPairStartsAndReplicates(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		bothKinds(t, mode, func(t *testing.T, a, b *node) {
			a.start()
			b.start()
			require.Zero(t, a.serves()+b.serves())
			a.until(normalIn(mode))
			b.until(normalIn(mode))
			served := []int{a.serves(), b.serves()}
			require.Equal(t, map[Mode][]int{HotStandby: {256, 0}, LoadBalancing: {128, 128}}[mode], served)
			require.NoError(t, a.give("192.0.2.7", 7))
			require.NoError(t, b.give("192.0.2.8", 8))
			require.Equal(t, a.leases(), b.leases())
			require.Len(t, a.leases(), 2)
			for i, d := range []*node{a, b} {
				require.Len(t, d.updates, 1)
				require.Equal(t, []string{"server2", "server1"}[i], d.updates[0].Peer)
			}
		})
	}
}

// A standby takes over from a primary that is gone, within max-response-delay
// and a heartbeat, and gives back when it returns; nothing is lost.
func TestFailoverAndReturn(t *testing.T) {
	bothKinds(t, HotStandby, func(t *testing.T, a, b *node) {
		normal(a, b)
		require.NoError(t, a.give("192.0.2.7", 7))
		a.end()
		gone := time.Now()
		b.until(StatePartnerDown)
		require.LessOrEqual(t, time.Since(gone), 5200*time.Millisecond)
		require.Equal(t, 256, b.serves())
		require.NoError(t, b.give("192.0.2.8", 8))
		a.start()
		back := time.Now()
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		if !a.plain {
			// The first heartbeat is sent after a whole delay; then each step is
			// told to the other.
			require.LessOrEqual(t, time.Since(back), 2*time.Second)
		}
		require.Equal(t, 256, a.serves())
		require.Zero(t, b.serves())
		require.Len(t, a.leases(), 2)
		require.Equal(t, a.leases(), b.leases())
		require.NoError(t, a.give("192.0.2.9", 9))
		require.Equal(t, a.leases(), b.leases())
	})
}

// Servers that share clients serve on while they cannot reach each other, and
// have the same leases when they can again.
func TestCommunicationRecovery(t *testing.T) {
	bothKinds(t, LoadBalancing, func(t *testing.T, a, b *node) {
		normal(a, b)
		a.net.SetCut(true)
		a.until(StateCommunicationRecovery)
		b.until(StateCommunicationRecovery)
		require.NoError(t, a.give("192.0.2.7", 7))
		require.NoError(t, b.give("192.0.2.8", 8))
		require.Len(t, a.leases(), 1)
		time.Sleep(10 * time.Second) // no unanswered client: nobody takes over
		require.Equal(t, StateCommunicationRecovery, a.state())
		a.net.SetCut(false)
		a.until(StateLoadBalancing)
		b.until(StateLoadBalancing)
		synctest.Wait()
		require.Len(t, a.leases(), 2)
		require.Equal(t, a.leases(), b.leases())
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(2)) })
}

// A synchronization is given up with the state that it is for: a server that is
// reset meanwhile begins anew at once, and holds a Kea off no longer.
func TestSynchronizationGivenUp(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		a.plain, b.plain = true, true
		a.start()
		a.until(StatePartnerDown)
		var asked atomic.Int32
		over := make(chan struct{})
		defer close(over)
		a.mux.Handle("dhcp-disable", func(ctx context.Context, _ json.RawMessage) ctrl.Response {
			asked.Add(1)
			<-over
			return ctrl.Errorf("too late")
		})
		b.start()
		b.until(StateSyncing)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, asked.Load())
		require.Zero(t, b.run("ha-reset", "").Result)
		time.Sleep(100 * time.Millisecond) // much less than an answer is waited for
		synctest.Wait()
		require.Equal(t, StateSyncing, b.state())
		require.EqualValues(t, 2, asked.Load())
	})
}

// A server takes the clients of a silent partner over when enough of them go
// unanswered, and Status says how many that still are.
func TestUnansweredClients(t *testing.T) {
	bothKinds(t, LoadBalancing, func(t *testing.T, a, b *node) {
		normal(a, b)
		b.end()
		time.Sleep(6 * time.Second)
		require.Equal(t, StateCommunicationRecovery, a.state())
		require.Contains(t, a.Status().String(), "is taken for dead after 3 more unanswered clients")
		asked := 0
		for i := 0; a.state() == StateCommunicationRecovery && i < 256; i++ {
			if _, ok := a.Admit(lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, byte(i)}}, 2*time.Second, nil); !ok {
				asked++
			}
			synctest.Wait()
		}
		a.until(StatePartnerDown)
		require.Equal(t, 3, asked)
		require.Equal(t, 256, a.serves())
		classes, ok := a.Admit(lease.Client{HWAddr: []byte{0x52, 0x54, 0, 0x12, 0x34, 0x56}}, 0, nil)
		require.True(t, ok)
		require.Equal(t, []string{"HA_server1"}, classes) // by the hash, whoever serves
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(2)) })
}

// A commit that the partner does not confirm fails: the client is not told.
// What waits when the service ends is told so.
func TestCommitUnconfirmed(t *testing.T) {
	bothKinds(t, HotStandby, func(t *testing.T, a, b *node) {
		normal(a, b)
		a.net.SetCut(true)
		require.ErrorIs(t, a.give("192.0.2.7", 7), errUnacknowledged)
		a.net.SetCut(false)
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		time.Sleep(30 * time.Second)
		require.Equal(t, a.leases(), b.leases(), "it is sent again all the same")

		a.net.SetCut(true)
		done := make(chan error)
		go func() { done <- a.give("192.0.2.8", 8) }()
		synctest.Wait()
		a.stop()
		require.ErrorIs(t, <-done, errUnacknowledged)
		a.net.SetCut(false)
	})
}

// Nobody is served before Run and after it, and commands say so.
func TestNotRunning(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		normal(a, b)
		a.end()
		require.Zero(a.t, a.serves())
		require.Equal(a.t, ctrl.Error, a.run("ha-reset", "").Result)
		require.Error(a.t, a.Run(context.Background(), a.mux, oneSubnet{}), "twice")
		require.False(a.t, a.Service.opts.Switch.Enabled())

		store, err := lease.Open(t.TempDir()+"/leases.db", nil)
		require.NoError(a.t, err)
		defer store.Close()
		s, err := New(a.cfgs, store, nil)
		require.NoError(a.t, err)
		_, ok := s.Admit(lease.Client{HWAddr: []byte{1}}, 0, nil)
		require.False(a.t, ok)
		mux := ctrl.NewMux()
		s.Register(mux)
		require.Equal(a.t, "high availability is not running",
			mux.Run(context.Background(), &ctrl.Request{Command: "ha-reset"}).Text)
	})
}

// The clients are split as by the recorded pair of Kea servers.
func TestSplitAsRecorded(t *testing.T) {
	t.Parallel()
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		s := newSplit(pairConfig(LoadBalancing, "server1"), family)
		lines := recorded(t, fmt.Sprintf("v%d-lb-leases.hash.jsonl", family))
		require.Len(t, lines, 48)
		for _, line := range lines {
			var row struct {
				HWAddr   string   `json:"hw-address"`
				ClientID string   `json:"client-id"`
				DUID     string   `json:"duid"`
				Server   []string `json:"answered_by"`
			}
			require.NoError(t, json.Unmarshal(line, &row))
			i, ok := s.owner(octets(t, row.ClientID+row.DUID), octets(t, row.HWAddr))
			require.True(t, ok)
			require.Equal(t, row.Server[0], s.names[i], "%s", line)
		}
		_, ok := s.owner(nil, nil)
		require.False(t, ok, "who cannot be told apart is nobody's")
	}
}

func octets(t *testing.T, text string) []byte {
	if text == "" {
		return nil
	}
	l := lease.Lease{}
	err := l.UnmarshalJSON(fmt.Appendf(nil, `{"ip-address": "192.0.2.1", "hw-address": "%s", "subnet-id": 1, "cltt": 1, "valid-lft": 1,
		"fqdn-fwd": false, "fqdn-rev": false, "hostname": "", "state": 0}`, text))
	require.NoError(t, err)
	return l.HWAddr
}

// In load-balancing with a Kea, a server whose pools both would give addresses
// from stays off, says why, and leaves the clients to the Kea.
func TestUnguardedPools(t *testing.T) {
	pairTest(t, LoadBalancing, func(a, b *node) {
		b.plain = true
		a.opts.Unguarded = func(classes []string) []string {
			require.Equal(a.t, []string{"HA_server1", "HA_server2"}, classes)
			return []string{"subnet 1: 192.0.2.10-192.0.2.99"}
		}
		a.start()
		b.start()
		b.until(StatePartnerDown)
		require.Equal(a.t, StateWaiting, a.state())
		require.Zero(a.t, a.serves())
		require.Contains(a.t, a.Status().String(), "pools not guarded: subnet 1: 192.0.2.10-192.0.2.99")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(a.t, StateWaiting, a.state())
		require.Equal(a.t, StatePartnerDown, b.state())
		require.Equal(a.t, 256, b.serves())
	})
}

// A server that cannot store leases serves nobody until it can again.
func TestStoreFails(t *testing.T) {
	bothKinds(t, HotStandby, func(t *testing.T, a, b *node) {
		normal(a, b)
		full := errors.New("disk full")
		failing := make(chan struct{})
		a.health.write = func(ctx context.Context) error {
			select {
			case <-failing:
				return nil
			default:
				return full
			}
		}
		a.health.heed(context.Background(), full)
		a.until(StateWaiting)
		require.Zero(t, a.serves())
		require.Contains(t, a.Status().String(), "leases cannot be made durable here")
		for range 600 {
			if time.Sleep(100 * time.Millisecond); b.serves() == 256 {
				break
			}
		}
		require.Equal(t, 256, b.serves())
		require.NoError(t, b.give("192.0.2.8", 8))
		close(failing)
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		require.Equal(t, a.leases(), b.leases())
	})
}

// A server whose disk hangs does not leave its clients to nobody for ever.
func TestStoreHangs(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		normal(a, b)
		goOn := sync.OnceFunc(a.block())
		defer goOn()
		done := make(chan error, 1)
		go func() { done <- a.Commit(context.Background(), lease.Change{Lease: leaseOf("192.0.2.7", 7)}) }()
		a.until(StateWaiting)
		for range 600 {
			if time.Sleep(100 * time.Millisecond); b.serves() == 256 {
				break
			}
		}
		require.Equal(t, 256, b.serves())
		require.Contains(t, a.Status().String(), "leases cannot be made durable here")
		require.NoError(t, b.give("192.0.2.8", 8))
		goOn()
		require.ErrorIs(t, <-done, errNotServing)
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		synctest.Wait()
		for _, d := range []*node{a, b} {
			for client := range byte(2) {
				_, ok := d.has(fmt.Sprintf("192.0.2.%d", 7+client))
				require.True(t, ok)
			}
		}
	})
}

// A hub serves each of its relationships by itself: queries by the server that
// their subnet is assigned to, changes by the subnet of the lease.
func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		pair := func(hub, spoke string, i int, this string) *Config {
			c := pairConfig(HotStandby, this)
			c.Peers = []Peer{
				{Name: hub, Role: Primary, URL: "http://192.0.2.100:8000/"},
				{Name: spoke, Role: Standby, URL: fmt.Sprintf("http://192.0.2.%d:8000/", i)},
			}
			return c
		}
		hub := newNode(t, n, Options{}, pair("hub1", "spoke1", 1, "hub1"), pair("hub2", "spoke2", 2, "hub2"))
		one, two := newNode(t, n, Options{}, pair("hub1", "spoke1", 1, "spoke1")), newNode(t, n, Options{}, pair("hub2", "spoke2", 2, "spoke2"))
		for _, d := range []*node{hub, one, two} {
			d.subnets = assigned
			d.start()
			defer d.end()
		}
		one.until(StateHotStandby)
		two.until(StateHotStandby)
		admitted := func(server string) bool {
			classes, ok := hub.Admit(lease.Client{HWAddr: []byte{1}}, 0, func() string { return server })
			require.Equal(t, ok, len(classes) == 1 && classes[0] == "HA_"+strings.Replace(server, "spoke", "hub", 1))
			return ok
		}
		require.True(t, admitted("hub1"))
		require.True(t, admitted("spoke2"))
		require.False(t, admitted(""))
		require.False(t, admitted("nobody"))

		first, second := leaseOf("192.0.2.7", 7), leaseOf("198.51.100.7", 8)
		second.SubnetID = 2
		require.NoError(t, hub.Commit(t.Context(), lease.Change{Lease: first}))
		require.NoError(t, hub.Commit(t.Context(), lease.Change{Lease: second}))
		require.Len(t, one.leases(), 1)
		require.Len(t, two.leases(), 1)
		require.NoError(t, hub.Commit(t.Context(), lease.Change{Delete: true, Lease: lease.Lease{Type: lease.V4, Addr: second.Addr}}))
		require.Len(t, one.leases(), 1)
		require.Empty(t, two.leases())

		// A Kea that fetches leases holds off the relationship that it belongs
		// to, and no other.
		partner := hub.relationships[1].partner
		spoke := func(command, args string) {
			_, err := two.relationships[0].partner.client.Call(t.Context(), command, json.RawMessage(args))
			require.NoError(t, err)
		}
		spoke("dhcp-disable", `{"origin": "ha-partner", "origin-id": 2000, "max-period": 60}`)
		require.True(t, admitted("hub1"))
		require.False(t, admitted(partner.Name))
		spoke("ha-sync-complete-notify", `{"origin": 2000, "origin-id": 2000, "server-name": "spoke2"}`)
		require.True(t, admitted(partner.Name))

		// One relationship waits, the other serves on.
		require.Equal(t, ctrl.Success, hub.run("ha-reset", `{"server-name": "spoke2"}`).Result)
		require.True(t, admitted("hub1"))
		require.Equal(t, ctrl.Error, hub.run("ha-reset", `{"server-name": "nobody"}`).Result)
		two.end()
		time.Sleep(time.Second)
		require.True(t, admitted("hub1"))
		synctest.Wait()
	})
}

// twoSubnets are assigned to two servers.
type twoSubnets []ctrl.Subnet

var assigned = twoSubnets{
	{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24"), Server: "hub1"},
	{ID: 2, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Server: "spoke2"},
}

func (s twoSubnets) Subnet(id uint32) (ctrl.Subnet, bool) {
	if id < 1 || id > 2 {
		return ctrl.Subnet{}, false
	}
	return s[id-1], true
}

func (s twoSubnets) Subnets() iter.Seq[ctrl.Subnet] { return slices.Values(s) }

// DHCPv6 is kept by the same code: clients are told apart by their DUIDs.
func TestPairV6(t *testing.T) {
	bothKinds(t, LoadBalancing, func(t *testing.T, a, b *node) {
		for _, d := range []*node{a, b} {
			d.opts.Family = ctrl.V6
			d.subnets = twoSubnets{{ID: 1, Prefix: netip.MustParsePrefix("2001:db8::/64"), ValidLft: 3600}}
		}
		normal(a, b)
		primary, secondary := octets(t, "01:02:03:04:05"), octets(t, "00:03:00:01:52:54:00:12:34:56")
		for i, d := range []*node{a, b} {
			_, serve := d.Admit(lease.Client{ID: primary}, 0, nil)
			require.Equal(t, i == 0, serve)
			_, serve = d.Admit(lease.Client{ID: secondary}, 0, nil)
			require.Equal(t, i == 1, serve)
			_, serve = d.Admit(lease.Client{HWAddr: secondary}, 0, nil)
			require.False(t, serve, "the hardware address does not count")
		}
		l := lease.Lease{
			Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::7"), SubnetID: 1, ClientID: primary, IAID: 1,
			CLTT: time.Now().Unix(), ValidLft: 3600, PreferredLft: 1800,
		}
		require.NoError(t, a.Commit(t.Context(), lease.Change{Lease: l}))
		require.Len(t, b.leases(), 1)
		require.Equal(t, a.leases(), b.leases())
		require.NoError(t, a.Commit(t.Context(), lease.Change{Delete: true, Lease: l}))
		require.Empty(t, b.leases())
	})
}
