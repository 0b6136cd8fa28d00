package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// settings are the command line.
type settings struct {
	servers  []netip.AddrPort
	window   int
	rate     int // exchanges started a second; 0: as many as the window allows
	duration time.Duration
	timeout  time.Duration
	tries    int // 0: no limit
	clients  int // 0: a new one for every exchange
	renew    bool
	insist   bool
	release  int // of 100 renewals
	change   int // likewise
	seed     uint64
	batch    int       // messages that are sent in one
	pd       bool      // DHCPv6: ask for a prefix, too
	rapid    bool      // DHCPv6: ask for rapid commit
	acks     io.Writer // nil: not wanted
}

// load is one run.
type load struct {
	settings
	tally
	family
	inflight  exchanges
	link      *link
	trains    trains
	start     time.Time
	random    *rand.Rand
	firstID   client
	ids       client               // that returning clients have had
	returning []returning          // clients, with -clients
	turn      int                  // whose turn it is
	owner     map[netip.Addr]owner // to whom an address, or a prefix that begins with it, was last acknowledged
	packet    []byte
	answer    answer
}

// returning is what a client that returns is up to.
type returning struct {
	id   client
	busy bool
	has  answer    // its lease, with -renew; its kind is 0 if it has none
	ends time.Time // when that is over
}

// owner is a client with a lease.
type owner struct {
	client client
	until  int64 // Unix milliseconds
}

func newLoad(s settings, conn *net.UDPConn) (*load, error) {
	link, err := newLink(conn)
	if err != nil {
		return nil, err
	}
	l := &load{
		settings:  s,
		link:      link,
		trains:    trains{max: s.batch},
		random:    rand.New(rand.NewPCG(s.seed, 0)),
		firstID:   client(s.seed&0xffffff) << 24,
		ids:       client(s.clients),
		returning: make([]returning, s.clients),
		owner:     make(map[netip.Addr]owner, 1<<16),
	}
	for i := range l.returning {
		l.returning[i].id = client(i)
	}
	if local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); local.Is4() {
		l.family = v4{giaddr: local}
	} else {
		l.family = v6{link: local.WithZone(""), pd: s.pd, rapid: s.rapid}
	}
	return l, nil
}

// run does all that the settings say.
func (l *load) run() (report, error) {
	if l.renew {
		// All clients get their first leases, which is not measured.
		first := phase{count: l.clients, length: time.Minute}
		if err := l.perform(first); err != nil {
			return report{}, err
		}
		if l.Completed < l.clients {
			return report{}, fmt.Errorf("there are %d clients without a lease to renew", l.clients-l.Completed)
		}
		l.tally = tally{report: report{Duplicates: l.Duplicates}}
	}
	if err := l.perform(phase{rate: l.rate, length: l.duration}); err != nil {
		return report{}, err
	}
	return l.finish(l.now()), nil
}

// phase is a part of a run.
type phase struct {
	count  int // exchanges to be started; 0: as many as there is time for
	length time.Duration
	rate   int
}

// tick is how often at most exchanges are started that do not wait for others:
// at a high rate, several at once.
const tick = 200 * time.Microsecond

// atOnce is how many exchanges are started, or queries sent again, before answers
// are read, at most. Each has two answers. One that starts as fast as it can would
// else never read any, and what it offers would be no clients.
const atOnce = (receiveBatch + 1) / 2

// over says whether a phase starts no more exchanges.
func (p phase) over(now time.Duration, begun int) bool {
	return now >= p.length || p.count > 0 && begun >= p.count
}

// due is when an exchange should begin.
func (p phase) due(number int) time.Duration {
	return time.Duration(float64(number) / float64(p.rate) * float64(time.Second))
}

// late is how many exchanges should have begun in the phase and have not.
func (p phase) late(begun int) int {
	return max(0, int(math.Ceil(p.length.Seconds()*float64(p.rate)))-begun)
}

func (l *load) now() time.Duration { return time.Since(l.start) }

// perform starts the exchanges of a phase and waits for the last answers.
func (l *load) perform(p phase) error {
	l.start = time.Now()
	window := l.window
	if l.clients > 0 {
		window = min(window, l.clients)
	}
	var begun int
	var end time.Duration // when the last was started
	for {
		now := l.now()
		wait := l.timeout
		if end == 0 {
			n, err := l.beginSome(p, begun, window, now)
			if err != nil {
				return err
			}
			begun += n
			switch {
			case l.another(p, begun, window, now):
				wait = 0
			case p.rate > 0:
				wait = max(p.due(begun)-now, tick)
			}
			wait = min(wait, p.length-now)
			if p.over(now, begun) {
				end = now
				l.NotStarted += p.late(begun)
				l.stopped(now)
			}
		}
		if err := l.retransmit(now); err != nil {
			return err
		}
		if l.inflight.first != nil {
			wait = min(wait, l.inflight.first.sent+l.timeout-now)
		}
		if err := l.flush(); err != nil {
			return err
		}
		if end > 0 && (l.inflight.n == 0 || now > end+2*l.timeout) {
			for l.inflight.first != nil {
				l.giveUp(l.inflight.first)
			}
			return nil
		}
		if err := l.receive(wait); err != nil {
			return err
		}
	}
}

// beginSome starts the exchanges that are to be started now, the first of them,
// and says how many. begun have been before.
func (l *load) beginSome(p phase, begun, window int, now time.Duration) (n int, err error) {
	for ; n < atOnce && l.another(p, begun+n, window, now); n++ {
		due := now
		if p.rate > 0 {
			due = p.due(begun + n)
		}
		if err := l.begin(due, now); err != nil {
			return n, err
		}
	}
	return n, nil
}

// another says whether one more exchange is to be started now. With a rate all
// are that should have been, if there is time.
func (l *load) another(p phase, begun, window int, now time.Duration) bool {
	if p.rate > 0 {
		due := p.due(begun)
		return due <= now && due < p.length
	}
	return l.inflight.n < window && !p.over(now, begun)
}

// begin starts an exchange.
func (l *load) begin(due, now time.Duration) error {
	if l.clients > 0 && l.inflight.n == l.clients {
		l.NotStarted++
		return nil
	}
	e := l.inflight.add()
	if e == nil {
		l.NotStarted++
		return nil
	}
	e.step, e.due, e.asked = asks, due, due
	if l.clients > 0 {
		l.comeAgain(e)
	} else {
		e.client = l.firstID + client(l.Started+l.NotStarted)
	}
	if e.step == returns {
		l.Released++
		if err := l.noteReturn(e); err != nil {
			return err
		}
		err := l.send(e, now)
		l.done(e, nil)
		return err
	}
	l.Started++
	return l.send(e, now)
}

// comeAgain makes an exchange one of the next returning client that is not busy.
func (l *load) comeAgain(e *exchange) {
	for l.returning[l.turn].busy {
		l.turn = (l.turn + 1) % l.clients
	}
	e.place = l.turn
	l.turn = (l.turn + 1) % l.clients
	who := &l.returning[e.place]
	who.busy = true
	if who.has.kind != 0 {
		e.step = renews
		if l.release+l.change > 0 {
			switch n := l.random.IntN(100); {
			case n < l.change:
				e.step = asks
				who.id = l.ids
				l.ids++
			case n < l.change+l.release:
				e.step = returns
			}
		}
	}
	if e.step != asks {
		e.has.keep(&who.has)
	}
	e.client = l.firstID + who.id
}

// send puts what an exchange has to say now into a train.
func (l *load) send(e *exchange, now time.Duration) error {
	l.inflight.touch(e, now)
	l.packet = l.query(l.packet[:0], &e.query)
	if l.trains.add(l.packet) {
		return nil
	}
	if err := l.flush(); err != nil {
		return err
	}
	l.trains.add(l.packet)
	return nil
}

// retransmit sends again what has got no answer for too long, the first of it.
func (l *load) retransmit(now time.Duration) error {
	again := 0
	for e := l.inflight.first; e != nil && again < atOnce && now-e.sent > l.timeout; e = l.inflight.first {
		if l.tries > 0 && e.sends >= l.tries && !l.goOn(e, now) {
			l.giveUp(e)
			continue
		}
		again++
		l.Timeouts++
		e.elapsed = now - e.due
		if err := l.send(e, now); err != nil {
			return err
		}
	}
	return nil
}

// goOn has a client say something else that has had no answer for too often. It
// returns false if it does not insist.
func (l *load) goOn(e *exchange, now time.Duration) bool {
	if !l.insist {
		return false
	}
	switch {
	case e.step == takes:
		l.beginAnew(e, now)
	case e.step == renews:
		e.step, e.sends = rebinds, 0
	case e.step == rebinds && l.start.Add(now).After(l.returning[e.place].ends):
		l.beginAnew(e, now)
	}
	return true
}

// beginAnew has a client ask for any lease, as one that has none.
func (*load) beginAnew(e *exchange, now time.Duration) { e.step, e.asked, e.sends = asks, now, 0 }

// giveUp is the end of an exchange without an answer.
func (l *load) giveUp(e *exchange) {
	l.Lost++
	l.done(e, nil)
}

// done is the end of an exchange, with what the client has then.
func (l *load) done(e *exchange, has *answer) {
	if l.clients > 0 {
		who := &l.returning[e.place]
		who.busy = false
		who.has.kind = 0
		if l.renew && has != nil {
			who.has.keep(has)
			who.ends = time.Now().Add(time.Duration(has.leases[0].seconds) * time.Second)
		}
	}
	l.inflight.remove(e)
}

// flush sends the trains, as a relay agent would: to every server.
func (l *load) flush() error {
	return l.trains.each(func(bytes []byte, size int) error {
		for _, server := range l.servers {
			if err := l.link.send(bytes, size, server); err != nil {
				return fmt.Errorf("send: %w", err)
			}
		}
		return nil
	})
}

// receive takes what has come, or comes in time.
func (l *load) receive(wait time.Duration) error {
	n, err := l.link.receive(wait)
	if err != nil {
		return err
	}
	now := l.now()
	for i := range n {
		if !l.parse(l.link.message(i), &l.answer) {
			continue
		}
		if err := l.answered(&l.answer, l.link.from(i), now); err != nil {
			return err
		}
	}
	return nil
}

// answered takes an exchange one step further.
func (l *load) answered(a *answer, from netip.Addr, now time.Duration) error {
	e := l.inflight.find(a)
	if e != nil {
		a.prefer(e.has.leases)
	}
	switch {
	case a.kind == granted && (e == nil || e.step == asks && !l.rapid):
		return l.noteUnheeded(a, from)
	case e == nil: // another server was first
	case a.kind == refused && l.insist:
		return l.turnedDown(e, now)
	case a.kind == refused:
		l.Naks++
		l.done(e, nil)
	case a.kind == offered && e.step == asks:
		l.offered(now - e.asked)
		e.step, e.asked, e.sends = takes, now, 0
		e.has.keep(a)
		return l.send(e, now)
	case a.kind == granted:
		l.acked(now, now-e.asked)
		client, due := e.client, e.due
		l.done(e, a)
		return l.note(client, a, from, due)
	}
	return nil
}

// turnedDown has a client that insists begin anew. Once that was in vain it waits
// for a while before it asks again.
func (l *load) turnedDown(e *exchange, now time.Duration) error {
	l.Naks++
	if e.step == asks {
		return nil
	}
	l.beginAnew(e, now)
	if e.refused {
		return nil
	}
	e.refused = true
	return l.send(e, now)
}
