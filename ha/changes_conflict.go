package ha

import (
	"bytes"

	"github.com/dhcpha/dhcpha/lease"
)

// verdict is what becomes of a change that came from another server.
type verdict uint8

const (
	leaveIt      verdict = iota + 1 // it says what is so here already, or the sender will hear of a newer one
	takeIt                          // it is taken over
	refuseIt                        // the one here has won
	settleOnIt                      // it has won, and becomes a change of this server's own
	settleOnOurs                    // the one here has won, and is made anew to come after the other
)

// conflict is a change that came from another server, and what is here.
type conflict struct {
	role    Role         // this server's
	theirs  lease.Change // in the time of this server's clock
	ours    lease.Change // the last change here; its removal is forgotten, or it never was: zero
	knew    bool         // the sender knew ours when it decided
	copied  bool         // the sender is a backup
	awaited bool         // a client waits for an answer about ours
	told    bool         // a client was told of theirs though this server did not know
	weTold  bool         // a client was told of ours though the sender did not know
	skewed  bool         // times have been corrected
	// same and first are of a backup: whether both come from the same stream;
	// whether theirs is the primary's.
	same, first bool
}

// judge decides a conflict. Both servers of a pair decide alike, but for a
// change that a client of the primary waits for, whose answer must not come to
// nothing each time; and the primary's decision stands.
func judge(c *conflict) verdict {
	none := !c.ours.Lease.Addr.IsValid()
	switch {
	case c.copied:
		return c.copy(none)
	case none:
		return takeIt // a removal, too: should the sender lose it, it is given back
	case c.theirs.Delete && c.ours.Delete && c.role != Backup && c.knew && c.theirs.Lease.CLTT >= c.ours.Lease.CLTT:
		return takeIt // for the same reason: the lease was there again in between
	case equalChanges(&c.theirs, &c.ours, c.skewed) && (c.role != Backup || c.same || c.ours.Delete):
		return leaveIt
	case c.role == Backup:
		return c.backup()
	}
	newer := c.theirs.Lease.CLTT - c.ours.Lease.CLTT
	switch {
	case c.knew && newer < 0 && c.ours.Source == 0:
		// A newer one has lost because no client was told of it. A backup that has
		// heard of it here goes by times, and would keep it.
		return settleOnIt
	case c.knew:
		return takeIt
	}
	if c.told != c.weTold {
		// No client has heard of the other one.
		newer = pick[int64](c.told, 1, -1)
	}
	switch {
	case c.role == Primary && (c.awaited && !c.told || newer <= 0):
		return settleOnOurs
	case c.role == Primary:
		return settleOnIt
	case newer >= 0:
		return takeIt
	default:
		return refuseIt
	}
}

// copy decides about what a backup has: it is good for what is newer than all
// that is here, which has been lost then. An active server tells it to others.
func (c *conflict) copy(none bool) verdict {
	switch {
	case none && c.theirs.Delete || !none && c.theirs.Lease.CLTT <= c.ours.Lease.CLTT:
		return leaveIt
	case c.role == Backup:
		return takeIt
	default:
		return settleOnIt
	}
}

// backup decides what a backup keeps. What is not the newer one of two streams
// is not refused: the sender may have been right to make it.
func (c *conflict) backup() verdict {
	newer := c.theirs.Lease.CLTT - c.ours.Lease.CLTT
	switch {
	case c.same:
		return takeIt
	case reclaims(&c.theirs, &c.ours, c.skewed):
		return takeIt
	case reclaims(&c.ours, &c.theirs, c.skewed):
		return leaveIt
	case newer > 0 || newer == 0 && c.first:
		return takeIt
	}
	return leaveIt
}

// reclaims says whether a is the reclamation of lease b, which takes its names
// and leaves its time as it was.
func reclaims(a, b *lease.Change, skewed bool) bool {
	if a.Lease.State != lease.ExpiredReclaimed || b.Lease.State != lease.Assigned {
		return false
	}
	c := *a
	c.Lease.State, c.Lease.Hostname = b.Lease.State, b.Lease.Hostname
	c.Lease.FQDNFwd, c.Lease.FQDNRev = b.Lease.FQDNFwd, b.Lease.FQDNRev
	return equalChanges(&c, b, skewed)
}

// equalChanges says whether two changes make the same of a lease, whenever a
// removal was decided. Corrected times may be off by a second.
func equalChanges(a, b *lease.Change, skewed bool) bool {
	if a.Delete || b.Delete {
		return a.Delete == b.Delete
	}
	x, y := &a.Lease, &b.Lease
	late := x.CLTT - y.CLTT
	return (late == 0 || skewed && (late == 1 || late == -1)) &&
		bytes.Equal(x.ClientID, y.ClientID) && bytes.Equal(x.HWAddr, y.HWAddr) && bytes.Equal(x.UserContext, y.UserContext) &&
		x.Key() == y.Key() && x.PrefixLen == y.PrefixLen && x.HWType == y.HWType && x.HWSource == y.HWSource && x.IAID == y.IAID &&
		x.SubnetID == y.SubnetID && x.PoolID == y.PoolID && x.ValidLft == y.ValidLft && x.PreferredLft == y.PreferredLft &&
		x.FQDNFwd == y.FQDNFwd && x.FQDNRev == y.FQDNRev && x.Hostname == y.Hostname && x.State == y.State
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
