package ha

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// caller sends commands; *peer is one.
type caller interface {
	call(ctx context.Context, command string, args any) (*ctrl.Reply, error)
}

// changeSender keeps the leases of a server of this kind like ours.
type changeSender struct {
	to    caller
	store *lease.Store
	feed  *feed
	opts  changeSenderOptions

	mark     lease.Position // the receiver's
	position lease.Position // where the receiver is in its own history
	transfer *transferred   // a full transfer that the receiver waits to be continued
	aligned  bool           // the mark is in our history, and the feed goes on from there
	covered  uint64         // leases up to this revision have been sent in a full transfer
	taken    []lease.Change // from the feed and not done
	upTo     uint64         // what the receiver has everything up to, once it has what is taken
	idle     int            // how often there was nothing to send since it was last made sure of the mark
	asked    uint64         // how often the receiver had asked by then
	buf      []byte
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

func newChangeSender(to caller, store *lease.Store, f *feed, opts changeSenderOptions) *changeSender {
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
	return &changeSender{to: to, store: store, feed: f, opts: opts}
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
	defer func() { c.giveBack(err) }()
	if err := c.ask(ctx); err != nil {
		return err
	}
	for misplaced := 0; ; {
		err := c.step(ctx)
		switch {
		case err == nil:
			misplaced = 0
		case !errors.Is(err, errMisplaced) || misplaced == maxMisplaced:
			return err
		default:
			misplaced++
			c.giveBack(err)
			c.aligned = false
		}
	}
}

// maxMisplaced is how often in a row a message may turn out to be in the wrong
// place before the receiver is taken for one that cannot be reached.
const maxMisplaced = 3

// step sends a message, if there is something to send.
func (c *changeSender) step(ctx context.Context) error {
	if err := c.align(ctx); err != nil {
		return err
	}
	pos := c.store.Position()
	if err := c.take(ctx); err != nil {
		return err
	}
	switch {
	case !c.placed():
		return errMisplaced // a write has failed: what is taken may not have happened
	case len(c.taken) > 0:
		return c.sendTaken(ctx)
	case c.feed.acked() >= pos.Revision && pos != c.mark:
		_, err := c.send(ctx, &changesHead{to: pos}, nil)
		return err
	}
	// While there is nothing to send, a receiver that is no longer where it was
	// would not be noticed.
	if c.idle++; c.idle < maxIdle && c.opts.asked() == c.asked {
		return nil
	}
	c.idle, c.asked = 0, c.opts.asked()
	_, err := c.send(ctx, &changesHead{to: c.mark}, nil)
	return err
}

// giveBack returns what is taken to the feed: it has not reached the receiver.
func (c *changeSender) giveBack(err error) {
	c.feed.done(c.taken, func(int) error { return err })
	c.taken = nil
}

// ask finds out where the receiver stands.
func (c *changeSender) ask(ctx context.Context) error {
	c.mark = lease.Position{}
	if _, err := c.send(ctx, &changesHead{}, nil); err != nil {
		return err
	}
	c.aligned = false
	return nil
}

// align makes sure that the receiver's mark is in our history and the feed goes
// on from there.
func (c *changeSender) align(ctx context.Context) error {
	if c.aligned && c.placed() {
		return nil
	}
	rev, known := c.store.Locate(c.mark)
	ahead := rev < c.mark.Revision
	epoch := c.store.Position().Epoch
	switch {
	case known && !ahead:
	case c.opts.backup && c.mark != lease.Position{}:
	default:
		if _, err := c.send(ctx, &changesHead{rewind: true, to: lease.Position{Epoch: epoch, Revision: rev}}, nil); err != nil {
			return err
		}
	}
	c.covered = 0
	all := false
	if rev == 0 && c.store.Revision() > 0 || c.store.Forgotten() > rev || ahead && c.opts.backup {
		c.feed.restart(0) // until then the receiver does not have what it seems to
		if err := c.sendAll(ctx, rev, known); err != nil {
			return err
		}
		all = true // what has lost against the receiver's is not noted
	}
	if !c.placed() {
		return errMisplaced
	}
	if all || c.feed.acked() != c.mark.Revision {
		c.feed.restart(c.mark.Revision)
	}
	c.aligned = true
	c.opts.gaveBack(c.position)
	return nil
}

// placed says whether the receiver's mark is in our history, and all removals
// since are known.
func (c *changeSender) placed() bool {
	rev, ok := c.store.Locate(c.mark)
	return ok && rev == c.mark.Revision && c.store.Forgotten() <= rev
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
	replaced = -1 - iota // one of the receiver's has replaced it
	covered              // a full transfer has brought it
)

// sendTaken sends as much of what is taken as fits into a message.
func (c *changeSender) sendTaken(ctx context.Context) error {
	epoch := c.store.Position().Epoch
	if err := c.opts.settled(ctx, c.taken); err != nil {
		return err
	}
	// What seen covers is looked up after it: see decide. Nor may a change have
	// been decided in the knowledge of more.
	head := &changesHead{}
	var body bodyOf
	var place []int
	for newer := true; newer; newer = newer && c.opts.seen() != head.seen {
		head.seen = c.opts.seen()
		body, place, newer = c.write()
	}
	sent := c.taken[:len(place)]
	head.to = lease.Position{Epoch: epoch, Revision: c.upTo}
	if len(sent) < len(c.taken) {
		head.to.Revision = c.taken[len(sent)].Lease.Revision - 1
	}
	answer, err := c.send(ctx, head, &body)
	if err != nil {
		return err
	}
	if answer.applied != head.to {
		return errMisplaced // it takes the message for good, but does not have it
	}
	failed := make(map[int]failedChange, len(answer.failed))
	for _, f := range answer.failed {
		failed[f.index] = f
		c.opts.log.Debug("lease change not taken over by the peer", "result", f.result, "text", f.text)
	}
	c.taken = c.taken[len(sent):]
	c.feed.done(sent, func(i int) error {
		f, bad := failed[place[i]]
		switch {
		case place[i] == replaced || bad && f.result == ctrl.Conflict:
			return errRejected
		case bad:
			return fmt.Errorf("%w: %s", errUnacknowledged, f.text)
		}
		return nil
	})
	return nil
}

// write makes a message of what is taken, or of as much as fits. place is where
// in the message each is; newer says that some are not those that were taken.
func (c *changeSender) write() (body bodyOf, place []int, newer bool) {
	for i := range c.taken {
		if body.full() {
			break
		}
		if !c.taken[i].Delete && c.taken[i].Lease.Revision <= c.covered {
			place = append(place, covered)
		} else if now, ok := c.current(c.taken[i]); ok {
			newer = newer || now.Lease.Revision != c.taken[i].Lease.Revision
			place = append(place, body.n)
			body.add(&now)
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

// send sends a message and waits for the answer, which moves the mark.
func (c *changeSender) send(ctx context.Context, head *changesHead, body *bodyOf) (*changesAnswer, error) {
	head.server, head.from, head.offset, head.now = c.opts.name, c.mark, c.opts.clock.seconds(), c.opts.now()
	head.alone = c.opts.alone()
	c.buf = head.append(c.buf[:0])
	if body != nil {
		c.buf = append(c.buf, body.b...)
	}
	c.buf = append(c.buf, "]}"...)
	// The answer of a Kea is waited for longer: it may be busy for long. One of
	// this kind that is silent is to be noticed before clients ask again, which
	// they do after 4 seconds.
	patience, cancel := context.WithTimeoutCause(ctx, answerTime+time.Duration(len(c.buf))*transferTime, errNoAnswer)
	defer cancel()
	reply, err := c.to.call(patience, changesCommand, json.RawMessage(c.buf))
	var refused *ctrl.ResultError
	if err != nil && (!errors.As(err, &refused) || refused.Code != ctrl.Conflict) {
		return nil, err
	}
	answer, unreadable := parseAnswer(reply.Arguments)
	if unreadable != nil {
		return nil, fmt.Errorf("ha: answer to %s: %w", changesCommand, unreadable)
	}
	if !answer.now.IsZero() {
		c.opts.clock.answered(head.now, c.opts.now(), answer.now, time.Millisecond)
	}
	c.mark, c.position, c.transfer = answer.applied, answer.position, answer.transfer
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMisplaced, err)
	}
	return answer, nil
}

// bodyOf is the changes of a message.
type bodyOf struct {
	b []byte
	n int
}

func (b *bodyOf) full() bool { return b.n == maxChanges || len(b.b) >= maxChangeBytes }

func (b *bodyOf) add(c *lease.Change) {
	if b.n > 0 {
		b.b = append(b.b, ',')
	}
	b.b = appendChange(b.b, c)
	b.n++
}
