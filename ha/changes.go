package ha

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// Replication between two servers of this kind: the command ha-changes.
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
// What came from elsewhere is never passed on. Each server keeps a durable mark
// for each server that sends to it: the position in the history of the sender
// up to which it has everything, written in one transaction with the changes
// that lead there.
//
// # The message
//
// Each server sends its changes to each other server of the relationship, in
// any state, with one message on the way at a time. Arguments:
//
//	server-name   the sender
//	from          position: what the sender takes for the receiver's mark
//	to            position: the mark after the message
//	seen          position: the sender's mark of the receiver
//	now           Unix milliseconds by the sender's clock
//	clock-offset  seconds that the receiver's clock is ahead, 0 if less than 2
//	alone         revision: of what was changed since then clients were told
//	              though the receiver may not know; left out: of nothing
//	rewind        true: see below
//	full          see below
//	changes       list
//
// A change is one of
//
//	{"revision": n, "source": n, "lease": {as in lease4-update, lease6-update}, "hw-type": n, "hw-source": n}
//	{"revision": n, "deleted": {"ip-address": "192.0.2.1", "type": "IA_NA"}, "cltt": n}
//
// Type is left out for DHCPv4, as are source, hw-type and hw-source if they are
// 0. The cltt of a removal is when it was decided. All times are the sender's;
// the receiver adds clock-offset. Unknown members are passed over.
//
// The answer's arguments:
//
//	applied         position: the receiver's mark
//	position        position: where the receiver is in its own history
//	now             Unix milliseconds by the receiver's clock
//	transfer        {"to": position, "through": address}, while a full transfer goes on
//	failed-changes  [{"index": n, "result": n, "error-message": "..."}]: changes, counted
//	                from 0, that were not taken over: result 4, another change of the
//	                same lease has won; 1, it cannot be read
//
// A message whose from is not the receiver's mark is refused with result 4 and
// the same arguments. So a message that comes twice, or late, changes nothing;
// and if one that was given up does arrive first, it is a right one. To ask
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
// brought may then be left out of the stream.) Full is {"after": address, "through": address, "prune":
// bool}, where an empty address is the beginning or the end. The receiver's
// mark moves with the last one. It refuses one that does not begin where the
// one before has ended. With prune the receiver removes what it has between the
// two addresses, if the sender has had it and the message has not.
//
// A lease that the sender has from the receiver is sent with its source. If the
// receiver finds that revision, in the epoch of seen, to be part of its history,
// it passes over the lease: what it has is the same or newer.
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
// that is said to have lost is not acknowledged to a client.
//
// A backup has no changes of its own. It takes the newer change; of two streams
// with changes of the same second, the primary's. It keeps from which stream a
// lease came in the highest bit of the source. It is not asked to give anything
// back, but gets a full transfer with prune instead.
const changesCommand = "ha-changes"

// Bounds of a message. The second is passed by at most one change.
const (
	maxChanges     = 1000
	maxChangeBytes = 1 << 20
)

// changesHead is a message without its changes. The changes are appended to
// what it is encoded as.
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

// append begins a message; changes and "]}" are to follow.
func (h *changesHead) append(b []byte) []byte {
	b = keatext.Quote(append(b, `{"server-name":`...), h.server)
	b = appendPosition(append(b, `,"from":`...), h.from)
	b = appendPosition(append(b, `,"to":`...), h.to)
	b = appendPosition(append(b, `,"seen":`...), h.seen)
	b = strconv.AppendInt(append(b, `,"now":`...), h.now.UnixMilli(), 10)
	b = strconv.AppendInt(append(b, `,"clock-offset":`...), h.offset, 10)
	if h.alone != 0 {
		b = strconv.AppendUint(append(b, `,"alone":`...), h.alone, 10)
	}
	if h.rewind {
		b = append(b, `,"rewind":true`...)
	}
	if h.full != nil {
		b = appendAddr(append(b, `,"full":{"after":`...), h.full.after)
		b = appendAddr(append(b, `,"through":`...), h.full.through)
		b = append(strconv.AppendBool(append(b, `,"prune":`...), h.full.prune), '}')
	}
	return append(b, `,"changes":[`...)
}

// appendChange appends a change, its revision being that of the lease.
func appendChange(b []byte, c *lease.Change) []byte {
	b = strconv.AppendUint(append(b, `{"revision":`...), c.Lease.Revision, 10)
	if c.Delete {
		b = append(c.Lease.Addr.AppendTo(append(b, `,"deleted":{"ip-address":"`...)), '"')
		if c.Lease.Type != lease.V4 {
			b = append(append(append(b, `,"type":"`...), c.Lease.Type.String()...), '"')
		}
		return append(strconv.AppendInt(append(b, `},"cltt":`...), c.Lease.CLTT, 10), '}')
	}
	if c.Source != 0 {
		b = strconv.AppendUint(append(b, `,"source":`...), c.Source, 10)
	}
	b = c.Lease.AppendUpdate(append(b, `,"lease":`...))
	if c.Lease.HWType != 0 {
		b = strconv.AppendUint(append(b, `,"hw-type":`...), uint64(c.Lease.HWType), 10)
	}
	if c.Lease.HWSource != 0 {
		b = strconv.AppendUint(append(b, `,"hw-source":`...), uint64(c.Lease.HWSource), 10)
	}
	return append(b, '}')
}

// appendPosition writes the epoch as text: it may have more bits than JSON's
// integers have in most places.
func appendPosition(b []byte, p lease.Position) []byte {
	b = strconv.AppendUint(append(b, `{"epoch":"`...), p.Epoch, 16)
	b = strconv.AppendUint(append(b, `","revision":`...), p.Revision, 10)
	return append(b, '}')
}

func appendAddr(b []byte, addr netip.Addr) []byte {
	b = append(b, '"')
	if addr.IsValid() {
		b = addr.AppendTo(b)
	}
	return append(b, '"')
}

// changesAnswer is the answer to a message.
type changesAnswer struct {
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

// encode returns the arguments of the answer.
func (a *changesAnswer) encode() json.RawMessage {
	b := appendPosition([]byte(`{"applied":`), a.applied)
	b = appendPosition(append(b, `,"position":`...), a.position)
	b = strconv.AppendInt(append(b, `,"now":`...), a.now.UnixMilli(), 10)
	if a.transfer != nil {
		b = appendPosition(append(b, `,"transfer":{"to":`...), a.transfer.to)
		b = append(appendAddr(append(b, `,"through":`...), a.transfer.through), '}')
	}
	for i, f := range a.failed {
		if i == 0 {
			b = append(b, `,"failed-changes":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"index":`...), int64(f.index), 10)
		b = strconv.AppendInt(append(b, `,"result":`...), int64(f.result), 10)
		b = append(keatext.Quote(append(b, `,"error-message":`...), f.text), '}')
	}
	if len(a.failed) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}
