package hatest

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

var pairModes = []ha.Mode{ha.HotStandby, ha.LoadBalancing}

func normalOf(m ha.Mode) ha.State {
	if m == ha.LoadBalancing {
		return ha.StateLoadBalancing
	}
	return ha.StateHotStandby
}

// inEachKind runs a test with a pair of each family in each mode, which is in
// normal operation.
func inEachKind(t *testing.T, subnet ctrl.Subnet, test func(w *World)) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		for _, mode := range pairModes {
			t.Run(fmt.Sprintf("DHCPv%d %s", family, mode), func(t *testing.T) {
				t.Parallel()
				cfg := Config{Seed: 7, Family: family, Relationships: []*ha.Config{Pair(mode, 0)}}
				if subnet := subnet; subnet.ValidLft != 0 {
					subnet.ID, subnet.Prefix = 1, netip.MustParsePrefix("198.51.100.0/24")
					if family == ctrl.V6 {
						subnet.Prefix = netip.MustParsePrefix("2001:db8:1::/64")
					}
					cfg.Subnets = Subnets{{Subnet: subnet}}
				}
				Run(t, cfg, func(w *World) {
					w.Start()
					w.UntilState(time.Minute, normalOf(mode))
					test(w)
				})
			})
		}
	}
}

// leases returns the leases of a node's disk.
func leases(n *Node) map[netip.Addr]lease.Lease {
	all := make(map[netip.Addr]lease.Lease)
	for l := range n.store().All() {
		all[l.Addr] = l
	}
	return all
}

// What a client does to get, keep and give back an address.
func TestServer(t *testing.T) {
	inEachKind(t, ctrl.Subnet{ValidLft: 600}, func(w *World) {
		t := w.T()
		clients := w.Crowd(20)
		w.UntilServed(time.Minute, clients...)
		had := map[netip.Addr]*Client{}
		servers := map[string]int{}
		for _, c := range clients {
			require.Nil(t, had[c.Addr()])
			had[c.Addr()] = c
			servers[c.Server()]++
		}
		if w.cfg.Relationships[0].Mode == ha.LoadBalancing {
			require.Len(t, servers, 2)
		} else {
			require.Equal(t, map[string]int{"server1": 20}, servers)
		}

		// They keep their addresses, also through a loss of power.
		w.Sleep(time.Hour)
		for _, c := range clients[:10] {
			c.Reboot()
		}
		w.UntilServed(time.Minute, clients...)
		for addr, c := range had {
			require.Equal(t, addr, c.Addr())
		}

		// What is released is free, what is declined is nobody's.
		released, declined := clients[0].Addr(), clients[1].Addr()
		clients[0].Release()
		clients[1].Decline()
		w.Sleep(25 * time.Second)
		require.False(t, clients[0].Addr().IsValid())
		require.True(t, clients[1].Addr().IsValid())
		require.NotEqual(t, declined, clients[1].Addr())
		for _, n := range w.Nodes() {
			all := leases(n)
			require.NotContains(t, all, released)
			require.Equal(t, lease.Declined, all[declined].State)
			require.Len(t, all, 20)
		}
		clients[0].Return()
		w.UntilServed(time.Minute, clients[0])

		// One who leaves without a word is forgotten when its lease has ended.
		gone := clients[2].Addr()
		clients[2].Leave()
		w.Sleep(11 * time.Minute)
		for _, n := range w.Nodes() {
			l := leases(n)[gone]
			require.Equal(t, lease.ExpiredReclaimed, l.State, "%v", l)
		}
		require.Empty(t, w.oracle.difference())
		r := w.Report()
		require.Less(t, r.Longest, 2*time.Second)
		require.Less(t, r.Unanswered, 2*time.Second)
	})
}

// A pool that is empty gives nobody what is another's.
func TestServerWithFewAddresses(t *testing.T) {
	Run(t, Config{Subnets: Subnets{{
		Subnet: ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("198.51.100.0/24"), ValidLft: 60},
		Pools:  []Pool{{First: netip.MustParseAddr("198.51.100.10"), Last: netip.MustParseAddr("198.51.100.12")}},
	}}}, func(w *World) {
		w.Start()
		w.UntilState(time.Minute, ha.StateHotStandby)
		served := func() (n int) {
			for _, c := range w.Crowd(5) {
				if c.Addr().IsValid() {
					n++
				}
			}
			return n
		}
		w.Crowd(5)
		w.Sleep(3 * time.Minute)
		require.Equal(w.T(), 3, served())
		for _, c := range w.Crowd(5) {
			if c.Addr().IsValid() {
				c.Release()
				break
			}
		}
		w.Until("another one has its address", 3*time.Minute, func() bool { return served() == 3 })
	})
}

// A hub with two spokes, each with a subnet of its own.
func TestServerAsHub(t *testing.T) {
	relationship := func(names ...string) *ha.Config {
		c := Pair(ha.HotStandby, 0)
		for i := range c.Peers {
			c.Peers[i].Name = names[i]
		}
		return c
	}
	a, b := relationship("spoke1", "hub1"), relationship("spoke2", "hub2")
	a.Peers[1].URL, b.Peers[1].URL = "http://192.0.2.9:8001/", "http://192.0.2.9:8002/"
	b.Peers[0].URL = "http://192.0.2.3:8000/"
	Run(t, Config{Relationships: []*ha.Config{a, b}, Subnets: Subnets{
		{Subnet: ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Server: "spoke1", ValidLft: 600}},
		{Subnet: ctrl.Subnet{ID: 2, Prefix: netip.MustParsePrefix("203.0.113.0/24"), Server: "spoke2", ValidLft: 600}},
	}}, func(w *World) {
		w.Start()
		w.UntilState(time.Minute, ha.StateHotStandby)
		clients := w.Crowd(10)
		w.UntilServed(time.Minute, clients...)
		for i, c := range clients {
			require.Equal(w.T(), []string{"spoke1", "spoke2"}[i%2], c.Server())
		}
		w.Node("spoke2").Kill()
		w.Sleep(10 * time.Minute)
		w.UntilServed(time.Minute, clients...)
		require.Equal(w.T(), "spoke1", clients[0].Server())
		require.Equal(w.T(), w.Node("hub2").Name, clients[1].Server())
		require.Zero(w.T(), w.Report().Lost)
	})
}

// What a client may not have it is refused, or, where another server may know
// better, it is not answered.
func TestServerRefuses(t *testing.T) {
	Run(t, Config{Relationships: []*ha.Config{Pair(ha.LoadBalancing, 0)}}, func(w *World) {
		t := w.T()
		w.Start()
		w.UntilState(time.Minute, ha.StateLoadBalancing)
		clients := w.Crowd(20)
		w.UntilServed(time.Minute, clients...)
		c := clients[0]
		i := slices.IndexFunc(clients[1:], func(other *Client) bool { return other.Server() == c.Server() })
		second := clients[1+i]
		n := w.Node(c.Server())
		ask := func(k Kind, addr string) string {
			a, ok := n.ask(Query{Kind: k, Client: c.id, Subnet: 1, Addr: netip.MustParseAddr(addr), Server: n.Name})
			if !ok {
				return "nothing"
			}
			return a.Kind.String()
		}
		free := map[string]string{"server1": "198.51.100.100", "server2": "198.51.100.200"}
		other := map[string]string{"server1": "server2", "server2": "server1"}[n.Name]
		require.Equal(t, "ack", ask(Renew, c.Addr().String()))
		require.Equal(t, "nak", ask(Renew, second.Addr().String()), "another client's")
		require.Equal(t, "nak", ask(Request, free[other]), "of the other server's pool")
		require.Equal(t, "nak", ask(Request, "203.0.113.7"), "of another link")
		require.Equal(t, "nak", ask(Reboot, free[n.Name]), "not what it has had")
		c.Release()
		w.Sleep(time.Second)
		require.Equal(t, "nothing", ask(Reboot, free[n.Name]), "it has had nothing")
		require.Equal(t, "ack", ask(Request, free[n.Name]))

		second.Release()
		w.Sleep(time.Second)
		offered, ok := n.ask(Query{Kind: Discover, Client: second.id, Subnet: 1})
		require.True(t, ok)
		require.Equal(t, "nak", ask(Request, offered.Addr.String()), "offered to another client")
	})
}

// A server that returns before it was missed has not all leases at once, and
// what its partner says to clients meanwhile is not wrong.
func TestServerReturnsWhileClientsRenew(t *testing.T) {
	inEachKind(t, ctrl.Subnet{ValidLft: 20}, func(w *World) {
		w.UntilServed(time.Minute, w.Crowd(100)...)
		w.Sleep(10 * time.Second)
		w.Node("server2").Kill()
		w.Delay("server1", "server2", 500*time.Millisecond, time.Second)
		w.Node("server2").Start()
		w.Settle(time.Minute)
	})
}

// A lease that has been made here and that the partner does not have yet is no
// answer for a client that asks again.
func TestServerAnswersWhatIsConfirmed(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		Run(t, Config{Family: family}, func(w *World) {
			w.Start()
			w.UntilState(time.Minute, ha.StateHotStandby)
			w.Sleep(10 * time.Second)
			w.Duplicate(Clients, "server1", 1)
			clients := w.Crowd(20)
			w.UntilServed(time.Minute, clients[:10]...)
			w.CutBoth("server1", "server2")
			for _, c := range clients {
				c.Release()
				c.Return()
			}
			w.Sleep(2 * time.Second)
			w.UntilServed(time.Minute, clients...)
		})
	}
}
