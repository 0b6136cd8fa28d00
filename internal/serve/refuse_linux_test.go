package serve

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func TestRefuse(t *testing.T) {
	t.Parallel()
	listened, err := HostNetwork(IPv4, false).ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), nil)
	require.NoError(t, err)
	defer listened.Close()
	conn := listened.(*batchConn)
	var to netip.AddrPort
	require.NoError(t, conn.raw.Control(func(fd uintptr) { to = localAddr(t, int(fd)) }))
	client := receiver(t, "127.0.0.1")
	send := func(first ...byte) {
		for _, b := range first {
			_, err := client.WriteToUDPAddrPort([]byte{b, b}, to)
			require.NoError(t, err)
		}
	}
	batch := make([]*Datagram, BatchSize)
	for i := range batch {
		batch[i] = NewDatagram(100)
	}
	var got []byte
	read := func() []byte {
		n, err := conn.Read(batch)
		require.NoError(t, err)
		for _, d := range batch[:n] {
			require.Len(t, d.Payload, 2)
			got = append(got, d.Payload[0])
		}
		return got
	}
	const udpHeader = 8
	require.NoError(t, conn.Refuse([]bpf.Instruction{
		bpf.LoadIndirect{Off: udpHeader, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 7, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	}))
	send(6, 7, 8, 7)
	require.Equal(t, []byte{6, 8}, read())
	require.EqualValues(t, 2, conn.Overflowed())
	require.NoError(t, conn.Refuse(nil))
	send(7)
	require.Equal(t, []byte{6, 8, 7}, read())
}

func localAddr(t *testing.T, fd int) netip.AddrPort {
	sa, err := unix.Getsockname(fd)
	require.NoError(t, err)
	in := sa.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
}
