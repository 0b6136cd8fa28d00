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

// server answers in memory.
type server struct {
	final  kind                    // the answer to a REQUEST
	number func(client []byte) int // of a client's address; negative: it gets no answer
}

// own is another number for every client.
func own(client []byte) int { return int(binary.BigEndian.Uint32(client[2:]) & 0xffffff) }

// same is one number for all clients.
func same([]byte) int { return 1 }

// silent is no answer for anybody.
func silent([]byte) int { return -1 }

func (s server) v4(p []byte) []byte {
	n := s.number(p[offChaddr : offChaddr+6])
	if n < 0 {
		return nil
	}
	typ := byte(offer)
	switch {
	case p[offOptions+2] == request && s.final == granted:
		typ = ack
	case p[offOptions+2] == request:
		typ = nak
	}
	r := append([]byte(nil), p[:offOptions]...)
	r[0] = 2
	copy(r[offYiaddr:], []byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	return append(r, optMessageType, 1, typ, optServerID, 4, 127, 0, 0, 1, optLeaseTime, 4, 0, 0, 0, 60, optEnd)
}

// v6 gives an address and a prefix, at once to whom asks for rapid commit.
func (s server) v6(p []byte) []byte {
	n := s.number(p[offDUID+4 : offDUID+duidLen])
	if n < 0 {
		return nil
	}
	r := append([]byte(nil), p[:offElapsed-4]...)
	r[0] = relayReply
	final := p[offInner] == request6 || p[offElapsed+3] == optRapidCommit
	r[offInner] = advertise
	if final {
		r[offInner] = reply
	}
	r = append(r, 0, optServerDUID, 0, 3, 1, 2, 3)
	if !final || s.final == granted {
		r = append(r, 0, optIANA, 0, 40, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, optIAAddr, 0, 24,
			0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(n>>16), byte(n>>8), byte(n), 0, 0, 0, 30, 0, 0, 0, 60)
		r = append(r, 0, optIAPD, 0, 41, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, optIAPrefix, 0, 25,
			0, 0, 0, 30, 0, 0, 0, 60, 64, 0xfd, 0x78, 0, 0, 0, byte(n>>16), byte(n>>8), byte(n), 0, 0, 0, 0, 0, 0, 0, 0)
	}
	binary.BigEndian.PutUint16(r[offInner-2:], uint16(len(r)-offInner))
	return r
}

// run answers at loopback until the test ends.
func (s server) run(t testing.TB, host string) netip.AddrPort {
	conn := listen(t, host)
	answer := s.v4
	if netip.MustParseAddr(host).Is6() {
		answer = s.v6
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if r := answer(buf[:n]); r != nil {
				_, _ = conn.WriteToUDPAddrPort(r, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func listen(t testing.TB, host string) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(host), 0)))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadBuffer(1<<20)) // for all that are in flight
	return conn
}

// drive runs a load against servers at a loopback address.
func drive(t testing.TB, host string, s settings, servers ...server) report {
	t.Helper()
	for _, one := range servers {
		s.servers = append(s.servers, one.run(t, host))
	}
	conn := listen(t, host)
	defer conn.Close()
	if s.window == 0 {
		s.window, s.batch, s.duration = 4, 4, 100*time.Millisecond
	}
	if s.timeout == 0 {
		s.timeout = 5 * time.Second
	}
	r, err := newLoad(s, conn).run()
	require.NoError(t, err)
	return r
}

// loopback has the address of this host in each family.
var loopback = map[string]string{"DHCPv4": "127.0.0.1", "DHCPv6": "::1"}

// families runs a test for each.
func families(t *testing.T, f func(t *testing.T, host string)) {
	t.Parallel()
	for name, host := range loopback {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, host)
		})
	}
}

func TestLoad(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		var acks bytes.Buffer
		r := drive(t, host, settings{acks: &acks}, server{granted, own})
		require.NotZero(t, r.Completed)
		require.Zero(t, r.Duplicates)
		require.Zero(t, r.Naks)
		require.NotZero(t, r.OfferP99)
		require.NotZero(t, r.AckMax)
		lines := r.Completed
		if host == "::1" {
			require.Equal(t, r.Completed, strings.Count(acks.String(), "::/64 ::1 60\n"), "prefixes are acknowledged, too")
			lines *= 2
		}
		require.Equal(t, lines, strings.Count(acks.String(), " "+host+" 60\n"))
		total := 0
		for _, n := range r.PerSecondRow {
			total += n
		}
		require.Equal(t, r.Completed, total)
	})
}

func TestLoadReturningClients(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		var acks bytes.Buffer
		r := drive(t, host, settings{clients: 8, acks: &acks}, server{granted, own})
		require.NotZero(t, r.Completed)
		require.Zero(t, r.Duplicates, "a client that returns is no second one")
		clients := make(map[string]bool)
		for line := range strings.Lines(acks.String()) {
			clients[strings.Fields(line)[1]] = true
		}
		require.LessOrEqual(t, len(clients), 8)
	})
}

func TestLoadFindsTwoOwners(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		r := drive(t, host, settings{}, server{granted, same})
		want := r.Completed - 1
		if host == "::1" {
			want *= 2 // address and prefix
		}
		require.Equal(t, want, r.Duplicates)
	})
}

func TestLoadCountsNaks(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		r := drive(t, host, settings{}, server{refused, own})
		require.Zero(t, r.Completed)
		require.NotZero(t, r.Naks)
	})
}

func TestLoadRetransmits(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		dropped := make(map[string]bool)
		r := drive(t, host, settings{timeout: 20 * time.Millisecond}, server{granted, func(c []byte) int {
			if !dropped[string(c)] {
				dropped[string(c)] = true
				return silent(c)
			}
			return own(c)
		}})
		require.NotZero(t, r.Completed)
		require.NotZero(t, r.Timeouts)
	})
}

func TestLoadSendsToEveryServer(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		r := drive(t, host, settings{}, server{granted, silent}, server{granted, own})
		require.NotZero(t, r.Completed)
		require.Zero(t, r.Duplicates)
	})
}

// With rapid commit there is one answer, and no Advertise.
func TestLoadRapidCommit(t *testing.T) {
	t.Parallel()
	r := drive(t, "::1", settings{rapid: true, pd: true}, server{granted, own})
	require.NotZero(t, r.Completed)
	require.Zero(t, r.Duplicates)
	require.Zero(t, r.OfferP99)
}

// An answer to another client, by chance with the same transaction, is not
// taken.
func TestLoadKnowsItsClients(t *testing.T) {
	t.Parallel()
	for _, f := range []family{v4{relay4}, relay6} {
		conn := listen(t, "::1")
		l := newLoad(settings{window: 1, batch: 1}, conn)
		require.NoError(t, conn.Close())
		l.family, l.start = f, time.Now()
		l.inflight[7] = &exchange{client: 1, awaits: granted}
		for _, c := range []client{2, 1} {
			a := answer{kind: granted, xid: 7, hw: c.hwAddr(), leases: offer6.leases}
			require.NoError(t, l.answered(&a, &net.UDPAddr{}, time.Now()))
			require.Equal(t, int(2-c), l.Completed)
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	require.Zero(t, quantile(nil, .5))
	require.Equal(t, 1.0, quantile([]float64{1}, .99))
	require.Equal(t, 3.0, quantile([]float64{1, 2, 3, 4, 5}, .5))
	require.Equal(t, 5.0, quantile([]float64{1, 2, 3, 4, 5}, 1))
}

// What the load can do at most: the server has nothing to do.
func BenchmarkLoad(b *testing.B) {
	for name, host := range loopback {
		b.Run(name, func(b *testing.B) {
			r := drive(b, host, settings{window: 256, batch: 64, duration: 2 * time.Second}, server{granted, own})
			b.ReportMetric(r.PerSecond, "exchanges/s")
		})
	}
}
