package ha

import (
	"bytes"
	"sync/atomic"

	"github.com/dhcpha/dhcpha/lease"
)

// Conflicts counts, since the start, what this server has made of changes of
// other servers that did not go together with its own. Of a conflict between two
// servers of this kind both count it, or the one that sees it first; how many
// changes a server has refused, its peers count in PeerStatus.Refused.
type Conflicts struct {
	// Between servers of this kind: each has changed a lease without knowing of
	// the other's change.

	Kept  uint64 // what was here has stood
	Taken uint64 // what came has replaced it
	// Shared are those of both sorts in which clients of both servers had been
	// told that the lease is theirs, for the same time: an address that two
	// clients have used. It is told by the last change of each server, so there
	// may have been more.
	Shared uint64

	// Outdated are updates, as a Kea sends them, that came after what is newer,
	// and were not made.
	Outdated uint64
}

// conflictCounters is what is counted for Conflicts.
type conflictCounters struct{ kept, taken, shared, outdated atomic.Uint64 }

func (c *conflictCounters) add(n *Conflicts) {
	c.kept.Add(n.Kept)
	c.taken.Add(n.Taken)
	c.shared.Add(n.Shared)
}

func (c *conflictCounters) read() Conflicts {
	return Conflicts{Kept: c.kept.Load(), Taken: c.taken.Load(), Shared: c.shared.Load(), Outdated: c.outdated.Load()}
}

// count counts a change that was judged.
func (n *Conflicts) count(c *conflict, v verdict) {
	if !c.mutual(v) {
		return
	}
	if v == takeIt || v == settleOnIt {
		n.Taken++
	} else {
		n.Kept++
	}
	if c.shared() {
		n.Shared++
	}
}

// mutual says whether neither server knew of the other's change, which makes
// another lease of it. Where there is nothing here the sender knows of that.
func (c *conflict) mutual(v verdict) bool {
	return v != leaveIt && !c.knew && !c.copied && c.role != Backup
}

// shared says whether two clients were told that the lease is theirs, for the same
// time.
func (c *conflict) shared() bool {
	x, y := &c.theirs.Lease, &c.ours.Lease
	return c.told && c.weTold && !c.theirs.Delete && !c.ours.Delete &&
		x.State == lease.Assigned && y.State == lease.Assigned && !sameHolder(x, y) &&
		outlasts(x, y.CLTT) && outlasts(y, x.CLTT)
}

// sameHolder says whether two leases of one address are the same client's.
func sameHolder(a, b *lease.Lease) bool {
	if len(a.ClientID) == 0 || len(b.ClientID) == 0 {
		return bytes.Equal(a.HWAddr, b.HWAddr)
	}
	return bytes.Equal(a.ClientID, b.ClientID) && a.IAID == b.IAID
}

// outlasts says whether the lease has not expired at a time, in Unix seconds.
func outlasts(l *lease.Lease, at int64) bool {
	return l.CLTT+int64(l.ValidLft) > at // Infinite is 136 years
}
