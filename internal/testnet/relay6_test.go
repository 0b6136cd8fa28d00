package testnet

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRelay6(t *testing.T) {
	for name, port := range map[string]uint16{"port 547": 0, "own ports": 10547} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Require(t, "kea-dhcp6", "dhclient")
			n := New(t)
			backbone, lan := n.LAN(), n.LAN()
			server, relay, client := n.Host("server"), n.Host("relay"), n.Host("client")
			server.Join(backbone, "eth0", "2001:db8:f::1/64")
			relay.Join(backbone, "eth0", "2001:db8:f::2/64")
			relay.Join(lan, "eth1", "2001:db8:1::1/64")
			client.Join(lan, "eth0")
			relay.Relay6(Relay6{
				Link: "eth1", Addr: netip.MustParseAddr("2001:db8:1::1"), SourcePort: port,
				Servers: []netip.Addr{netip.MustParseAddr("2001:db8:f::1")},
			})
			startKea6(server, 10, "2001:db8:f::1")
			ctx := within(t, time.Minute)
			c := client.Dhclient6("eth0")
			bound := c.Await(ctx, Bound)
			require.Contains(t, bound.Addr.String(), "2001:db8:1::")
			require.Equal(t, bound.Addr, c.Await(ctx, Renew).Addr)
		})
	}
}

// Twice in a row: the agent nearer to the client says its interface, and each
// uses ports of its own.
func TestRelay6Twice(t *testing.T) {
	for name, port := range map[string]uint16{"port 547": 0, "own ports": 10547} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Require(t, "kea-dhcp6", "dhclient")
			n := New(t)
			backbone, middle, lan := n.LAN(), n.LAN(), n.LAN()
			server, outer, inner, client := n.Host("server"), n.Host("outer"), n.Host("inner"), n.Host("client")
			server.Join(backbone, "eth0", "2001:db8:f::1/64")
			outer.Join(backbone, "eth0", "2001:db8:f::2/64")
			outer.Join(middle, "eth1", "2001:db8:e::1/64")
			inner.Join(middle, "eth0", "2001:db8:e::2/64")
			inner.Join(lan, "eth1")
			client.Join(lan, "eth0")
			outer.Relay6(Relay6{
				Link: "eth1", Addr: netip.MustParseAddr("2001:db8:e::1"), SourcePort: port, InterfaceID: "outer",
				Servers: []netip.Addr{netip.MustParseAddr("2001:db8:f::1")},
			})
			inner.Relay6(Relay6{
				Link: "eth1", Addr: netip.MustParseAddr("2001:db8:d::1"), SourcePort: port, InterfaceID: "port 7",
				Servers: []netip.Addr{netip.MustParseAddr("2001:db8:e::1")},
			})
			kea := startKea6(server, 10, "2001:db8:f::1")
			ctx := within(t, time.Minute)
			c := client.Dhclient6("eth0")
			bound := c.Await(ctx, Bound)
			require.Contains(t, bound.Addr.String(), "2001:db8:1::")
			require.Equal(t, bound.Addr, c.Await(ctx, Renew).Addr)
			answer, err := kea.Command(ctx, "lease6-get", map[string]string{"ip-address": bound.Addr.String()})
			require.NoError(t, err)
			var lease struct {
				Context struct {
					ISC struct {
						Relays []struct{ Hop int } `json:"relays"`
					} `json:"ISC"`
				} `json:"user-context"`
			}
			require.NoError(t, json.Unmarshal(answer.Arguments, &lease), string(answer.Arguments))
			require.Len(t, lease.Context.ISC.Relays, 2, string(answer.Arguments))
		})
	}
}

func TestRelay6Messages(t *testing.T) {
	t.Parallel()
	r := Relay6{Addr: netip.MustParseAddr("2001:db8::1"), InterfaceID: "ab", SourcePort: 1547, Options: []byte{0, 37, 0, 1, 'x'}}
	solicit := []byte{1, 7, 7, 7}
	client := netip.MustParseAddrPort("[fe80::5]:546")
	once := r.forward(solicit, client)
	link, peer := r.Addr.As16(), client.Addr().As16()
	want := append(append(append([]byte{12, 0}, link[:]...), peer[:]...),
		0, 18, 0, 2, 'a', 'b', 0, 135, 0, 2, 0, 0, 0, 37, 0, 1, 'x', 0, 9, 0, 4, 1, 7, 7, 7)
	require.Equal(t, want, once)

	outer := Relay6{Addr: netip.MustParseAddr("2001:db8:1::1")}
	twice := outer.forward(once, netip.MustParseAddrPort("[2001:db8::1]:1547"))
	require.Equal(t, []byte{12, 1}, twice[:2])
	require.Equal(t, make([]byte, 16), twice[2:18])
	require.Equal(t, link[:], twice[18:34])
	require.Equal(t, []byte{0, 135, 0, 2, 0x06, 0x0b, 0, 9, 0, byte(len(once))}, twice[34:44])
	for hops := byte(1); hops < 8; hops++ {
		twice = outer.forward(twice, client)
		require.Equal(t, hops+1, twice[1])
	}
	require.Nil(t, outer.forward(twice, client), "too many hops")

	// Back: what a server would make of it.
	once[0] = 13
	inner, to := r.reply(once)
	require.Equal(t, solicit, inner)
	require.Equal(t, client, to)
	back := appendOption(append([]byte{13, 1}, append(make([]byte, 16), link[:]...)...), 9, once)
	inner, to = outer.reply(back)
	require.Equal(t, once, inner)
	require.Equal(t, "[2001:db8::1]:547", to.String())
	_, to = outer.reply(append(back, 0, 135, 0, 2, 0x06, 0x0b))
	require.Equal(t, "[2001:db8::1]:1547", to.String())
	inner, _ = r.reply(back)
	require.Nil(t, inner, "another's interface")
	for i := range back {
		outer.reply(back[:i])
	}
}
