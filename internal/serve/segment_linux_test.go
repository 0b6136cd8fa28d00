package serve

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// receiver is a socket on loopback.
func receiver(t *testing.T, addr string) *net.UDPConn {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 0)))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		family Family
		local  netip.Addr
	}{
		"IPv4": {IPv4, netip.MustParseAddr("127.0.0.1")},
		"IPv6": {IPv6, netip.MustParseAddr("::1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := &Link{Index: 1, Name: "lo", Up: true, Loopback: true}
			listened, err := HostNetwork(c.family, true).ListenUDP(netip.AddrPortFrom(c.family.unspecified(), 0), link)
			require.NoError(t, err)
			defer listened.Close()
			conn := listened.(*batchConn)
			require.True(t, conn.segments)

			a, b := receiver(t, c.local.String()), receiver(t, c.local.String())
			var batch []*Datagram
			to := func(r *net.UDPConn, length int) {
				d := NewDatagram(2000)
				d.Payload = append(d.Room(), bytes.Repeat([]byte{byte(len(batch))}, length)...)
				d.Remote, d.Local, d.Ifindex = r.LocalAddr().(*net.UDPAddr).AddrPort(), c.local, 1
				batch = append(batch, d)
			}
			for _, length := range []int{300, 310, 300, 1500, 290, 300} {
				to(a, length)
				to(b, length)
			}
			to(a, 300)
			n, err := conn.Write(batch)
			require.NoError(t, err)
			require.Equal(t, 13, n)
			// 1500; 310 with a 300; what is left of 300, and 290.
			require.Equal(t, 2*3, conn.outN)
			for r, want := range map[*net.UDPConn]map[byte]int{
				a: {0: 300, 2: 310, 4: 300, 6: 1500, 8: 290, 10: 300, 12: 300},
				b: {1: 300, 3: 310, 5: 300, 7: 1500, 9: 290, 11: 300},
			} {
				got := map[byte]int{}
				for range want {
					buf := make([]byte, 2000)
					n, err := r.Read(buf)
					require.NoError(t, err)
					require.Equal(t, bytes.Repeat(buf[:1], n), buf[:n])
					got[buf[0]] = n
				}
				require.Equal(t, want, got)
			}
		})
	}
}

// A packet of the system is not longer than it may be, and one that cannot be
// divided leaves in datagrams.
func TestSegmentsThatDoNotFit(t *testing.T) {
	t.Parallel()
	listened, err := HostNetwork(IPv4, true).ListenUDP(netip.MustParseAddrPort("0.0.0.0:0"), nil)
	require.NoError(t, err)
	defer listened.Close()
	conn := listened.(*batchConn)
	r := receiver(t, "127.0.0.1")
	require.NoError(t, r.SetReadBuffer(1<<20))
	batch := make([]*Datagram, BatchSize+10)
	for i := range batch {
		d := NewDatagram(2000)
		d.Payload = append(d.Room(), make([]byte, maxSegment)...)
		d.Remote, d.Local, d.Ifindex = r.LocalAddr().(*net.UDPAddr).AddrPort(), netip.MustParseAddr("127.0.0.1"), 1
		batch[i] = d
	}
	n, err := conn.Write(batch)
	require.NoError(t, err)
	require.Equal(t, BatchSize, n)
	require.Equal(t, 2, conn.outN)

	// The port of the first cannot be sent to.
	batch[0].Remote = netip.AddrPortFrom(batch[0].Remote.Addr(), 0)
	batch[1].Remote = batch[0].Remote
	_, err = conn.Write(batch[:10])
	require.ErrorContains(t, err, "sendmmsg")
	require.True(t, conn.segments, "the next may be better")
	n, err = conn.Write(batch[2:10])
	require.NoError(t, err)
	require.Equal(t, 8, n)
	require.Equal(t, 1, conn.outN)
}
