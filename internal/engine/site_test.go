package engine

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

type testSubnet struct {
	Site[testSubnet, testHost]
	name string
}

type testHost struct {
	id      HostID
	name    string
	classes []string
}

func siteOf(s *testSubnet) *Site[testSubnet, testHost] { return &s.Site }

// linked returns subnets that are on one link, each with a guard.
func linked(guards ...string) (subnets []*testSubnet) {
	for i, g := range guards {
		s := &testSubnet{name: string(rune('a' + i))}
		s.Set(Level{Guard: &conf.Guard{ClientClass: g}, Relay: &conf.Relay{}}, Level{Guard: &conf.Guard{}, Relay: &conf.Relay{}})
		subnets = append(subnets, s)
	}
	Connect(subnets, siteOf)
	return subnets
}

func hostsOf(names ...string) *Hosts[testHost] {
	hs := new(Hosts[testHost])
	for _, n := range names {
		h := &testHost{id: HostID{ByDUID, n[:1]}, name: n, classes: []string{n}}
		hs.Add(h.id, h)
	}
	return hs
}

var idsOfA = []Identity{{ByHWAddress, []byte("a")}, {ByDUID, []byte("a")}}

func TestCandidates(t *testing.T) {
	t.Parallel()
	subnets := linked("", "red", "", "blue")
	names := func(first int, classes ...string) (list string) {
		subnets[first].Candidates(classes, func(s *testSubnet) bool { list += s.name; return true })
		return list
	}
	require.Equal(t, "ac", names(0))
	require.Equal(t, "ca", names(2))
	require.Equal(t, "bca", names(1, "red"))
	require.Equal(t, "cdab", names(2, "blue", "red"))
	require.Equal(t, "ac", names(3), "the first is not let in either")
	subnets[2].Candidates(nil, func(s *testSubnet) bool { require.Equal(t, "c", s.name); return false })
	require.Len(t, subnets[1].Siblings(), 4)
}

func TestSiteLevels(t *testing.T) {
	t.Parallel()
	relay := func(addrs ...string) *conf.Relay {
		r := new(conf.Relay)
		for _, a := range addrs {
			r.IPAddresses = append(r.IPAddresses, netip.MustParseAddr(a))
		}
		return r
	}
	own := Level{Guard: &conf.Guard{ClientClass: "x", EvaluateAdditionalClasses: []string{"a"}}, Relay: relay(), Options: new(option.List)}
	network := Level{
		Guard: &conf.Guard{ClientClasses: []string{"y", "z"}, RequireClientClasses: []string{"b"}},
		Relay: relay("192.0.2.1"), Interface: "eth1", Options: new(option.List),
	}
	var s Site[testSubnet, testHost]
	s.Set(own, network)
	require.True(t, s.Shared)
	require.Equal(t, []string{"a", "b"}, s.Additional)
	require.Equal(t, []*option.List{own.Options, network.Options}, s.Options)
	require.True(t, s.iface == "eth1" && slices.Contains(s.relays, netip.MustParseAddr("192.0.2.1")), "as the subnet says nothing")
	require.True(t, s.Allows(ClassSet{"x", "z"}))
	require.False(t, s.Allows(ClassSet{"x"}) || s.Allows(ClassSet{"y"}))

	own.Interface, own.Relay = "eth0", relay("192.0.2.2")
	s = Site[testSubnet, testHost]{}
	s.Set(own, network)
	require.True(t, s.iface == "eth0" && slices.Contains(s.relays, netip.MustParseAddr("192.0.2.2")))
	require.False(t, s.iface == "eth1" || slices.Contains(s.relays, netip.MustParseAddr("192.0.2.1")), "what the subnet says counts")

	s = Site[testSubnet, testHost]{}
	s.Set(Level{Guard: &conf.Guard{}, Relay: relay()})
	require.False(t, s.Shared)
	require.Empty(t, s.iface)
	require.True(t, s.Allows(nil))
}

func TestSiteHosts(t *testing.T) {
	t.Parallel()
	global := hostsOf("a global", "b global")
	for _, c := range []struct {
		inSubnet, globally bool
		want               string
		shown              []string
	}{
		{false, false, "", nil},
		{true, false, "a own", []string{"a own", "a twice"}},
		{false, true, "a global", []string{"a global", "b global"}},
		{true, true, "a own", []string{"a own", "a twice", "a global", "b global"}},
	} {
		var s Site[testSubnet, testHost]
		var shown []string
		s.SetHosts(hostsOf("a own", "a twice"), global, c.inSubnet, c.globally, func(h *testHost) { shown = append(shown, h.name) })
		require.Equal(t, c.shown, shown)
		name := ""
		if h := s.Host(idsOfA); h != nil {
			name = h.name
		}
		require.Equal(t, c.want, name)
		require.Equal(t, c.globally, s.Host([]Identity{{ByDUID, []byte("b")}}) != nil)
		require.Nil(t, s.Host([]Identity{{ByFlexID, []byte("a")}}))
	}
}

func TestForOther(t *testing.T) {
	t.Parallel()
	hosts := []*testHost{{id: HostID{ByDUID, "a"}}, {id: HostID{ByDUID, "b"}}}
	id := func(h *testHost) HostID { return h.id }
	require.False(t, ForOther(hosts, id, idsOfA))
	require.True(t, ForOther(hosts[1:], id, idsOfA))
	require.False(t, ForOther(nil, id, idsOfA))
}

// A reservation's classes count before the subnet is sure only if they do
// wherever on the link the client will be served from.
func TestLocate(t *testing.T) {
	t.Parallel()
	cs := classesOf(t, ClassSpec{Name: "strangers", Test: "member('UNKNOWN')"})
	given := func(h *testHost) []string { return h.classes }
	located := func(at *Site[testSubnet, testHost]) ClassSet {
		q := new(asked)
		Locate(at, cs, &q.set, idsOfA, given, q)
		return q.set
	}
	require.Equal(t, ClassSet{ClassUnknown, "strangers"}, located(nil))

	shared := linked("", "")
	require.Equal(t, ClassSet{ClassUnknown, "strangers"}, located(&shared[0].Site))
	shared[1].Own = hostsOf("a own")
	require.Equal(t, ClassSet{ClassKnown}, located(&shared[0].Site), "it has one somewhere on the link")
	require.Equal(t, ClassSet{ClassKnown}, located(&shared[1].Site), "it may be served from another subnet")
	shared[0].Global = hostsOf("a global")
	require.Equal(t, ClassSet{"a global", ClassKnown}, located(&shared[0].Site))

	single := &testSubnet{}
	single.Set(Level{Guard: &conf.Guard{}, Relay: &conf.Relay{}})
	Connect([]*testSubnet{single}, siteOf)
	single.Own = hostsOf("a own")
	require.Equal(t, ClassSet{"a own", ClassKnown}, located(&single.Site))
}

func TestFind(t *testing.T) {
	t.Parallel()
	list := []*int{new(1), new(2), new(4)}
	require.Same(t, list[1], Find(list, func(n *int) bool { return *n%2 == 0 }))
	require.Nil(t, Find(list, func(n *int) bool { return *n > 4 }))
}
