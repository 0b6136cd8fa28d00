package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// secondStream is the bit that a backup sets in the sources of what does not
// come from the primary: revisions of two servers cannot be compared.
const secondStream = 1 << 63

// receiver takes over the changes of other servers of this kind. Its methods
// may be called by many goroutines at the same time.
type receiver struct {
	store *lease.Store
	opts  receiverOptions

	mu      sync.Mutex
	streams map[string]*stream // by the name of the sender

	unused sync.Pool // of *arrival
}

// receiverOptions are the settings of a receiver.
type receiverOptions struct {
	role    Role   // this server's
	primary string // the name of the primary
	// backup says whether a server is a backup: what it has is a copy, which may
	// be behind, of what others have told it. Nil: none is.
	backup func(server string) bool
	// keep says which leases are the relationship's; nil: all.
	keep func(*lease.Lease) bool
	// awaited says whether somebody waits for an answer about a change of the
	// lease that was made here; nil: nobody ever does.
	awaited func(lease.Key) bool
	// lost is told that a change of the lease that somebody may wait for is
	// about to give way to that of another server; nil: nobody is.
	lost func(lease.Key)
	// alone returns the revision since which clients were told of changes that
	// the partner may not have; 0: there are none such.
	alone func() uint64
	// moved is told that the mark of a sender has moved, and which changes have
	// become durable with that; nil: nobody is.
	moved func(sender string, changes []lease.Change)
	now   func() time.Time // nil: time.Now
	log   *slog.Logger     // nil: nothing is logged
}

// stream is what is known of one sender.
type stream struct {
	turn chan struct{} // holds an element while a message is dealt with

	asked atomic.Uint64 // how often the sender has asked where this server stands
	begun atomic.Int32  // how many of its messages have come and are not answered

	// Changed in a turn, but for owed, and under the receiver's lock.
	mark     lease.Position
	moves    uint64         // how many messages have been taken over
	saved    lease.Position // the mark in the store, which what had no changes does not move
	left     uint64         // the epoch before that of the mark
	transfer *transferred   // nil: none goes on

	unsettled map[lease.Key]bool // see settled
	resolved  chan struct{}      // closed when there are none any more

	owed *lease.Position // where the sender had given back what this server had lost; nil: it has not
}

// lazyMarks is how many revisions a mark may be ahead of the durable one. The
// sender must remember removals for so long.
const lazyMarks = 10_000

func newReceiver(store *lease.Store, opts receiverOptions) *receiver {
	if opts.backup == nil {
		opts.backup = func(string) bool { return false }
	}
	if opts.awaited == nil {
		opts.awaited = func(lease.Key) bool { return false }
	}
	if opts.lost == nil {
		opts.lost = func(lease.Key) {}
	}
	if opts.alone == nil {
		opts.alone = func() uint64 { return 0 }
	}
	if opts.moved == nil {
		opts.moved = func(string, []lease.Change) {}
	}
	if opts.now == nil {
		opts.now = time.Now
	}
	opts.log = cmp.Or(opts.log, slog.New(slog.DiscardHandler))
	return &receiver{
		store: store, opts: opts, streams: make(map[string]*stream),
		unused: sync.Pool{New: func() any { return new(arrival) }},
	}
}

// markOf is the name under which the store remembers a sender's mark.
func markOf(sender string) string { return "from/" + sender }

func (r *receiver) stream(sender string) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.streams[sender]
	if st == nil {
		at := r.store.Mark(markOf(sender))
		st = &stream{turn: make(chan struct{}, 1), mark: at, saved: at}
		r.streams[sender] = st
	}
	return st
}

// applied returns the mark of a sender, which must be another server of the
// relationship.
func (r *receiver) applied(sender string) lease.Position {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.store.Mark(markOf(sender)); at != st.saved {
		return at // the leases that came with it can be seen already
	}
	return st.mark
}

// settled waits until none of the changes may be the winner of a conflict that
// the sender's mark does not cover yet. Who is told of such a change before
// would take it for one made in ignorance of its own, and may refuse it, while
// its own has already been decided against here.
func (r *receiver) settled(ctx context.Context, sender string, changes []lease.Change) error {
	st := r.stream(sender)
	for {
		r.mu.Lock()
		open := slices.ContainsFunc(changes, func(c lease.Change) bool { return st.unsettled[c.Lease.Key()] })
		resolved := st.resolved
		r.mu.Unlock()
		if !open {
			return nil
		}
		select {
		case <-resolved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settling notes the winners of conflicts that are about to be committed.
func (r *receiver) settling(st *stream, v *verdicts) {
	if v.plain {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range v.changes {
		if v.changes[i].Source != 0 {
			continue
		}
		if st.unsettled == nil {
			st.unsettled, st.resolved = make(map[lease.Key]bool), make(chan struct{})
		}
		st.unsettled[v.changes[i].Lease.Key()] = true
	}
}

// resolve lets the winners of conflicts be told: the mark covers what they have
// won against.
func (r *receiver) resolve(st *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st.unsettled != nil {
		st.unsettled = nil
		close(st.resolved)
	}
}

// asked returns how often a server has asked where this one stands, as it does
// when it starts.
func (r *receiver) asked(sender string) uint64 { return r.stream(sender).asked.Load() }

// gaveBack notes that a server has given back what this one had lost, and where
// it was in its own history then.
func (r *receiver) gaveBack(sender string, at lease.Position) {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	st.owed = &at
}

// reached says whether all that a server had at a position of its history has
// been taken over, except for what it has lost again; and all that this server
// had lost before.
func (r *receiver) reached(sender string, p lease.Position) bool {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	return st.owed != nil && st.covers(*st.owed) && st.covers(p)
}

func (st *stream) covers(p lease.Position) bool {
	return st.mark.Epoch == p.Epoch && st.mark.Revision >= p.Revision || st.left != 0 && st.left == p.Epoch
}

// arrival is a message that is being dealt with, and its memory.
type arrival struct {
	changes
	verdicts verdicts
	moves    uint64 // of the stream, when the verdicts were found
	revision uint64 // of the store, before that
}

// maxAhead is how many messages of a sender are read before all those before
// them have been answered: more than one has on the way. They take some ten times
// the memory then.
const maxAhead = 2 * window

// take begins with a message of another server of the relationship, which need
// not be the next one yet, and returns what takes it over when it is, and
// answers. So the changes of a message are read and judged while those of the
// one before are being written. head is what stands before them, and what it
// was read from must not change until the message is answered.
func (r *receiver) take(ctx context.Context, head changesHead, rest []byte) (finish func() []byte) {
	st := r.stream(head.server)
	read := func() (*arrival, error) { return r.read(st, head, rest) }
	if st.begun.Add(1) <= maxAhead {
		m, err := read()
		read = func() (*arrival, error) { return m, err }
	}
	return func() []byte {
		defer st.begun.Add(-1)
		a := changesAnswer{result: ctrl.Error}
		if err := r.finish(ctx, st, read, &a); err != nil {
			a.text = err.Error()
		}
		return a.append(nil)
	}
}

// read reads and judges the changes of a message.
func (r *receiver) read(st *stream, head changesHead, rest []byte) (*arrival, error) {
	m := r.unused.Get().(*arrival)
	m.reset(head)
	if err := m.parse(rest); err != nil {
		return m, err
	}
	m.translate()
	m.moves, m.revision = r.movesOf(st), r.store.Revision()
	return m, r.decide(&m.changes, &m.verdicts)
}

func (m *arrival) reset(head changesHead) {
	m.changesHead = head
	m.list, m.bad, m.at = m.list[:0], nil, m.at[:0]
}

// translate makes times those of this server's clock.
func (m *arrival) translate() {
	if m.offset == 0 {
		return
	}
	for i := range m.list {
		l := &m.list[i].Lease
		l.CLTT = min(max(0, l.CLTT+m.offset), maxSeconds)
	}
}

func (r *receiver) movesOf(st *stream) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return st.moves
}

// finish takes a message over. What has begun is brought to an end even if ctx
// ends. The error, if there is one, is the answer's.
func (r *receiver) finish(ctx context.Context, st *stream, read func() (*arrival, error), a *changesAnswer) error {
	select {
	case st.turn <- struct{}{}:
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m, err := read()
	defer r.unused.Put(m)
	if err != nil {
		return err
	}
	if m.question() {
		st.asked.Add(1)
	} else if a.failed, err = r.apply(context.WithoutCancel(ctx), st, m); errors.Is(err, errNotNext) {
		a.result = ctrl.Conflict
	} else if err != nil {
		return err
	}
	if err == nil {
		a.result = ctrl.Success
	}
	a.applied, a.position, a.now, a.transfer = st.mark, r.store.Position(), r.opts.now(), st.transfer
	return err
}

var errNotNext = errors.New("the message is not the next one")

func (r *receiver) apply(ctx context.Context, st *stream, m *arrival) ([]failedChange, error) {
	if m.from != st.mark {
		return nil, fmt.Errorf("%w: it does not begin where this server is", errNotNext)
	}
	if m.rewind {
		return nil, r.rewind(ctx, st, &m.changes)
	}
	if sp := m.full; sp != nil {
		follows := st.transfer != nil && st.transfer.to == m.to && st.transfer.through == sp.after
		if sp.after.IsValid() && !follows {
			return nil, fmt.Errorf("%w of the transfer", errNotNext)
		}
		if sp.prune && !r.opts.backup(m.server) { // a backup may never have had the lease
			if err := r.prune(ctx, &m.changes); err != nil {
				return nil, err
			}
		}
	}
	last := m.full == nil || !m.full.through.IsValid()
	to := m.to
	if !last {
		to = st.mark
	}
	v := &m.verdicts
	// Where everything is taken over, a lease that has changed since is found
	// out by its guard, but for one that is gone.
	judged := (v.plain || m.moves == st.moves) && !r.removedSince(m)
	err := r.commit(ctx, func() error {
		if !judged {
			if err := r.decide(&m.changes, v); err != nil {
				return err
			}
		}
		judged = false
		if len(v.changes) == 0 && !r.overdue(st, to) {
			return nil
		}
		for _, k := range v.yielding {
			r.opts.lost(k)
		}
		r.settling(st, v)
		return r.store.CommitPrepared(ctx, markOf(m.server), to, v.prepared)
	})
	if last || err != nil {
		defer r.resolve(st)
	}
	if err != nil {
		return nil, err
	}
	var next *transferred
	if !last {
		next = &transferred{m.to, m.full.through}
	}
	r.move(st, m.server, to, next, len(v.changes) > 0 || r.overdue(st, to), v.changes[:v.taken])
	return append(m.bad, v.lost...), nil
}

// removedSince says whether any of the leases that a message brings, and that
// were not there when it was judged, have come and gone since.
func (r *receiver) removedSince(m *arrival) bool {
	if r.store.Revision() == m.revision {
		return false
	}
	return slices.ContainsFunc(m.verdicts.changes, func(c lease.Change) bool {
		if c.If != lease.Absent {
			return false
		}
		last, known := r.store.Last(c.Lease.Key())
		return known && last.Lease.Revision > m.revision
	})
}

// overdue says whether a mark has to be written though nothing has changed.
func (r *receiver) overdue(st *stream, to lease.Position) bool {
	return to.Epoch != st.saved.Epoch || to.Revision-st.saved.Revision >= lazyMarks
}

// move moves a mark.
func (r *receiver) move(st *stream, sender string, to lease.Position, transfer *transferred, saved bool, taken []lease.Change) {
	r.mu.Lock()
	if to.Epoch != st.mark.Epoch {
		st.left = st.mark.Epoch
		if st.owed != nil {
			st.owed = &to // before, or lost by the sender
		}
	}
	st.mark, st.transfer = to, transfer
	st.moves++
	if saved {
		st.saved = to
	}
	r.mu.Unlock()
	r.opts.moved(sender, taken)
}

// tries bounds how often a decision is made anew. That a lease changes between
// a decision and its commit is rare.
const tries = 100

// commit decides and commits until no lease has changed in between.
func (r *receiver) commit(ctx context.Context, try func() error) (err error) {
	for range tries {
		if err = try(); !errors.Is(err, lease.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("ha: %d attempts: %w", tries, err)
}

// verdicts are what is to be done about a message.
type verdicts struct {
	changes  []lease.Change // to be made
	taken    int            // the first of them, which are the sender's
	own      []lease.Change // of this server, to follow these; then part of changes
	lost     []failedChange
	yielding []lease.Key    // those of which somebody here may wait for a change that gives way
	plain    bool           // all changes are taken over, and nothing else happens
	prepared lease.Prepared // of changes
}

// decide judges the changes of a message by what is here now, and prepares what
// is to be done.
func (r *receiver) decide(m *changes, v *verdicts) (err error) {
	*v = verdicts{changes: v.changes[:0], plain: true}
	seen, _ := r.store.Locate(m.seen)
	simple := r.opts.role != Backup && !r.opts.backup(m.server) && r.opts.keep == nil
	for i := range m.list {
		theirs := &m.list[i]
		ours, known := r.store.Last(theirs.Lease.Key())
		if simple && theirs.Source == 0 && m.supersedes(theirs, &ours, known) {
			v.take(theirs, theirs.Lease.Revision, guard(&ours))
			continue
		}
		v.plain = false
		r.judge(m, i, &ours, seen, v)
	}
	v.taken = len(v.changes)
	v.changes = append(v.changes, v.own...)
	v.prepared, err = lease.Prepare(v.changes)
	return err
}

// supersedes says whether a change of the stream is to be taken over without
// much ado: there is none of the lease here that did not come the same way.
func (m *changes) supersedes(theirs, ours *lease.Change, known bool) bool {
	if !known {
		return !theirs.Delete
	}
	return m.full == nil && partners(ours.Source)
}

// judge judges a change, of a message or of a full transfer, with all that may
// speak against it.
func (r *receiver) judge(m *changes, i int, ours *lease.Change, seen uint64, v *verdicts) {
	theirs := m.list[i]
	copied := r.opts.backup(m.server)
	if theirs.Source != 0 && (!copied || r.opts.role == Primary) { // a backup tells the revisions of the primary
		if rev, ok := r.store.Locate(lease.Position{Epoch: m.seen.Epoch, Revision: theirs.Source}); ok && rev == theirs.Source {
			return // ours, perhaps as it was before
		}
	}
	if of := pick(theirs.Delete, &ours.Lease, &theirs.Lease); !ours.Delete && of.Addr.IsValid() && !r.keeps(of) {
		return // another relationship's
	}
	theirs.Source = r.source(m.server, theirs.Lease.Revision)
	c := conflict{
		role: r.opts.role, copied: copied, theirs: theirs, ours: *ours, skewed: m.offset != 0,
		knew:    partners(ours.Source) || ours.Lease.Revision <= seen,
		awaited: r.opts.awaited(theirs.Lease.Key()),
		told:    told(m.alone, theirs.Lease.Revision),
		weTold:  told(r.opts.alone(), ours.Lease.Revision),
		same:    partners(ours.Source) && ours.Source&secondStream == theirs.Source&secondStream,
		first:   m.server == r.opts.primary || !partners(ours.Source),
	}
	switch judge(&c) {
	case takeIt:
		v.take(&theirs, theirs.Source, guard(ours))
	case settleOnIt:
		// From now on that is what the peer is told of the lease, and what it
		// acknowledges.
		v.yielding = append(v.yielding, theirs.Lease.Key())
		v.take(&theirs, 0, guard(ours))
	case settleOnOurs:
		theirs.If = guard(ours)
		v.settle(theirs, *ours)
		v.lose(m.at[i])
	case refuseIt:
		v.lose(m.at[i])
	}
}

func (v *verdicts) take(c *lease.Change, source, guard uint64) {
	v.changes = append(v.changes, *c)
	taken := &v.changes[len(v.changes)-1]
	taken.Source, taken.If = source, guard
}

func (v *verdicts) lose(index int) {
	v.lost = append(v.lost, failedChange{index, ctrl.Conflict, "another change of the lease has won"})
}

// settle makes what is here anew.
func (v *verdicts) settle(theirs, ours lease.Change) {
	ours.Source, ours.If = 0, theirs.If
	if ours.Delete {
		// What is not there cannot be removed.
		v.own = append(v.own, theirs)
		ours.If = 0
	}
	v.own = append(v.own, ours)
}

// keeps says whether the lease is the relationship's.
func (r *receiver) keeps(l *lease.Lease) bool { return r.opts.keep == nil || r.opts.keep(l) }

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// partners says whether a source is a revision of another server.
func partners(source uint64) bool { return source != 0 && source != lease.Foreign }

// source returns the source of what a server has sent.
func (r *receiver) source(sender string, rev uint64) uint64 {
	if r.opts.backup(sender) {
		return lease.Foreign // revisions are compared with those of the partner
	}
	if r.opts.role == Backup && sender != r.opts.primary {
		return secondStream | rev
	}
	return rev
}

// guard returns the If of a change that replaces another one.
func guard(here *lease.Change) uint64 {
	if here.Lease.Revision == 0 || here.Delete {
		return lease.Absent
	}
	return here.Lease.Revision
}
