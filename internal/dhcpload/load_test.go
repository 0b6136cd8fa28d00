package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
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
	final := p[offInner] == request6 || p[offInner] == renew6 || p[offElapsed+3] == optRapidCommit
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
	l, err := newLoad(s, conn)
	require.NoError(t, err)
	r, err := l.run()
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
			require.Equal(t, r.Completed, strings.Count(acks.String(), "::/64 ::1 60 "), "prefixes are acknowledged, too")
			lines *= 2
		}
		require.Equal(t, lines, strings.Count(acks.String(), " "+host+" 60 "))
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

// With a rate as many exchanges are started as it says, whatever comes back.
func TestLoadOpen(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		s := settings{window: 1, batch: 4, rate: 1000, duration: 100 * time.Millisecond}
		r := drive(t, host, s, server{granted, own})
		require.Equal(t, 100, r.Started+r.NotStarted)
		require.NotZero(t, r.Completed)
		require.Equal(t, r.Started, r.Completed)
		require.Zero(t, r.Lost)
		require.NotZero(t, r.AckP999)

		s.timeout, s.tries = time.Millisecond, 2
		r = drive(t, host, s, server{granted, silent})
		require.NotZero(t, r.Started)
		require.Equal(t, 100, r.Started+r.NotStarted)
		require.Equal(t, r.Started, r.Lost)
		require.Equal(t, r.Started, r.Timeouts)
	})
}

// Whoever is late starts some, and sends some again, and then reads.
func TestLoadReadsBetweenWhatItSends(t *testing.T) {
	t.Parallel()
	to, conn := listen(t, "127.0.0.1"), listen(t, "127.0.0.1")
	defer to.Close()
	defer conn.Close()
	l, err := newLoad(settings{batch: 1, timeout: time.Second, servers: []netip.AddrPort{to.LocalAddr().(*net.UDPAddr).AddrPort()}}, conn)
	require.NoError(t, err)
	begun := 0
	for range 3 {
		n, err := l.beginSome(phase{rate: 1000, length: time.Hour}, begun, 1, time.Minute)
		require.NoError(t, err)
		require.Equal(t, atOnce, n)
		begun += n
	}
	require.Equal(t, begun, l.Started)
	require.NoError(t, l.retransmit(time.Hour))
	require.Equal(t, atOnce, l.Timeouts)
	n, err := l.beginSome(phase{length: time.Hour}, begun, begun+1, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, n, "no more than there may be in flight")
	require.Equal(t, 3, phase{rate: 1000, length: time.Second}.late(997))
}

// A rate that the clients cannot keep up with, for each waits for an answer, is
// not taken for one that they kept.
func TestLoadOpenWithTooFewClients(t *testing.T) {
	t.Parallel()
	s := settings{batch: 1, rate: 1000, clients: 3, duration: 100 * time.Millisecond, timeout: time.Minute / 3000}
	r := drive(t, loopback["DHCPv4"], s, server{granted, silent})
	require.Equal(t, 3, r.Started)
	require.Equal(t, 97, r.NotStarted)
}

// Clients first get a lease each, and then renew that.
func TestLoadRenews(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		var acks bytes.Buffer
		r := drive(t, host, settings{clients: 8, renew: true, acks: &acks, pd: host == "::1"}, server{granted, own})
		require.NotZero(t, r.Completed)
		require.Zero(t, r.OfferP99, "nothing is offered for a renewal")
		require.Zero(t, r.Naks)
		require.Zero(t, r.Duplicates)
		has := make(map[string]bool)
		for line := range strings.Lines(acks.String()) {
			f := strings.Fields(line)
			has[f[1]+" "+f[2]] = true
		}
		leases := 8
		if host == "::1" {
			leases *= 2
		}
		require.Len(t, has, leases)
	})
}

// idle is a load whose messages nobody answers.
func idle(t *testing.T, host string, s settings) *load {
	t.Helper()
	to, conn := listen(t, host), listen(t, host)
	t.Cleanup(func() { to.Close(); conn.Close() })
	s.batch, s.timeout = 1, time.Second
	s.servers = []netip.AddrPort{to.LocalAddr().(*net.UDPAddr).AddrPort()}
	l, err := newLoad(s, conn)
	require.NoError(t, err)
	l.start = time.Now()
	return l
}

// A client that insists goes another way when it is refused, or asks in vain.
func TestLoadInsists(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		var acks bytes.Buffer
		l := idle(t, host, settings{clients: 1, renew: true, insist: true, tries: 2, acks: &acks})
		require.NoError(t, l.begin(0, 0))
		e, now := l.inflight.first, time.Duration(0)
		inVain := func() {
			for range 2 {
				now += 2 * time.Second
				require.NoError(t, l.retransmit(now))
			}
		}
		answered := func(k kind) {
			a := answer{kind: k, xid: e.xid, hw: e.client.hwAddr(), server: []byte{1, 2, 3, 4}, leases: offer4.leases}
			a.leases[0].seconds = 60
			require.NoError(t, l.answered(&a, netip.MustParseAddr(host), now))
		}
		inVain()
		require.Equal(t, asks, e.step)
		answered(offered)
		inVain()
		require.Equal(t, asks, e.step, "what was offered is not to be had")
		answered(offered)
		answered(refused)
		require.Equal(t, asks, e.step)
		require.Equal(t, 1, e.sends, "it asks at once")
		answered(offered)
		answered(refused)
		require.Zero(t, e.sends, "it is not refused again and again without a pause")
		answered(offered)
		now += time.Second / 2
		answered(granted)
		var at, seconds, waited int64
		_, err := fmt.Sscanf(acks.String(), "%d 000000000000 192.0.2.7 "+host+" %d %d\n", &at, &seconds, &waited)
		require.NoError(t, err)
		require.EqualValues(t, 60, seconds)
		require.InDelta(t, l.start.UnixMilli(), at-waited, 1, "when it began")
		require.Nil(t, l.inflight.first)
		acks.Reset()
		answered(granted)
		require.Regexp(t, `^\d+ 020000000000 192\.0\.2\.7 `+host+` 60 -1\n$`, acks.String(), "of another server, which is not heeded")

		require.NoError(t, l.begin(now, now))
		e = l.inflight.first
		require.Equal(t, renews, e.step)
		inVain()
		require.Equal(t, rebinds, e.step)
		inVain()
		require.Equal(t, rebinds, e.step)
		l.returning[0].ends = l.start
		inVain()
		require.Equal(t, asks, e.step, "its lease is over")
		require.Zero(t, l.Lost)
	})
}

// Clients give back what they have, and are others then.
func TestLoadReleasesAndChanges(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		var acks bytes.Buffer
		s := settings{clients: 8, renew: true, insist: true, release: 30, change: 30, acks: &acks}
		r := drive(t, host, s, server{granted, own})
		require.NotZero(t, r.Released)
		require.Zero(t, r.Duplicates)
		has, clients := make(map[string]string), make(map[string]bool)
		released := 0
		for line := range strings.Lines(acks.String()) {
			f := strings.Fields(line)
			client, addr := f[1], f[2]
			clients[client] = true
			if f[3] != "-" {
				has[addr] = client
				continue
			}
			released++
			require.Equal(t, client, has[addr], "only what one has can be given back")
			delete(has, addr)
		}
		require.Greater(t, len(clients), 8)
		require.GreaterOrEqual(t, released, r.Released)
	})
}

// An address that was given back, or whose time is over, may be another's.
func TestLoadKnowsWhoHasAnAddress(t *testing.T) {
	families(t, func(t *testing.T, host string) {
		l := idle(t, host, settings{})
		a := answer{leases: offer4.leases}
		a.leases[0].seconds = 60
		note := func(c client) { require.NoError(t, l.note(c, &a, netip.Addr{}, 0)) }
		note(1)
		note(1)
		require.Zero(t, l.Duplicates)
		note(2)
		require.Equal(t, 1, l.Duplicates)
		require.NoError(t, l.noteReturn(&exchange{query: query{client: 2, has: a}}))
		note(3)
		require.Equal(t, 1, l.Duplicates)
		a.leases[0].seconds = 0
		note(3)
		note(4)
		require.Equal(t, 1, l.Duplicates)
	})
}

// An answer to another client, by chance with the same transaction, is not
// taken, nor is one to an exchange that is over.
func TestExchangesKnowTheirAnswers(t *testing.T) {
	t.Parallel()
	var x exchanges
	e := x.add()
	e.client = 1
	a := answer{xid: e.xid, hw: client(1).hwAddr()}
	require.Same(t, e, x.find(&a))
	a.hw = client(2).hwAddr()
	require.Nil(t, x.find(&a))

	x.remove(e)
	again := x.add()
	require.Same(t, e, again)
	again.client = 1
	a.hw = client(1).hwAddr()
	require.Nil(t, x.find(&a))
	require.Nil(t, x.find(&answer{xid: 5}))
	for range 100 {
		require.Zero(t, again.xid&^xidMask)
		x.remove(again)
		again = x.add()
	}
}

// The exchange that has waited longest is always the first.
func TestExchangesAreInOrder(t *testing.T) {
	t.Parallel()
	var x exchanges
	a, b, c := x.add(), x.add(), x.add()
	order := func(want ...*exchange) {
		t.Helper()
		var got, back []*exchange
		for e := x.first; e != nil; e = e.later {
			got = append(got, e)
		}
		for e := x.last; e != nil; e = e.earlier {
			back = append([]*exchange{e}, back...)
		}
		require.Equal(t, want, got)
		require.Equal(t, want, back)
		require.Equal(t, len(want), x.n)
	}
	order(a, b, c)
	x.touch(a, 1)
	order(b, c, a)
	x.touch(c, 2)
	order(b, a, c)
	x.touch(c, 3)
	order(b, a, c)
	x.remove(a)
	order(b, c)
	x.remove(b)
	order(c)
	x.remove(c)
	order()
}

func TestTrains(t *testing.T) {
	t.Parallel()
	tr := trains{max: 2}
	require.True(t, tr.add([]byte("aa")))
	require.True(t, tr.add([]byte("bbb")))
	require.True(t, tr.add([]byte("cc")))
	require.False(t, tr.add([]byte("dd")), "full")
	var sent []string
	send := func(b []byte, size int) error { sent = append(sent, string(b), string(b[:size])); return nil }
	require.NoError(t, tr.each(send))
	require.Equal(t, []string{"aacc", "aa", "bbb", "bbb"}, sent)
	sent = nil
	require.NoError(t, tr.each(send))
	require.Empty(t, sent)
	require.True(t, tr.add([]byte("dd")))
}

func TestTimes(t *testing.T) {
	t.Parallel()
	var none times
	require.Zero(t, none.quantile(.5))
	var all times
	for i := range 1001 {
		all.add(time.Duration(i) * time.Millisecond)
	}
	require.InEpsilon(t, 500, all.quantile(.5), .016)
	require.InEpsilon(t, 990, all.quantile(.99), .016)
	require.InEpsilon(t, 999, all.quantile(.999), .016)
	require.Equal(t, 1000.0, all.quantile(1))
	for d := time.Duration(1); d < 1<<50; d += d/7 + 1 {
		c := class(d)
		require.LessOrEqual(t, floor(c), d)
		require.Greater(t, floor(c+1), d)
		require.LessOrEqual(t, floor(c+1)-floor(c), max(1, d/classes), d)
	}
}

// An exchange allocates nothing, at whichever step it is.
func TestLoadAllocatesNothing(t *testing.T) {
	for name, host := range loopback {
		t.Run(name, func(t *testing.T) {
			to := listen(t, host)
			defer to.Close()
			conn := listen(t, host)
			defer conn.Close()
			l, err := newLoad(settings{
				window: 1, batch: 4, timeout: time.Second,
				servers: []netip.AddrPort{to.LocalAddr().(*net.UDPAddr).AddrPort()},
			}, conn)
			require.NoError(t, err)
			a := answer{server: []byte{1, 2, 3, 4}, leases: offer4.leases}
			if host == "::1" {
				a.leases = offer6.leases
			}
			one := func() {
				l.Started = 0 // always the same client, whom the owner is known of
				require.NoError(t, l.begin(0, 0))
				a.xid, a.hw = l.inflight.first.xid, l.inflight.first.client.hwAddr()
				for _, a.kind = range []kind{offered, granted} {
					require.NoError(t, l.answered(&a, netip.Addr{}, 0))
				}
				require.NoError(t, l.flush())
			}
			for range 100 {
				one()
			}
			require.Zero(t, testing.AllocsPerRun(100, one))
		})
	}
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
