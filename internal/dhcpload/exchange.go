package main

import "time"

// exchange is one client getting its address, or renewing it. Times are those
// since the start.
type exchange struct {
	query
	place   int           // of a returning client
	due     time.Duration // when it began, or with -rate should have begun
	asked   time.Duration // when it came to the step it is at
	sent    time.Duration // when it sent last
	sends   int           // at this step
	refused bool          // before, by a server
	earlier *exchange     // which sent before it
	later   *exchange
}

// exchanges are those in flight, by transaction and by the time at which they
// sent last: the one to be sent again next is always the first. What is over is
// used again, so that an exchange costs no memory.
type exchanges struct {
	slots       []*exchange // of transactions, nil: free
	free        []*exchange // their xid is that of the exchange that they were
	first, last *exchange
	n           int
}

// A transaction identifier is the number of a slot and how often it was used, so
// that an answer that comes too late is not taken for one to another query.
const (
	slotBits = 20
	xidMask  = 1<<24 - 1
)

// add returns a new exchange, nil if there are too many.
func (x *exchanges) add() *exchange {
	var e *exchange
	switch n := len(x.free); {
	case n > 0:
		e = x.free[n-1]
		x.free = x.free[:n-1]
	case len(x.slots) == 1<<slotBits:
		return nil
	default:
		e = &exchange{query: query{xid: uint32(len(x.slots))}}
		x.slots = append(x.slots, nil)
	}
	*e = exchange{query: query{xid: (e.xid + 1<<slotBits) & xidMask, has: answer{server: e.has.server}}}
	x.slots[slotOf(e.xid)] = e
	x.n++
	x.link(e)
	return e
}

func slotOf(xid uint32) int { return int(xid & (1<<slotBits - 1)) }

// find returns the exchange that an answer belongs to, nil if it is over.
func (x *exchanges) find(a *answer) *exchange {
	slot := slotOf(a.xid)
	if slot >= len(x.slots) {
		return nil
	}
	e := x.slots[slot]
	if e == nil || e.xid != a.xid || e.client.hwAddr() != a.hw {
		return nil
	}
	return e
}

// touch notes that an exchange sends now.
func (x *exchanges) touch(e *exchange, now time.Duration) {
	e.sends++
	e.sent = now
	x.unlink(e)
	x.link(e)
}

// link makes an exchange the last.
func (x *exchanges) link(e *exchange) {
	e.earlier, e.later = x.last, nil
	if x.last == nil {
		x.first = e
	} else {
		x.last.later = e
	}
	x.last = e
}

func (x *exchanges) unlink(e *exchange) {
	if e.earlier == nil {
		x.first = e.later
	} else {
		e.earlier.later = e.later
	}
	if e.later == nil {
		x.last = e.earlier
	} else {
		e.later.earlier = e.earlier
	}
}

// remove forgets an exchange that is over.
func (x *exchanges) remove(e *exchange) {
	x.unlink(e)
	x.slots[slotOf(e.xid)] = nil
	x.free = append(x.free, e)
	x.n--
}
