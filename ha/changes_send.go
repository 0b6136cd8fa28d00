package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// linker makes connections to a server; *peer is one.
type linker interface {
	link(ctx context.Context) (link, error)
}

// link takes messages to a server, which are answered in their order; a
// *ctrl.Pipeline is one.
type link interface {
	Send(message []byte) error
	Receive(within time.Duration) ([]byte, error)
	Close() error
}

// window is how many messages may be on the way: while one is written by the
// receiver's store the next is there already, and read.
const window = 2

// changeSender keeps the leases of a server of this kind like ours. One
// goroutine sends (push), while another receives the answers (pull).
type changeSender struct {
	to    linker
	store *lease.Store
	feed  *feed
	opts  changeSenderOptions
	link  link

	// Of who sends.
	tail    lease.Position // the receiver's mark once it has all that was sent
	aligned bool           // the tail is in our history, and the feed goes on from there
	all     *fullTransfer  // that is being sent; nil: none is
	covered uint64         // leases up to this revision have been sent in a full transfer
	taken   []lease.Change // from the feed and not sent yet
	upTo    uint64         // what the receiver has everything up to, once it has what is taken
	idle    int            // how often there was nothing to send since it was last made sure of the mark
	asked   uint64         // how often the receiver had asked by then
	buf     []byte
	body    []byte

	flying chan *outgoing // sent and not answered, in order
	slots  chan struct{}  // has an element for each of them

	// Of who receives, and of both while nothing is on the way.
	mark     lease.Position // the receiver's
	position lease.Position // where the receiver is in its own history
	transfer *transferred   // a full transfer that the receiver waits to be continued
	answers  int            // how many were good
}

// outgoing is a message on its way.
type outgoing struct {
	head  changesHead
	size  int
	taken []lease.Change // from the feed: what it is about
	place []int          // where in the message each of these is
}

// changeSenderOptions are the settings of a changeSender.
type changeSenderOptions struct {
	name   string // this server's
	backup bool   // the receiver is a backup
	// mutual says that each of the two gives back what the other has lost.
	mutual bool
	// keep says which leases the receiver is sent; nil: all.
	keep func(*lease.Lease) bool
	// alone returns the revision since which clients were told of changes that
	// the receiver may not have; 0: there are none such. Nil: always 0.
	alone func() uint64
	// seen returns how far the receiver's changes have been taken over here.
	seen func() lease.Position
	// settled waits until seen covers what changes made here have been decided
	// against; nil: it always does.
	settled func(context.Context, []lease.Change) error
	// asked returns how often the receiver has asked where this server stands,
	// as it does when it starts; nil: that is not known.
	asked func() uint64
	// gaveBack is told where the receiver was in its history when it had given
	// back all that was lost here; nil: nobody is.
	gaveBack func(lease.Position)
	clock    *clockOffset     // of the receiver's clock, which is also measured here
	now      func() time.Time // nil: time.Now
	log      *slog.Logger     // nil: nothing is logged
}

func newChangeSender(to linker, store *lease.Store, f *feed, opts changeSenderOptions) *changeSender {
	if opts.now == nil {
		opts.now = time.Now
	}
	if opts.alone == nil {
		opts.alone = func() uint64 { return 0 }
	}
	if opts.keep == nil {
		opts.keep = func(*lease.Lease) bool { return true }
	}
	if opts.gaveBack == nil {
		opts.gaveBack = func(lease.Position) {}
	}
	if opts.settled == nil {
		opts.settled = func(context.Context, []lease.Change) error { return nil }
	}
	if opts.asked == nil {
		opts.asked = func() uint64 { return 0 }
	}
	opts.log = cmp.Or(opts.log, slog.New(slog.DiscardHandler))
	return &changeSender{
		to: to, store: store, feed: f, opts: opts,
		flying: make(chan *outgoing, window), slots: make(chan struct{}, window),
	}
}

var (
	errMisplaced = errors.New("the other server is not where it was taken for")
	errIdle      = errors.New("nothing to send")
)

// idleTime is how long there has been nothing to send before the receiver is
// told that it has everything, though changes were taken over meanwhile.
const idleTime = time.Second

// maxIdle is after how many of these it is made sure that the receiver is where
// it was.
const maxIdle = 10

// run sends until ctx ends or the receiver cannot be reached.
func (c *changeSender) run(ctx context.Context) (err error) {
	if c.link, err = c.to.link(ctx); err != nil {
		return err
	}
	defer c.link.Close()
	defer context.AfterFunc(ctx, func() { c.link.Close() })()
	defer func() { c.giveBack(err) }()
	if err := c.ask(); err != nil {
		return err
	}
	for misplaced := 0; ; {
		before := c.answers
		err := c.align()
		if err == nil {
			err = c.exchange(ctx)
		}
		if c.answers != before {
			misplaced = 0
		}
		switch {
		case err == nil:
		case !errors.Is(err, errMisplaced) || misplaced == maxMisplaced:
			return err
		default:
			misplaced++
			c.giveBack(err)
		}
	}
}

// maxMisplaced is how often in a row a message may turn out to be in the wrong
// place before the receiver is taken for one that cannot be reached.
const maxMisplaced = 3

// exchange sends, while it receives the answers, until there is an error or
// something has to be finished before more is sent.
func (c *changeSender) exchange(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var answered sync.WaitGroup
	var refused error
	answered.Go(func() {
		for out := range c.flying {
			if err := c.pull(out, refused); err != nil {
				refused = err
				stop(err)
			}
		}
	})
	err := c.pushAll(ctx)
	close(c.flying)
	answered.Wait()
	c.flying = make(chan *outgoing, window)
	if refused != nil {
		return refused
	}
	return err
}

// pushAll sends message after message.
func (c *changeSender) pushAll(ctx context.Context) error {
	for {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		out, err := c.push(ctx)
		if out == nil {
			<-c.slots
		}
		if err != nil || c.all != nil && c.all.over {
			return err
		}
	}
}

// push sends the next message, if there is one: it is nil otherwise. There is a
// slot for it.
func (c *changeSender) push(ctx context.Context) (*outgoing, error) {
	if c.all != nil {
		return c.pushLeases()
	}
	if !c.placed() {
		return nil, errMisplaced
	}
	pos := c.store.Position()
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	switch {
	case !c.placed():
		return nil, errMisplaced // a write has failed: what is taken may not have happened
	case len(c.taken) > 0:
		return c.pushTaken(ctx)
	case c.feed.acked() >= pos.Revision && pos != c.tail:
		return c.send(&outgoing{head: changesHead{to: pos}}, nil)
	}
	// While there is nothing to send, a receiver that is no longer where it was
	// would not be noticed.
	if c.idle++; c.idle < maxIdle && c.opts.asked() == c.asked {
		return nil, nil
	}
	c.idle, c.asked = 0, c.opts.asked()
	return c.send(&outgoing{head: changesHead{to: c.tail}}, nil)
}

// pull receives the answer to a message and says what has become of the changes
// in it; broken says why there will be none, if the answer to an earlier one
// says so.
func (c *changeSender) pull(out *outgoing, broken error) error {
	defer func() { <-c.slots }()
	answer, err := (*changesAnswer)(nil), broken
	if broken == nil || errors.Is(broken, errMisplaced) {
		answer, err = c.receive(out)
	}
	if err == nil && len(out.taken) > 0 && answer.applied != out.head.to {
		err = errMisplaced // it takes the message for good, but does not have it
	}
	if err != nil {
		c.feed.done(out.taken, func(int) error { return err })
		return err
	}
	c.answers++
	c.delivered(out, answer.failed)
	return nil
}

// delivered tells the feed what the receiver has, and has not taken over.
func (c *changeSender) delivered(out *outgoing, failures []failedChange) {
	var failed map[int]failedChange
	if len(failures) > 0 {
		failed = make(map[int]failedChange, len(failures))
	}
	for _, f := range failures {
		failed[f.index] = f
		c.opts.log.Debug("lease change not taken over by the peer", "result", f.result, "text", f.text)
	}
	c.feed.done(out.taken, func(i int) error {
		f, bad := failed[out.place[i]]
		switch {
		case out.place[i] == replaced || bad && f.result == ctrl.Conflict:
			return errRejected
		case bad || out.place[i] == unreadable:
			return fmt.Errorf("%w: %s", errUnacknowledged, f.text)
		}
		return nil
	})
}

// giveBack returns what is taken to the feed: it has not reached the receiver.
func (c *changeSender) giveBack(err error) {
	c.feed.done(c.taken, func(int) error { return err })
	c.taken, c.aligned, c.all = nil, false, nil
}

// tell sends a message without changes and waits for the answer.
func (c *changeSender) tell(head changesHead) error {
	c.tail = c.mark
	c.slots <- struct{}{}
	out, err := c.send(&outgoing{head: head}, nil)
	<-c.flying
	return c.pull(out, err)
}

// ask finds out where the receiver stands.
func (c *changeSender) ask() error {
	c.mark, c.aligned = lease.Position{}, false
	return c.tell(changesHead{})
}

// align makes sure that the receiver's mark is in our history and the feed goes
// on from there, or begins with a full transfer.
func (c *changeSender) align() error {
	if c.all != nil && c.all.over {
		return c.sentAll()
	}
	if c.all != nil || c.aligned && c.placed() {
		return nil
	}
	rev, known := c.store.Locate(c.mark)
	ahead := rev < c.mark.Revision
	epoch := c.store.Position().Epoch
	switch {
	case known && !ahead:
	case c.opts.backup && c.mark != lease.Position{}:
	default:
		if err := c.tell(changesHead{rewind: true, to: lease.Position{Epoch: epoch, Revision: rev}}); err != nil {
			return err
		}
	}
	c.tail, c.covered = c.mark, 0
	if rev == 0 && c.store.Revision() > 0 || c.store.Forgotten() > rev || ahead && c.opts.backup {
		c.feed.restart(0) // until then the receiver does not have what it seems to
		c.sendAll(rev, known)
		return nil
	}
	return c.follow(c.feed.acked() != c.mark.Revision)
}

// follow lets the feed go on from the receiver's mark.
func (c *changeSender) follow(restart bool) error {
	if c.tail = c.mark; !c.placed() {
		return errMisplaced
	}
	if restart {
		c.feed.restart(c.mark.Revision)
	}
	c.aligned = true
	c.opts.gaveBack(c.position)
	return nil
}

// placed says whether the receiver's mark, once it has all that was sent, is in
// our history, and all removals since are known.
func (c *changeSender) placed() bool {
	rev, ok := c.store.Locate(c.tail)
	return ok && rev == c.tail.Revision && c.store.Forgotten() <= rev
}

// take takes what waits, unless something is taken that did not fit into a
// message.
func (c *changeSender) take(ctx context.Context) (err error) {
	if len(c.taken) > 0 {
		return nil
	}
	idle, cancel := context.WithTimeoutCause(ctx, idleTime, errIdle)
	defer cancel()
	if c.taken, c.upTo, err = c.feed.take(idle, maxChanges); errors.Is(err, errIdle) {
		return nil
	}
	return err
}

// What stands for the place in the message of a change that is not in it.
const (
	replaced   = -1 - iota // one of the receiver's has replaced it
	covered                // a full transfer has brought it
	unreadable             // there is no way to write it
)

// pushTaken sends as much of what is taken as fits into a message.
func (c *changeSender) pushTaken(ctx context.Context) (*outgoing, error) {
	epoch := c.store.Position().Epoch
	if err := c.opts.settled(ctx, c.taken); err != nil {
		return nil, err
	}
	// What seen covers is looked up after it: see decide. Nor may a change have
	// been decided in the knowledge of more.
	out := new(outgoing)
	var body bodyOf
	for newer := true; newer; newer = newer && c.opts.seen() != out.head.seen {
		out.head.seen = c.opts.seen()
		body, out.place, newer = c.write()
	}
	sent := len(out.place)
	out.head.to = lease.Position{Epoch: epoch, Revision: c.upTo}
	if sent < len(c.taken) {
		out.head.to.Revision = c.taken[sent].Lease.Revision - 1
	}
	out.taken, c.taken = c.taken[:sent], c.taken[sent:]
	return c.send(out, &body)
}

// write makes a message of what is taken, or of as much as fits. place is where
// in the message each is; newer says that some are not those that were taken.
func (c *changeSender) write() (body bodyOf, place []int, newer bool) {
	body.b = c.body[:0]
	defer func() { c.body = body.b }()
	for i := range c.taken {
		if body.full() {
			break
		}
		if !c.taken[i].Delete && c.taken[i].Lease.Revision <= c.covered {
			place = append(place, covered)
		} else if now, ok := c.current(c.taken[i]); ok {
			newer = newer || now.Lease.Revision != c.taken[i].Lease.Revision
			place = append(place, body.n)
			if err := body.add(&now); err != nil {
				c.opts.log.Error("a lease cannot be sent", "error", err)
				place[i] = unreadable
			}
		} else {
			place = append(place, replaced)
		}
	}
	return body, place, newer
}

// current returns a change as it is by now. It may not be durable yet, and so
// not seen in the store. False: one of the receiver's has replaced it.
func (c *changeSender) current(taken lease.Change) (lease.Change, bool) {
	last, ok := c.store.Last(taken.Lease.Key())
	if !ok || last.Lease.Revision <= taken.Lease.Revision {
		return taken, true
	}
	return last, last.Source == 0
}

// How long an answer is waited for at most, and how much longer for each octet
// of the message: some links have no more than a megabit a second.
const (
	answerTime   = 3 * time.Second
	transferTime = 10 * time.Microsecond
)

// send sends a message.
func (c *changeSender) send(out *outgoing, body *bodyOf) (*outgoing, error) {
	head := &out.head
	head.server, head.from, head.offset, head.now = c.opts.name, c.tail, c.opts.clock.seconds(), c.opts.now()
	head.alone = c.opts.alone()
	c.buf = head.append(c.buf[:0])
	if body != nil {
		c.buf = append(c.buf, body.b...)
	}
	out.size = len(c.buf)
	c.tail = head.after()
	// Before it is sent: who waits for the answer notices that it never comes.
	c.flying <- out
	return out, c.link.Send(c.buf)
}

// after returns the receiver's mark after the message.
func (h *changesHead) after() lease.Position {
	if h.full != nil && h.full.through.IsValid() {
		return h.from
	}
	return h.to
}

// receive waits for the answer to a message, which moves the mark.
func (c *changeSender) receive(out *outgoing) (*changesAnswer, error) {
	// The answer of a Kea is waited for longer: it may be busy for long. One of
	// this kind that is silent is to be noticed before clients ask again, which
	// they do after 4 seconds.
	b, err := c.link.Receive(answerTime + time.Duration(out.size)*transferTime)
	if err != nil {
		c.link.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		return nil, err
	}
	answer, err := parseAnswer(b)
	if err != nil {
		return nil, fmt.Errorf("ha: answer to lease changes: %w", err)
	}
	if !answer.now.IsZero() {
		c.opts.clock.answered(out.head.now, c.opts.now(), answer.now, time.Millisecond)
	}
	if answer.result != ctrl.Success && answer.result != ctrl.Conflict {
		return nil, &ctrl.ResultError{Code: answer.result, Text: answer.text}
	}
	c.mark, c.position, c.transfer = answer.applied, answer.position, answer.transfer
	if answer.result != ctrl.Success {
		return nil, fmt.Errorf("%w: %s", errMisplaced, answer.text)
	}
	return answer, nil
}

// bodyOf is the changes of a message.
type bodyOf struct {
	b []byte
	n int
}

func (b *bodyOf) full() bool { return b.n == maxChanges || len(b.b) >= maxChangeBytes }

func (b *bodyOf) add(c *lease.Change) (err error) {
	if b.b, err = appendChange(b.b, c); err == nil {
		b.n++
	}
	return err
}

// addEncoded adds what AppendBinary has made of a change.
func (b *bodyOf) addEncoded(source uint64, encoded []byte) {
	b.b = appendEncoded(b.b, source, encoded)
	b.n++
}
