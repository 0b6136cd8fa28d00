package hatest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// diskContents is what is on the disk of a node, as far as it is leases.
type diskContents struct {
	n    *Node
	rows map[lease.Key]diskRow
	last map[lease.Key]time.Time // when what is known of a lease was written, its removal too
	over bool                    // what the program still writes is not on this disk any more
}

// diskRow is a lease.
type diskRow struct {
	client string // by clientKey
	state  lease.State
	subnet uint32
	cltt   int64
	valid  uint32
	rev    uint64

	since  time.Time // since when it has been the client's, in this state
	before diskBefore
}

// diskBefore is whose the address was before.
type diskBefore struct {
	client string
	state  lease.State
	keeps  bool // it still kept the address from others
}

// String tells of it in a violation.
func (b diskBefore) String() string { return fmt.Sprintf("%v, client %x", b.state, b.client) }

// String tells of it in a violation.
func (r diskRow) String() string {
	if r.rev == 0 {
		return "nothing there"
	}
	return fmt.Sprintf("%v, client %x, revision %d, %d s from %d", r.state, r.client, r.rev, r.valid, r.cltt)
}

// expires returns when the lease ends by the clock of its node; the zero time
// means never.
func (r *diskRow) expires() time.Time {
	l := lease.Lease{CLTT: r.cltt, ValidLft: r.valid}
	return l.Expires()
}

// opened: a program has opened its lease file. What its disk had is still there.
func (o *oracle) opened(n *Node, s *lease.Store) {
	o.mu.Lock()
	d := &diskContents{n: n, rows: make(map[lease.Key]diskRow), last: make(map[lease.Key]time.Time)}
	was := o.disks[n]
	o.disks[n] = d
	o.mu.Unlock()
	s.Observe(func(old, new *lease.Lease) { o.written(d, old, new) })
	if was == nil {
		return
	}
	for _, k := range sortedKeys(was.rows) { // of a program that has ended: nobody changes it
		last, _ := s.Last(k) // it may have been removed just before the end
		o.again(n, k, was.rows[k], last.Lease.Revision)
	}
}

// again compares what a disk had of a lease with what the program has found
// there when it started.
func (o *oracle) again(n *Node, k lease.Key, was diskRow, now uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.found.Checked++
	if now < was.rev {
		o.violated(&o.found.Lost, "%s has started without what was on its disk of %v: %v", n.Name, k, was)
	}
}

// ended: a node's program has ended, or what it still does is of no consequence.
func (o *oracle) ended(n *Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d := o.disks[n]; d != nil {
		d.over = true
	}
}

// unsynced: a node has lost power, and its disk has said that it had synced what
// it had not. Nobody can know what is there.
func (o *oracle) unsynced(n *Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.disks, n)
	for _, of := range o.promises {
		for _, p := range of {
			delete(p.known, n)
		}
	}
}

// written: a lease has come to a disk, or has been removed.
func (o *oracle) written(d *diskContents, old, new *lease.Lease) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case d.over:
		return
	case new == nil:
		d.last[old.Key()] = time.Now()
		delete(d.rows, old.Key())
		return
	}
	r := diskRow{
		client: clientKey(new.ClientID, new.HWAddr), state: new.State, subnet: new.SubnetID,
		cltt: new.CLTT, valid: new.ValidLft, rev: new.Revision, since: time.Now(),
	}
	k := new.Key()
	d.last[k] = r.since
	if was, ok := d.rows[k]; ok && was.client == r.client && was.state == r.state {
		r.since, r.before = was.since, was.before
	} else if ok {
		inUse := was.state == lease.Assigned || was.state == lease.Declined
		end := was.expires()
		r.before = diskBefore{was.client, was.state, inUse && (end.IsZero() || d.n.Now().Before(end))}
	}
	d.rows[k] = r
	if p := o.promises[k][r.client]; p != nil && o.covers(d, p) {
		p.known[d.n] = true
	}
}

// covers says whether a promise is kept by what is on a disk.
func (o *oracle) covers(d *diskContents, p *promise) bool {
	r, ok := d.rows[p.key]
	if !ok || r.client != p.client || r.state != lease.Assigned {
		return false
	}
	end := r.expires()
	if end.IsZero() {
		return true
	}
	return !end.Add(-d.n.offset()).Before(p.until.Add(-o.slack(p)))
}

// offset is by how much the clock of the node is ahead.
func (n *Node) offset() time.Duration { return time.Until(n.Now()) }

// kept: what clients were told of is still on the disks that have ever had it,
// or on all if all have been brought up to date, but for what is underway.
func (o *oracle) kept(everywhere bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range sortedKeys(o.promises) {
		of := o.promises[k]
		for _, client := range slices.Sorted(maps.Keys(of)) {
			p := of[client]
			if !time.Now().Before(p.until.Add(-o.slack(p))) {
				continue
			}
			for _, peer := range p.cfg.Peers {
				n := o.w.byName[peer.Name]
				settled := everywhere && time.Since(p.at) > underway
				if d := o.disks[n]; d != nil && (settled || p.known[n]) {
					o.find(p, d)
				}
			}
		}
	}
}

// find looks for a promise on a disk.
func (o *oracle) find(p *promise, d *diskContents) {
	o.found.Checked++
	if r := d.rows[p.key]; !o.covers(d, p) && !(p.contested && r.client != p.client) {
		o.violated(&o.found.Lost, "%s does not have %v on its disk, which %s has acknowledged to %s until %v: %v",
			d.n.Name, p.key, p.by.Name, p.name, p.until.Sub(o.w.trace.began), r)
	}
}

// underway is how long a change may be on its way from one disk to another
// before it is missing there.
const underway = 3 * time.Second

// difference says in which lease two disks of the same relationship differ, but
// for changes that are underway; empty: in none.
func (o *oracle) difference() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, cfg := range o.w.cfg.Relationships {
		var first *diskContents
		for _, peer := range cfg.Peers {
			d := o.disks[o.w.byName[peer.Name]]
			if d == nil {
				continue
			}
			if first == nil {
				first = d
			} else if text := o.differ(first, d, cfg); text != "" {
				return text
			}
		}
	}
	return ""
}

func (o *oracle) differ(a, b *diskContents, cfg *ha.Config) string {
	all := maps.Clone(a.rows)
	maps.Copy(all, b.rows)
	for _, k := range sortedKeys(all) {
		s, _ := o.w.cfg.Subnets.Subnet(all[k].subnet)
		if len(o.w.cfg.Relationships) > 1 && !slices.ContainsFunc(cfg.Peers, func(p ha.Peer) bool { return p.Name == s.Server }) {
			continue
		}
		x, y := a.rows[k], b.rows[k]
		same := x.client == y.client && x.state == y.state && x.valid == y.valid && (x.rev == 0) == (y.rev == 0)
		apart := time.Unix(x.cltt, 0).Add(-a.n.offset()).Sub(time.Unix(y.cltt, 0).Add(-b.n.offset())).Abs()
		if time.Since(a.last[k]) <= underway || time.Since(b.last[k]) <= underway {
			continue
		}
		if !same || apart > o.unlike() {
			return fmt.Sprintf("%v: %s has %v, %s has %v", k, a.n.Name, x, b.n.Name, y)
		}
	}
	return ""
}

// unlike is by how much the times of a lease may differ at two servers.
func (o *oracle) unlike() time.Duration {
	return o.slack(&promise{at: o.w.trace.began})
}

// sortedKeys returns the keys of leases in order, so that two runs look at them
// in the same one.
func sortedKeys[V any](m map[lease.Key]V) []lease.Key {
	return slices.SortedFunc(maps.Keys(m), func(a, b lease.Key) int { return a.Addr.Compare(b.Addr) })
}
