package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve answers on loopback until the test ends. It drops a message if address
// is zero for its client. The answer to a REQUEST has the type final.
func serve(t *testing.T, final byte, address func(client []byte) netip.Addr) netip.AddrPort {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			p := buf[:n]
			typ, addr := byte(offer), address(p[offChaddr:offChaddr+6])
			if p[offOptions+2] == request {
				typ, addr = final, netip.AddrFrom4([4]byte(p[offOptions+5:]))
			}
			if !addr.IsValid() {
				continue
			}
			reply := append([]byte(nil), p[:offOptions]...)
			reply[0] = 2
			copy(reply[offYiaddr:], addr.AsSlice())
			reply = append(reply, optMessageType, 1, typ, optServerID, 4, 127, 0, 0, 1, optLeaseTime, 4, 0, 0, 0, 60, optEnd)
			_, _ = conn.WriteToUDPAddrPort(reply, from)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return local
}

// own is a different address for every client.
func own(client []byte) netip.Addr {
	n := binary.BigEndian.Uint32(client[2:])
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

func drive(t *testing.T, s settings) report {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer conn.Close()
	s.window, s.batch, s.duration = 4, 4, 100*time.Millisecond
	if s.timeout == 0 {
		s.timeout = 5 * time.Second
	}
	r, err := newLoad(s, conn).run()
	require.NoError(t, err)
	return r
}

func TestLoad(t *testing.T) {
	t.Parallel()
	var acks bytes.Buffer
	r := drive(t, settings{servers: []netip.AddrPort{serve(t, ack, own)}, acks: &acks})
	require.NotZero(t, r.Completed)
	require.Zero(t, r.Duplicates)
	require.Zero(t, r.Naks)
	require.NotZero(t, r.AckMax)
	require.Equal(t, r.Completed, strings.Count(acks.String(), " 127.0.0.1 60\n"))
	total := 0
	for _, n := range r.PerSecondRow {
		total += n
	}
	require.Equal(t, r.Completed, total)
}

func TestLoadReturningClients(t *testing.T) {
	t.Parallel()
	var acks bytes.Buffer
	r := drive(t, settings{clients: 8, servers: []netip.AddrPort{serve(t, ack, own)}, acks: &acks})
	require.NotZero(t, r.Completed)
	require.Zero(t, r.Duplicates, "a client that returns is no second one")
	clients := make(map[string]bool)
	for line := range strings.Lines(acks.String()) {
		clients[strings.Fields(line)[1]] = true
	}
	require.LessOrEqual(t, len(clients), 8)
}

func TestLoadFindsTwoOwners(t *testing.T) {
	t.Parallel()
	r := drive(t, settings{servers: []netip.AddrPort{serve(t, ack, func([]byte) netip.Addr { return relay })}})
	require.Equal(t, r.Completed-1, r.Duplicates)
}

func TestLoadCountsNaks(t *testing.T) {
	t.Parallel()
	r := drive(t, settings{servers: []netip.AddrPort{serve(t, nak, own)}})
	require.Zero(t, r.Completed)
	require.NotZero(t, r.Naks)
}

func TestLoadRetransmits(t *testing.T) {
	t.Parallel()
	dropped := make(map[string]bool)
	r := drive(t, settings{timeout: 20 * time.Millisecond, servers: []netip.AddrPort{serve(t, ack, func(c []byte) netip.Addr {
		if !dropped[string(c)] {
			dropped[string(c)] = true
			return netip.Addr{}
		}
		return own(c)
	})}})
	require.NotZero(t, r.Completed)
	require.NotZero(t, r.Timeouts)
}

func TestLoadSendsToEveryServer(t *testing.T) {
	t.Parallel()
	silent := serve(t, ack, func([]byte) netip.Addr { return netip.Addr{} })
	r := drive(t, settings{servers: []netip.AddrPort{silent, serve(t, ack, own)}})
	require.NotZero(t, r.Completed)
	require.Zero(t, r.Duplicates)
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	require.Zero(t, quantile(nil, .5))
	require.Equal(t, 1.0, quantile([]float64{1}, .99))
	require.Equal(t, 3.0, quantile([]float64{1, 2, 3, 4, 5}, .5))
	require.Equal(t, 5.0, quantile([]float64{1, 2, 3, 4, 5}, 1))
}
