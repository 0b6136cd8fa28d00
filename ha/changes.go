package ha

import (
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Replication between two servers of this kind: messages of lease changes.
//
// # What it rests on
//
// A store numbers its changes: revisions. It begins a new epoch, a random
// number, whenever it may have lost its end: when it is opened, and after a
// write that failed. A position is an epoch and a revision. The store that has
// lived through an epoch can say of any position in it which revision is the
// last it shares with the past of that position; all other stores only compare
// positions for equality. {"epoch": "0", "revision": 0} is nowhere.
//
// Each lease, and each removal, is kept with its source: 0 if it was decided by
// this server, otherwise the revision it had at the server that it came from.
// What came from elsewhere is never passed on; but revisions of two servers cannot
// be compared, so it becomes this server's own when another one takes the place of
// that which it came from (changes_adopt.go). Each server keeps a durable mark
// for each server that sends to it: the position in the history of the sender
// up to which it has everything, written in one transaction with the changes
// that lead there.
//
// # The message
//
// Each server sends its changes to each other server of the relationship, in
// any state, over one connection of its own (see ctrl.Pipeline). A few messages
// may be on the way at a time; they are dealt with and answered in their order.
// A message is
//
//	flags         octet: 1 rewind, 2 full, 4 prune; see below
//	server-name   text: the sender
//	from          position: where the sender takes the receiver's mark to be by then
//	to            position: the mark after the message
//	seen          position: the sender's mark of the receiver
//	now           number: Unix milliseconds by the sender's clock
//	clock-offset  number, with its sign: seconds that the receiver's clock is ahead, 0 if less than 2
//	alone         revision: of what was changed since then clients were told
//	              though the receiver may not know; 0: of nothing
//	after         address, only with full
//	through       address, only with full
//	changes       up to the end
//
// A change is a text: its source, a number, and what lease.Change.AppendBinary
// has made of it. All times are the sender's; the receiver adds clock-offset.
//
// A number is a varint of encoding/binary, a revision is one. A position is an
// epoch of eight octets and a revision; a text its length, a number, and its
// octets; an address a text, empty if it is none.
//
// The answer is
//
//	result        number: 0, or why the message was not taken: 4, it is not the next one; 1, other reasons
//	text          text: the same for people
//	applied       position: the receiver's mark
//	position      position: where the receiver is in its own history
//	now           number: Unix milliseconds by the receiver's clock; 0: not told
//	going-on      octet: 1 while a full transfer goes on, otherwise 0
//	to            position, only while one goes on
//	through       address, only while one goes on
//	failed        up to the end: changes that were not taken over
//
// Each that failed is a number, its place in the message from 0; the result, a
// number: 4, another change of the same lease has won; 1, it cannot be read; and
// a text.
//
// A message whose from is not the receiver's mark is refused with result 4. So
// a message that comes twice, or late, changes nothing, nor does one that follows
// another which was refused; and if one that was given up does arrive first, it
// is a right one. To ask
// where the receiver stands the sender sends a message from nowhere to nowhere.
//
// # The stream
//
// A message without rewind and full has all leases and removals with source 0
// whose last change lies in (from, to] of the sender's history. Each is sent as
// it is when the message is made. Seen is read before that, so that each change
// was decided in the knowledge of all that seen covers, and, since the winner of
// a conflict is held back until seen covers it, of no more; one that has been
// replaced by a change of the receiver is left out. A message without changes
// only moves the mark, which the receiver need not write down.
//
// The sender first asks. It finds the receiver's mark in its own history, and
//
//   - where it is part of it: goes on from there;
//   - where it has lost the end of that past (what it announced before it was
//     on disk, or all since the copy of its file that was put back), or does not
//     know the epoch: sends a rewind, to the last common revision or to 0. The
//     receiver gives back what it has from beyond: each such lease and removal
//     becomes a change of its own, and so returns to the sender;
//   - where that is 0, or its store no longer knows all removals since: sends a
//     full transfer, and goes on from its to.
//
// A server that has started has all that the other has once two things have
// happened: the other has given back what it had from beyond the common past,
// after which it was at some position (told in the answer); and that position
// has been reached by the stream from there.
//
// # Full transfers
//
// A full transfer goes through all leases by address, of whatever source, IPv4
// first. It has no removals. All its messages have the same from, and the same
// to: the position of the sender when it began, or the one before its first
// removal with source 0 after the common revision, so that the stream, which
// goes on from there, has the removals. (The leases that the transfer has
// brought may then be left out of the stream.) The receiver keeps a removal even
// of a lease that it has never had: an older copy of the sender's file has that,
// and it must be able to give the removal back. A message has the leases behind
// the address after up to that called through, where an empty address is the
// beginning or the end. The receiver's mark moves with the last one. It refuses
// one that does not begin where the one before has ended. With prune the
// receiver removes what it has between the two addresses, if the sender has had
// it and the message has not.
//
// A lease that the sender has from the receiver is sent with its source. If the
// receiver finds that revision, in the epoch of seen, to be part of its history,
// it passes over the lease: what it has is the same or newer. One from elsewhere
// is sent with source 2^63-1. Of the sender's own leases, with source 0, a receiver
// that is no backup passes over those from before its mark, for the same reason:
// they are there for prune. If it has removed one since, and the removal is
// forgotten, nothing else tells it that.
//
// # Conflicts
//
// A change is judged by the last one the receiver knows of the same lease (see
// judge). The sender knew that one if it came from the sender, or if seen covers
// it: then the change is taken over. Otherwise neither server knew of the
// other's change. A change that a client was told of wins over one that was
// still waiting to be confirmed; otherwise the newer one wins. Both decide by
// the same rule, and the primary makes the winner a change of its own, which the other then knows to be the later one:
// whatever the secondary has decided meanwhile, both end with that. A change
// that is said to have lost is not acknowledged to a client. Who takes an older
// change over for a newer one of its own makes it a change of its own, too: its
// backups have been told of the newer one.
//
// A backup decides nothing. It takes the newer change; of two streams with
// changes of the same second, the primary's. It keeps from which stream a lease
// came in the highest bit of the source. What a sender has lost it gives back as
// others do, as it may be the only one that has it; an active server takes it if
// it is newer than all that it has. The sender lets a full transfer with prune
// follow, since what a backup gives back may as well be older.
//
// # Where it stands
//
// Who sends: changes_send.go is one connection to the receiver; changes_align.go
// finds out where the receiver stands; changes_next.go decides what the next
// message is, changes_full.go what the next of a full transfer is;
// changes_window.go is the messages on the way, and what their answers say.
// What there is to send comes from a feed (feed.go).
//
// Who receives: changes_receiver.go and, for each sender, changes_stream.go.
// changes_ahead.go reads a message and judges it (changes_verdicts.go, by the
// rule of changes_conflict.go) while others are still being written;
// changes_apply.go takes it over, changes_restore.go a rewind or a prune;
// changes_settle.go holds back the winners of conflicts.
const changesType = "application/vnd.dhcpha.changes-2"

// Bounds of a message. The second is passed by at most one change.
const (
	maxChanges     = 4000
	maxChangeBytes = 1 << 20
)

// changesHead is a message without its changes.
type changesHead struct {
	server   string
	from, to lease.Position
	seen     lease.Position
	now      time.Time
	offset   int64 // seconds that the receiver's clock is ahead
	alone    uint64
	rewind   bool
	full     *span // nil: the message is of the stream
}

// span is a part of a full transfer: the leases behind an address up to another
// one. The zero Addr is the beginning or the end.
type span struct {
	after, through netip.Addr
	prune          bool
}

// question asks where the receiver stands.
func (h *changesHead) question() bool {
	return h.from == lease.Position{} && h.to == lease.Position{}
}

// after returns the receiver's mark after the message.
func (h *changesHead) after() lease.Position {
	if h.full != nil && h.full.through.IsValid() {
		return h.from
	}
	return h.to
}

// Flags of a message.
const (
	flagRewind = 1 << iota
	flagFull
	flagPrune
)

// changesAnswer is the answer to a message.
type changesAnswer struct {
	result   int
	text     string
	applied  lease.Position
	position lease.Position
	now      time.Time
	transfer *transferred
	failed   []failedChange
}

// transferred is how far a full transfer has come.
type transferred struct {
	to      lease.Position
	through netip.Addr
}

// failedChange is a change that was not taken over.
type failedChange struct {
	index  int // in the message
	result int
	text   string
}
