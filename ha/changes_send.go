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
	transfer *transferred   // a full transfer that the receiver waits to be continued
	aligned  bool           // the mark is in our history, and the feed goes on from there
	taken    []lease.Change // from the feed and not done
	upTo     uint64         // what the receiver has everything up to, once it has what is taken
	buf      []byte
}

// changeSenderOptions are the settings of a changeSender.
type changeSenderOptions struct {
	name   string // this server's
	backup bool   // the receiver is a backup
	// keep says which leases the receiver is sent; nil: all.
	keep func(*lease.Lease) bool
	// alone returns the revision since which clients were told of changes that
	// the receiver may not have; 0: there are none such. Nil: always 0.
	alone func() uint64
	// seen returns how far the receiver's changes have been taken over here.
	seen  func() lease.Position
	clock *clockOffset     // of the receiver's clock, which is also measured here
	now   func() time.Time // nil: time.Now
	log   *slog.Logger     // nil: nothing is logged
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
	switch rev, ok := c.store.Locate(c.mark); {
	case !ok || rev != c.mark.Revision:
		return errMisplaced // a write has failed: what is taken may not have happened
	case len(c.taken) > 0:
		return c.sendTaken(ctx)
	case c.feed.acked() >= pos.Revision && pos != c.mark:
		_, err := c.send(ctx, &changesHead{to: pos}, nil)
		return err
	}
	return nil
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
	rev, known := c.store.Locate(c.mark)
	ahead := rev < c.mark.Revision
	if known && !ahead && c.aligned {
		return nil
	}
	epoch := c.store.Position().Epoch
	switch {
	case known && !ahead:
	case c.opts.backup && c.mark != lease.Position{}:
	default:
		if _, err := c.send(ctx, &changesHead{rewind: true, to: lease.Position{Epoch: epoch, Revision: rev}}, nil); err != nil {
			return err
		}
	}
	if rev == 0 && c.store.Revision() > 0 || c.store.Forgotten() > rev || ahead && c.opts.backup {
		if err := c.sendAll(ctx, known); err != nil {
			return err
		}
	}
	if rev, known = c.store.Locate(c.mark); !known || rev != c.mark.Revision {
		return errMisplaced
	}
	if c.feed.acked() != rev {
		c.feed.restart(rev)
	}
	c.aligned = true
	return nil
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

// sendTaken sends as much of what is taken as fits into a message.
func (c *changeSender) sendTaken(ctx context.Context) error {
	epoch := c.store.Position().Epoch
	var (
		body  bodyOf
		place []int // in the message, of each of taken; -1: not there
	)
	// What seen covers is looked up after it: see decide.
	head := &changesHead{seen: c.opts.seen()}
	for i := range c.taken {
		if body.full() {
			break
		}
		now, ok := c.current(c.taken[i])
		if !ok {
			place = append(place, -1)
			continue
		}
		place = append(place, body.n)
		body.add(&now)
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
	failed := make(map[int]failedChange, len(answer.failed))
	for _, f := range answer.failed {
		failed[f.index] = f
		c.opts.log.Debug("lease change not taken over by the peer", "result", f.result, "text", f.text)
	}
	c.taken = c.taken[len(sent):]
	c.feed.done(sent, func(i int) error {
		f, bad := failed[place[i]]
		switch {
		case place[i] < 0 || bad && f.result == ctrl.Conflict:
			return errRejected
		case bad:
			return fmt.Errorf("%w: %s", errUnacknowledged, f.text)
		}
		return nil
	})
	return nil
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

// sendAll sends all leases, or the rest of them.
func (c *changeSender) sendAll(ctx context.Context, prune bool) error {
	to := c.store.Position()
	at := span{prune: prune}
	if t := c.transfer; t != nil {
		if rev, ok := c.store.Locate(t.to); ok && rev == t.to.Revision && c.store.Forgotten() <= rev {
			to, at.after = t.to, t.through
		}
	}
	c.opts.log.Info("all leases are sent", "revision", to.Revision)
	for {
		var body bodyOf
		head := &changesHead{to: to, seen: c.opts.seen(), full: &at}
		leases, end := nextLeases(c.store, at.after, at.through, maxChanges-1)
		for i := range leases {
			// Two that begin at the same address belong together.
			if body.full() && leases[i].Addr != leases[i-1].Addr {
				end = leases[i-1].Addr
				break
			}
			if last, ok := c.store.Last(leases[i].Key()); ok && !last.Delete && c.opts.keep(&last.Lease) {
				if !partners(last.Source) {
					last.Source = 0
				}
				body.add(&last)
			}
		}
		at.through = end
		if _, err := c.send(ctx, head, &body); err != nil {
			return err
		}
		if !end.IsValid() {
			return nil
		}
		at = span{after: end, prune: prune}
	}
}

// send sends a message and waits for the answer, which moves the mark.
func (c *changeSender) send(ctx context.Context, head *changesHead, body *bodyOf) (*changesAnswer, error) {
	head.server, head.from, head.offset, head.now = c.opts.name, c.mark, c.opts.clock.seconds(), c.opts.now()
	head.alone = c.opts.alone()
	c.buf = head.append(c.buf[:0])
	if body != nil {
		c.buf = append(c.buf, body.b...)
	}
	c.buf = append(c.buf, "]}"...)
	reply, err := c.to.call(ctx, changesCommand, json.RawMessage(c.buf))
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
	c.mark, c.transfer = answer.applied, answer.transfer
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
