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
	acks     io.Writer // nil: not wanted
}

// exchange is one client getting its address.
type exchange struct {
	client uint64
	awaits byte // a message type
	packet []byte
	began  time.Time
	sent   time.Time
}

// load is one run.
type load struct {
	settings
	tally
	conn     *net.UDPConn
	batches  *ipv4.PacketConn
	giaddr   netip.Addr
	targets  []net.Addr
	rng      *rand.Rand
	firstID  uint64
	started  int
	inflight map[uint32]*exchange  // by transaction id
	owner    map[netip.Addr]uint64 // whom an address was last acknowledged to
	out, in  []ipv4.Message
}

func newLoad(s settings, conn *net.UDPConn) *load {
	l := &load{
		settings: s,
		conn:     conn,
		batches:  ipv4.NewPacketConn(conn),
		giaddr:   conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(),
		rng:      rand.New(rand.NewPCG(s.seed, 1)),
		firstID:  (s.seed & 0xffffff) << 24,
		inflight: make(map[uint32]*exchange, 2*s.window),
		owner:    make(map[netip.Addr]uint64, 1<<16),
		in:       make([]ipv4.Message, s.batch),
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
	client := l.firstID + uint64(l.started)
	if l.clients > 0 {
		client = l.firstID + uint64(l.started%l.clients)
	}
	l.started++
	xid := l.rng.Uint32()
	for l.inflight[xid] != nil {
		xid = l.rng.Uint32()
	}
	e := &exchange{client: client, awaits: offer, began: now}
	e.packet = build(l.giaddr, query{typ: discover, xid: xid, client: client})
	l.inflight[xid] = e
	l.send(e, now)
}

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
			setSecs(e.packet, uint16(now.Sub(e.began).Seconds()))
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
	for _, m := range l.in[:n] {
		if a, ok := parse(m.Buffers[0][:m.N]); ok {
			if err := l.answered(a, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered takes an exchange one step further.
func (l *load) answered(a answer, now time.Time) error {
	e := l.inflight[a.xid]
	switch {
	case e == nil: // another server was first
	case a.typ == nak:
		l.Naks++
		delete(l.inflight, a.xid)
	case a.typ == offer && e.awaits == offer && a.server.IsValid():
		l.offered(now.Sub(e.sent))
		e.awaits = ack
		e.packet = build(l.giaddr, query{typ: request, xid: a.xid, client: e.client, requested: a.addr, server: a.server})
		l.send(e, now)
	case a.typ == ack && e.awaits == ack:
		l.acked(now, now.Sub(e.sent))
		if owner, ok := l.owner[a.addr]; ok && owner != e.client {
			l.Duplicates++
		}
		l.owner[a.addr] = e.client
		delete(l.inflight, a.xid)
		if l.acks != nil {
			_, err := fmt.Fprintf(l.acks, "%d %012x %s %s %d\n", now.UnixMilli(), e.client, a.addr, a.server, a.lease)
			return err
		}
	}
	return nil
}
