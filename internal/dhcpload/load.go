package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// settings are the command line.
type settings struct {
	servers  []netip.AddrPort
	window   int
	rate     int // exchanges a second; 0: no limit
	duration time.Duration
	timeout  time.Duration
	clients  int // 0: a new one for every exchange
	seed     uint64
	batch    int
	pd       bool      // DHCPv6: ask for a prefix, too
	rapid    bool      // DHCPv6: ask for rapid commit
	acks     io.Writer // nil: not wanted
}

// exchange is one client getting its address.
type exchange struct {
	client client
	awaits kind
	packet []byte
	began  time.Time
	sent   time.Time
}

// load is one run.
type load struct {
	settings
	tally
	family
	conn     *net.UDPConn
	batches  batches
	targets  []net.Addr
	rng      *rand.Rand
	firstID  uint64
	started  int
	inflight map[uint32]*exchange  // by transaction id
	owner    map[netip.Addr]client // to whom an address, or a prefix that begins with it, was last acknowledged
	out, in  []ipv4.Message
}

// batches is a socket of either family: the messages have the same type.
type batches interface {
	ReadBatch([]ipv4.Message, int) (int, error)
	WriteBatch([]ipv4.Message, int) (int, error)
}

func newLoad(s settings, conn *net.UDPConn) *load {
	l := &load{
		settings: s,
		conn:     conn,
		rng:      rand.New(rand.NewPCG(s.seed, 1)),
		firstID:  (s.seed & 0xffffff) << 24,
		inflight: make(map[uint32]*exchange, 2*s.window),
		owner:    make(map[netip.Addr]client, 1<<16),
		in:       make([]ipv4.Message, s.batch),
	}
	if local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); local.Is4() {
		l.family, l.batches = v4{giaddr: local}, ipv4.NewPacketConn(conn)
	} else {
		l.family, l.batches = v6{link: local.WithZone(""), pd: s.pd, rapid: s.rapid}, ipv6.NewPacketConn(conn)
	}
	for _, server := range s.servers {
		l.targets = append(l.targets, net.UDPAddrFromAddrPort(server))
	}
	for i := range l.in {
		l.in[i].Buffers = [][]byte{make([]byte, 2048)}
	}
	// Best effort: the system may allow less, and then drops count as timeouts.
	_ = conn.SetReadBuffer(8 << 20)
	_ = conn.SetWriteBuffer(8 << 20)
	return l
}

// run starts exchanges until the time is over and waits for the last answers.
func (l *load) run() (report, error) {
	l.start = time.Now()
	l.lastAck = l.start
	end := l.start.Add(l.duration)
	lastScan := l.start
	for {
		now := time.Now()
		switch {
		case now.Before(end):
			for len(l.inflight) < l.window && l.due(now) {
				l.begin(now)
			}
		case len(l.inflight) == 0 || now.After(end.Add(2*l.timeout)):
			return l.finish(now, l.duration), nil
		}
		if now.Sub(lastScan) > l.timeout/10 {
			lastScan = now
			l.retransmit(now)
		}
		if err := l.flush(); err != nil {
			return report{}, err
		}
		if err := l.receive(now); err != nil {
			return report{}, err
		}
	}
}

// due says whether the rate allows another exchange.
func (l *load) due(now time.Time) bool {
	return l.rate == 0 || float64(l.started) < now.Sub(l.start).Seconds()*float64(l.rate)
}

func (l *load) begin(now time.Time) {
	id := client(l.firstID + uint64(l.started))
	if l.clients > 0 {
		id = client(l.firstID + uint64(l.started%l.clients))
	}
	l.started++
	xid := l.xid()
	for l.inflight[xid] != nil {
		xid = l.xid()
	}
	e := &exchange{client: id, awaits: offered, began: now, packet: l.ask(xid, id)}
	l.inflight[xid] = e
	l.send(e, now)
}

// xid has as many bits as DHCPv6 has.
func (l *load) xid() uint32 { return l.rng.Uint32() >> 8 }

func (l *load) send(e *exchange, now time.Time) {
	e.sent = now
	for _, t := range l.targets {
		l.out = append(l.out, ipv4.Message{Buffers: [][]byte{e.packet}, Addr: t})
	}
}

func (l *load) retransmit(now time.Time) {
	for _, e := range l.inflight {
		if now.Sub(e.sent) > l.timeout {
			l.Timeouts++
			l.setElapsed(e.packet, now.Sub(e.began))
			l.send(e, now)
		}
	}
}

// flush sends what is queued, many messages a system call.
func (l *load) flush() error {
	for out := l.out; len(out) > 0; {
		n, err := l.batches.WriteBatch(out[:min(len(out), l.batch)], 0)
		if err != nil {
			return fmt.Errorf("send: %w", err)
		}
		out = out[n:]
	}
	l.out = l.out[:0]
	return nil
}

// receive takes what has come, or comes within a moment.
func (l *load) receive(now time.Time) error {
	if err := l.conn.SetReadDeadline(now.Add(2 * time.Millisecond)); err != nil {
		return err
	}
	n, err := l.batches.ReadBatch(l.in, 0)
	if errors.Is(err, net.ErrClosed) {
		return err
	}
	if err != nil {
		return nil // no answer yet; or a server's port is closed, which is no answer either
	}
	now = time.Now()
	var a answer
	for _, m := range l.in[:n] {
		if l.parse(m.Buffers[0][:m.N], &a) {
			if err := l.answered(&a, m.Addr, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered takes an exchange one step further.
func (l *load) answered(a *answer, from net.Addr, now time.Time) error {
	e := l.inflight[a.xid]
	switch {
	case e == nil || e.client.hwAddr() != a.hw: // another server was first
	case a.kind == refused:
		l.Naks++
		delete(l.inflight, a.xid)
	case a.kind == offered && e.awaits == offered:
		l.offered(now.Sub(e.sent))
		e.awaits = granted
		e.packet = l.take(a.xid, e.client, a)
		l.send(e, now)
	case a.kind == granted && (e.awaits == granted || l.rapid):
		l.acked(now, now.Sub(e.sent))
		delete(l.inflight, a.xid)
		return l.note(e.client, a, from, now)
	}
	return nil
}

// note looks who has had before what a client has been given now.
func (l *load) note(c client, a *answer, from net.Addr, now time.Time) error {
	for _, given := range a.leases {
		addr := given.what.Addr()
		if !addr.IsValid() {
			continue
		}
		if owner, ok := l.owner[addr]; ok && owner != c {
			l.Duplicates++
		}
		l.owner[addr] = c
		if l.acks == nil {
			continue
		}
		server := from.(*net.UDPAddr).AddrPort().Addr().Unmap()
		if _, err := fmt.Fprintf(l.acks, "%d %012x %s %s %d\n", now.UnixMilli(), uint64(c), given, server, given.seconds); err != nil {
			return err
		}
	}
	return nil
}
