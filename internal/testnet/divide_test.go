//go:build linux

package testnet

import (
	"net"
	"testing"
	"time"

	"github.com/mdlayher/packet"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What is sent in one comes to a packet socket in single packets.
func TestDivide(t *testing.T) {
	t.Parallel()
	n := New(t)
	lan := n.LAN()
	a, b := n.Host("a"), n.Host("b")
	a.Join(lan, "eth0", "192.0.2.1/24")
	b.Join(lan, "eth0", "192.0.2.2/24")
	b.Divide("eth0")

	var frames *packet.Conn
	b.Do(func() {
		link, err := net.InterfaceByName("eth0")
		require.NoError(t, err)
		frames, err = packet.Listen(link, packet.Datagram, unix.ETH_P_IP, nil)
		require.NoError(t, err)
	})
	defer frames.Close()
	var client *net.UDPConn
	a.Do(func() {
		var err error
		client, err = net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 67})
		require.NoError(t, err)
	})
	defer client.Close()
	raw, err := client.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 300)
	}))
	require.NoError(t, err)
	_, err = client.Write(make([]byte, 700))
	require.NoError(t, err)

	require.NoError(t, frames.SetReadDeadline(time.Now().Add(5*time.Second)))
	const headers = 20 + 8
	for _, want := range []int{300, 300, 100} {
		buf := make([]byte, 2048)
		k, _, err := frames.ReadFrom(buf)
		require.NoError(t, err)
		require.Equal(t, headers+want, k)
	}
}
