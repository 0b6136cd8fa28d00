package testnet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPerfdhcp(t *testing.T) {
	t.Parallel()
	Require(t, "kea-dhcp4", "perfdhcp")
	n := New(t)
	lan := n.LAN()
	server, client := n.Host("server"), n.Host("client")
	server.Join(lan, "eth0", "192.0.2.1/24")
	client.Join(lan, "eth0", "192.0.2.2/24")
	startKea4(server, 4000)
	loads := client.Perfdhcp(within(t, time.Minute), "-4", "-r", "20", "-n", "20", "-R", "20", "-W", "2000000", "-l", "eth0", "192.0.2.1")
	require.Equal(t, Load{Sent: 20, Received: 20}, loads["DISCOVER-OFFER"])
	require.Equal(t, Load{Sent: 20, Received: 20}, loads["REQUEST-ACK"])
}

func TestPerfdhcp6(t *testing.T) {
	t.Parallel()
	Require(t, "kea-dhcp6", "perfdhcp")
	n := New(t)
	lan := n.LAN()
	server, client := n.Host("server"), n.Host("client")
	server.Join(lan, "eth0", "2001:db8:1::1/64")
	client.Join(lan, "eth0")
	startKea6(server, 4000, "")
	loads := client.Perfdhcp(within(t, time.Minute), "-6", "-r", "20", "-n", "20", "-R", "20", "-W", "2000000", "-l", "eth0", "-e", "address-and-prefix", "all")
	require.Equal(t, Load{Sent: 20, Received: 20}, loads["SOLICIT-ADVERTISE"])
	require.Equal(t, Load{Sent: 20, Received: 20}, loads["REQUEST-REPLY"])
}
