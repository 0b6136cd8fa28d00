package hatest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// oracle judges a world by what must hold in every state and under any fault:
//
//   - What a client has been told of is on the disk of the server that has told
//     it, and where the state demands it on its partner's, when the answer
//     leaves; and it stays there.
//   - Two servers that come to normal operation with each other have what either
//     has told clients while it was alone.
//   - No address is acknowledged to a client while another may still use it.
//
// It sees every acknowledgement that leaves a server, whether it arrives or not,
// and every lease that comes to a disk. Its clock is the true one: a server whose
// clock is set ends leases earlier or later, which is allowed for.
type oracle struct {
	w *World

	mu       sync.Mutex
	disks    map[*Node]*diskContents
	nodes    map[*Node]*nodeHistory
	joint    map[[2]*Node]time.Time // since when two have been in normal operation with each other; zero: they are not
	clocks   []clockSet
	promises map[lease.Key]map[string]*promise // by client
	doneAt   map[string]time.Time              // clients have no use for what they asked until then
	found    Report
}

// promise is what a client has been told of.
type promise struct {
	key    lease.Key
	client string // by clientKey
	name   string
	by     *Node
	cfg    *ha.Config // of by, for the client's link
	state  ha.State   // of by in that
	at     time.Time
	until  time.Time
	// known are the nodes on whose disk it has been.
	known map[*Node]bool
	// contested: servers that could not know of each other have given the
	// address to another client, too. Which of the two is to have it is decided
	// when they meet, and the other one hears of it when it renews.
	contested bool
}

// clockSet is that a clock was set.
type clockSet struct {
	at time.Time
	by time.Duration
}

// nodeHistory is what the oracle remembers of a node.
type nodeHistory struct {
	// busy: it does not have all leases, or cannot write, so that a partner that
	// has heard of it does not wait for it.
	busy     bool
	busyTill time.Time
}

func newOracle(w *World) *oracle {
	o := &oracle{
		w:        w,
		disks:    make(map[*Node]*diskContents),
		nodes:    make(map[*Node]*nodeHistory),
		joint:    make(map[[2]*Node]time.Time),
		promises: make(map[lease.Key]map[string]*promise),
		doneAt:   make(map[string]time.Time),
	}
	for _, n := range w.nodes {
		o.nodes[n] = new(nodeHistory)
	}
	return o
}

// clientKey tells clients apart.
func clientKey(id, hwAddr []byte) string { return string(id) + "/" + string(hwAddr) }

// maxViolations bounds the violations that are told: after some nobody learns
// anything new.
const maxViolations = 20

// violated tells of a violation and counts it. mu is held.
func (o *oracle) violated(count *int, format string, args ...any) {
	*count++
	text := fmt.Sprintf(format, args...)
	if len(o.found.Violations) < maxViolations {
		o.found.Violations = append(o.found.Violations, text)
		o.w.Errorf("%s", text)
	}
}

func (o *oracle) report() Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.found
	r.Violations = slices.Clone(r.Violations)
	return r
}

// done: a client has no use any more for what it has or has asked for.
func (o *oracle) done(c *Client) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := clientKey(c.id.ID, c.id.HWAddr)
	o.doneAt[key] = time.Now()
	for _, of := range o.promises {
		delete(of, key)
	}
}

// left: an answer to what a client has sent at some time leaves a node.
func (o *oracle) left(n *Node, c *Client, a Answer, sent time.Time) {
	o.w.trace.add(n.Name, "%v to %s", a, c.name)
	if a.Kind != Ack || a.Valid <= 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.found.Acks++
	key := clientKey(c.id.ID, c.id.HWAddr)
	if done, ok := o.doneAt[key]; ok && !sent.After(done) {
		return // to a question of long ago
	}
	p := &promise{
		key:    lease.Key{Type: lease.V4, Addr: a.Addr},
		client: key, name: c.name, by: n, cfg: o.cfgOf(n, c.subnet),
		at: time.Now(), until: sent.Add(a.Valid), known: make(map[*Node]bool),
	}
	p.state = n.stateIn(p.cfg)
	if c.v6 {
		p.key.Type = lease.NA
	}
	of := o.promises[p.key]
	if of == nil {
		of = make(map[string]*promise)
		o.promises[p.key] = of
	}
	was := of[key]
	p.contested = was != nil && was.contested
	of[key] = p
	for other, d := range o.disks {
		if o.covers(d, p) {
			p.known[other] = true
		}
	}
	o.durable(p)
	o.taken(p, was, sent)
	o.unique(p, of)
}

// durable: a lease is where it must be before its client is told.
func (o *oracle) durable(p *promise) {
	if o.disks[p.by] == nil {
		return // the program keeps to itself what it writes
	}
	o.found.Checked++
	if !p.known[p.by] {
		o.violated(&o.found.Lost, "%s acknowledges %v to %s and does not have it on its disk: %v", p.by.Name, p.key, p.name, o.disks[p.by].rows[p.key])
	}
	for _, other := range o.demanded(p) {
		if o.disks[other] == nil {
			continue
		}
		o.found.Checked++
		if !p.known[other] {
			o.violated(&o.found.Lost, "%s acknowledges %v to %s in %v, and %s does not have it on its disk: %v",
				p.by.Name, p.key, p.name, p.state, other.Name, o.disks[other].rows[p.key])
		}
	}
}

// taken: no server gives away what its own disk says is another client's, or
// was declined.
func (o *oracle) taken(p, was *promise, sent time.Time) {
	d := o.disks[p.by]
	if d == nil {
		return
	}
	r := d.rows[p.key]
	if r.client != p.client || !r.before.keeps || r.since.Before(sent) {
		return // it had the address before it asked
	}
	if was != nil && was.by != p.by && time.Now().Before(was.until) {
		return // another server has given it the address, and told this one just now
	}
	o.violated(&o.found.Twice, "%s acknowledges %v to %s although it had on its disk that it was %v", p.by.Name, p.key, p.name, r.before)
}

// unique: nobody else may still use the address.
func (o *oracle) unique(p *promise, of map[string]*promise) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		other := of[key]
		if other == p || !time.Now().Before(other.until.Add(-o.slack(other))) {
			continue
		}
		if other.contested {
			continue
		}
		if o.ignorant(p, other) {
			o.found.Split++
			p.contested, other.contested = true, true
			o.w.trace.add("oracle", "%v is %s's by %s and %s's by %s, which could not know", p.key, other.name, other.by.Name, p.name, p.by.Name)
			continue
		}
		o.violated(&o.found.Twice, "%s acknowledges %v to %s although %s has acknowledged it to %s until %v",
			p.by.Name, p.key, p.name, other.by.Name, other.name, other.until.Sub(o.w.trace.began))
	}
}

// settling is how long two servers may need, in normal operation with each
// other again, until each has what the other has given out alone.
const settling = time.Minute

// ignorant says whether the server of a promise could not know of another's, as
// it can be where servers that are out of each other's reach both serve.
func (o *oracle) ignorant(p, other *promise) bool {
	if p.by == other.by || other.known[p.by] || !takesOver(p.cfg) {
		return false
	}
	since := o.joint[pairOf(p.by, other.by)]
	return since.IsZero() || time.Since(since) < settling
}

// takesOver says whether a server of the relationship begins to serve the
// other's clients by itself.
func takesOver(cfg *ha.Config) bool {
	return slices.ContainsFunc(cfg.Peers, func(p ha.Peer) bool {
		may := p.AutoFailover == nil || *p.AutoFailover
		return may && (p.Role == ha.Standby || cfg.Mode == ha.LoadBalancing && p.Role != ha.Backup)
	})
}

// demanded returns the nodes that must have a lease before its client is told:
// the partner in normal operation and in its maintenance, and the backups if
// the configuration says so. A partner that has just returned and is being
// brought up to date need not have it yet, nor one that cannot write.
func (o *oracle) demanded(p *promise) (nodes []*Node) {
	if p.cfg.SendLeaseUpdates != nil && !*p.cfg.SendLeaseUpdates {
		return nil
	}
	awaits := false
	switch p.state {
	case ha.StateHotStandby, ha.StateLoadBalancing, ha.StatePartnerInMaintenance:
		awaits = true
	}
	for _, peer := range p.cfg.Peers {
		n := o.w.byName[peer.Name]
		switch {
		case n == p.by:
		case peer.Role == ha.Backup && p.cfg.WaitBackupAck,
			peer.Role != ha.Backup && awaits && !o.wasBusy(n, p.cfg):
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// wasBusy says whether a node may have said lately that it does not have all
// leases, or cannot write.
func (o *oracle) wasBusy(n *Node, cfg *ha.Config) bool {
	h := o.nodes[n]
	heard := 2*milliseconds(cfg.HeartbeatDelay, 10_000) + milliseconds(cfg.MaxResponseDelay, 60_000)
	return h.busy || time.Since(h.busyTill) <= heard
}

func milliseconds(n *uint32, otherwise uint32) time.Duration {
	if n != nil {
		otherwise = *n
	}
	return time.Duration(otherwise) * time.Millisecond
}

// slack is by how much less a server may keep an address for a client than the
// client was told: lease times are whole seconds, and clocks that differ by less
// than two are taken for equal; and a clock that is set ends leases earlier, here
// or, until it is measured again, at the partner.
func (o *oracle) slack(p *promise) time.Duration {
	d := 3 * time.Second
	for _, c := range o.clocks {
		if c.at.After(p.at.Add(-time.Minute)) {
			d += c.by.Abs()
		}
	}
	return d + time.Since(p.at)/500 // clocks that drift
}

// cfgOf returns the relationship by which a node serves a subnet.
func (o *oracle) cfgOf(n *Node, subnet uint32) *ha.Config {
	s, _ := o.w.cfg.Subnets.Subnet(subnet)
	for _, cfg := range n.cfgs {
		if slices.ContainsFunc(cfg.Peers, func(p ha.Peer) bool { return p.Name == s.Server }) {
			return cfg
		}
	}
	return n.cfgs[0]
}

func pairOf(a, b *Node) [2]*Node {
	if a.Name > b.Name {
		a, b = b, a
	}
	return [2]*Node{a, b}
}

// clockIsSet: a clock is set by so much. What its server has decided before has
// the wrong time from now on: which is later, that a client has given an address
// back to one server or that another, which did not know, has given it that
// again, can no longer be told.
func (o *oracle) clockIsSet(by time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clocks = append(o.clocks, clockSet{time.Now(), by})
	for _, of := range o.promises {
		for _, p := range of {
			done, ok := o.doneAt[p.client]
			if ok && p.at.Sub(done) <= by.Abs()+time.Second && o.apart(p) {
				p.contested = true
			}
		}
	}
}

// apart says whether the server that has given a promise, and the other one of
// its relationship, do not work together.
func (o *oracle) apart(p *promise) bool {
	return !slices.ContainsFunc(p.cfg.Peers, func(peer ha.Peer) bool {
		n := o.w.byName[peer.Name]
		return n != p.by && peer.Role != ha.Backup && !o.joint[pairOf(p.by, n)].IsZero()
	})
}

// shared: two servers have come to normal operation with each other. Should one
// of them fail now, the other goes on without what it does not have by then. What
// is given out while communication-recovery ends follows moments later (package ha
// says so).
func (o *oracle) shared(cfg *ha.Config, pair [2]*Node) {
	if cfg.SendLeaseUpdates != nil && !*cfg.SendLeaseUpdates {
		return
	}
	for _, k := range sortedKeys(o.promises) {
		of := o.promises[k]
		for _, client := range slices.Sorted(maps.Keys(of)) {
			p := of[client]
			over := !time.Now().Before(p.until.Add(-o.slack(p)))
			if over || p.contested || p.state == ha.StateCommunicationRecovery || time.Since(p.at) <= underway || p.cfg.Peers[0].Name != cfg.Peers[0].Name {
				continue
			}
			for _, n := range pair {
				if d := o.disks[n]; d != nil && !p.known[n] {
					o.violated(&o.found.Lost, "%s and %s work together again, but %s does not have %v on its disk, which %s has acknowledged to %s: %v",
						pair[0].Name, pair[1].Name, n.Name, k, p.by.Name, p.name, d.rows[k])
				}
			}
		}
	}
}

// look: something has changed of what nodes are, or of the ways between them.
func (o *oracle) look() {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for n, h := range o.nodes {
		busy := n.Running() && (n.disk.bad() || slices.ContainsFunc(n.cfgs, func(cfg *ha.Config) bool {
			s := n.stateIn(cfg)
			return s == ha.StateWaiting || s == ha.StateSyncing
		}))
		if h.busy && !busy {
			h.busyTill = now
		}
		h.busy = busy
	}
	for _, cfg := range o.w.cfg.Relationships {
		var active []*Node
		normal := true
		for _, p := range cfg.Peers {
			if p.Role == ha.Backup {
				continue
			}
			n := o.w.byName[p.Name]
			s := n.stateIn(&ha.Config{ThisServerName: p.Name})
			normal = normal && (s == ha.StateHotStandby || s == ha.StateLoadBalancing)
			active = append(active, n)
		}
		if len(active) < 2 {
			continue
		}
		pair := pairOf(active[0], active[1])
		switch together := normal && !o.w.apart(active[0], active[1]); {
		case !together:
			delete(o.joint, pair)
		case o.joint[pair].IsZero():
			o.joint[pair] = now
			o.shared(cfg, pair)
		}
	}
}
