package ha

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

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
	// adopt is called before anything is sent, see receiver.adopt; nil: nothing is.
	adopt func(context.Context) error
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
	if opts.adopt == nil {
		opts.adopt = func(context.Context) error { return nil }
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

// run sends until ctx ends or the receiver cannot be reached.
func (c *changeSender) run(ctx context.Context) (err error) {
	if err := c.opts.adopt(ctx); err != nil {
		return err
	}
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

// giveBack returns what is taken to the feed: it has not reached the receiver.
func (c *changeSender) giveBack(err error) {
	c.feed.done(c.taken, func(int) error { return err })
	c.taken, c.aligned, c.all = nil, false, nil
}
