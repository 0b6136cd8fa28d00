package testnet

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRelay4(t *testing.T) {
	t.Parallel()
	Require(t, "kea-dhcp4", "dhclient")
	n := New(t)
	backbone, lan := n.LAN(), n.LAN()
	server, relay, client := n.Host("server"), n.Host("relay"), n.Host("client")
	server.Join(backbone, "eth0", "198.51.100.1/24")
	relay.Join(backbone, "eth0", "198.51.100.2/24")
	relay.Join(lan, "eth1", "192.0.2.1/24")
	client.Join(lan, "eth0")
	server.Route("192.0.2.0/24", "198.51.100.2")
	relay.Forward()
	relay.Relay4("eth1", netip.MustParseAddr("192.0.2.1"), []byte("\x01\x05port7"), netip.MustParseAddr("198.51.100.1"))
	kea := startKea4(server, 10)
	ctx := within(t, time.Minute)

	c := client.Dhclient("eth0")
	bound := c.Await(ctx, Bound)
	require.Equal(t, netip.MustParseAddr("198.51.100.1"), bound.Server)
	require.NotContains(t, bound.Vars, "new_dhcp_agent_options")
	answer, err := kea.Command(ctx, "lease4-get", map[string]string{"ip-address": bound.Addr.String()})
	require.NoError(t, err)
	require.Equal(t, 0, answer.Result, answer.Text)

	c.Await(ctx, Renew) // past the relay agent, through the router that it is too
}

func TestRelayChangesOnlyItsOwnFields(t *testing.T) {
	t.Parallel()
	p := make([]byte, 240, 300)
	p[0] = 1
	p = append(p, 53, 1, 1, 0, 12, 2, 'h', 'i', 255, 0, 0)
	out := relayQuery(p, [4]byte{192, 0, 2, 1}, []byte{1, 1, 'x'})
	require.Equal(t, []byte{53, 1, 1, 0, 12, 2, 'h', 'i', 82, 3, 1, 1, 'x', 255}, out[240:])
	require.Equal(t, []byte{192, 0, 2, 1}, out[24:28])
	require.EqualValues(t, 1, out[3])
	require.Nil(t, relayQuery(out, [4]byte{192, 0, 2, 9}, nil), "another agent has it")
	require.Equal(t, []byte{53, 1, 1, 0, 12, 2, 'h', 'i', 255}, withoutOption82(out)[240:])
}
