package hatest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// Random returns a script of faults of all kinds, and of what operators and
// clients do, for a world of cfg. Its last step comes no later than length. It
// is always the same for the same seed and cfg.
func Random(seed uint64, cfg Config, length time.Duration) Script {
	r := &randomScript{rnd: rand.New(rand.NewPCG(seed, 'S')), cast: castOf(cfg), length: length}
	r.clients = 2 + r.rnd.IntN(9)
	r.step(0, "clients", strconv.Itoa(r.clients))
	all := 0
	for _, k := range faultKinds {
		all += k.weight
	}
	for range 1 + int(length/(30*time.Second)) + r.rnd.IntN(4) {
		roll := r.rnd.IntN(all)
		for _, k := range faultKinds {
			if roll -= k.weight; roll < 0 {
				k.add(r, r.moment())
				break
			}
		}
	}
	for range int(length / (20 * time.Second)) {
		r.client(r.moment())
	}
	slices.SortStableFunc(r.script, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return r.script
}

// cast is who plays in a world.
type cast struct {
	nodes  []string
	pairs  [][2]string // who send each other something
	active []string    // all but backups
	// failover: there is no server that does not take over.
	failover bool
}

// castOf finds them: who is active in a relationship has to do with all that
// are in it.
func castOf(cfg Config) (c cast) {
	cfg = cfg.withDefaults()
	places, _ := cfg.places() // what is wrong with them the world will say
	at := map[string]string{}
	for _, p := range places {
		c.nodes = append(c.nodes, p.names[0])
		for _, name := range p.names {
			at[name] = p.names[0]
		}
	}
	c.failover = true
	for _, r := range cfg.Relationships {
		for i, p := range r.Peers {
			if p.Role != ha.Backup && !slices.Contains(c.active, at[p.Name]) {
				c.active = append(c.active, at[p.Name])
			}
			c.failover = c.failover && (p.AutoFailover == nil || *p.AutoFailover)
			for _, other := range r.Peers[:i] {
				if p.Role != ha.Backup || other.Role != ha.Backup {
					c.pairs = append(c.pairs, [2]string{at[other.Name], at[p.Name]})
				}
			}
		}
	}
	return c
}

// randomScript is a script that is being made up.
type randomScript struct {
	rnd     *rand.Rand
	cast    cast
	length  time.Duration
	clients int
	script  Script
}

// step adds a step, if it is not too late for it.
func (r *randomScript) step(at time.Duration, do string, args ...string) {
	if at <= r.length {
		r.script = append(r.script, Step{At: at.Truncate(100 * time.Microsecond), Do: do, Args: args})
	}
}

// moment is when a fault begins: the servers have had time to start.
func (r *randomScript) moment() time.Duration { return r.between(r.length/12, r.length*9/10) }

func (r *randomScript) between(least, most time.Duration) time.Duration {
	return least + time.Duration(r.rnd.Int64N(int64(most-least)+1))
}

// while is how long a fault lasts: hardly noticed, noticed, taken for the end.
func (r *randomScript) while() time.Duration {
	switch r.rnd.IntN(3) {
	case 0:
		return r.between(100*time.Millisecond, 3*time.Second)
	case 1:
		return r.between(3*time.Second, 20*time.Second)
	default:
		return r.between(20*time.Second, 90*time.Second)
	}
}

func (r *randomScript) coin() bool { return r.rnd.IntN(2) == 0 }

func (r *randomScript) node() string { return pick(r.rnd, r.cast.nodes) }

// way is from one that sends to another, in the order of chance.
func (r *randomScript) way() (from, to string) {
	p := pick(r.rnd, r.cast.pairs)
	i := r.rnd.IntN(2)
	return p[i], p[1-i]
}

// wayOfClients is between a server and the clients.
func (r *randomScript) wayOfClients() (from, to string) {
	if r.coin() {
		return Clients, r.node()
	}
	return r.node(), Clients
}

func (r *randomScript) anyWay() (from, to string) {
	if r.rnd.IntN(3) == 0 {
		return r.wayOfClients()
	}
	return r.way()
}

func pick[T any](rnd *rand.Rand, all []T) T { return all[rnd.IntN(len(all))] }

// faultKinds is what happens, and how often of all.
var faultKinds = []struct {
	weight int
	add    func(r *randomScript, at time.Duration)
}{
	{26, (*randomScript).end},
	{8, (*randomScript).endBoth},
	{22, (*randomScript).cut},
	{4, (*randomScript).isolate},
	{4, (*randomScript).flap},
	{8, (*randomScript).delay},
	{8, (*randomScript).lose},
	{4, (*randomScript).duplicate},
	{14, (*randomScript).disk},
	{8, (*randomScript).clock},
	{4, (*randomScript).drift},
	{10, (*randomScript).maintenance},
	{4, (*randomScript).order},
}

var ends = []string{"stop", "kill", "kill", "poweroff", "poweroff"}

// end ends a server, and starts it again.
func (r *randomScript) end(at time.Duration) {
	n := r.node()
	r.step(at, pick(r.rnd, ends), n)
	r.step(at+r.while(), "start", n)
}

// endBoth ends two servers that have each other's leases, and starts both, at
// times at the same moment.
func (r *randomScript) endBoth(at time.Duration) {
	p := pick(r.rnd, r.cast.pairs)
	how := pick(r.rnd, ends)
	back := at + r.while()
	r.step(at, how, p[0])
	r.step(back, "start", p[0])
	if r.coin() {
		at, back = at+r.between(0, 2*time.Second), back+r.between(0, 10*time.Second)
	}
	r.step(at, how, p[1])
	r.step(back, "start", p[1])
}

func (r *randomScript) cut(at time.Duration) {
	from, to := r.anyWay()
	both := ""
	if r.coin() {
		both = "both"
	}
	r.step(at, "cut"+both, from, to)
	r.step(at+r.while(), "join"+both, from, to)
}

// isolate lets a server reach nobody.
func (r *randomScript) isolate(at time.Duration) {
	n := r.node()
	back := at + r.while()
	for _, other := range append(slices.Clone(r.cast.nodes), Clients) {
		if other != n {
			r.step(at, "cutboth", n, other)
			r.step(back, "joinboth", n, other)
		}
	}
}

// flap cuts a way again and again.
func (r *randomScript) flap(at time.Duration) {
	from, to := r.way()
	for range 3 + r.rnd.IntN(5) {
		r.step(at, "cutboth", from, to)
		at += r.between(50*time.Millisecond, 4*time.Second)
		r.step(at, "joinboth", from, to)
		at += r.between(50*time.Millisecond, 4*time.Second)
	}
}

func (r *randomScript) delay(at time.Duration) {
	from, to := r.anyWay()
	most := pick(r.rnd, []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 3 * time.Second, 12 * time.Second})
	least := r.between(0, most).Truncate(time.Millisecond)
	r.step(at, "delay", from, to, least.String(), most.String())
	r.step(at+r.while(), "delay", from, to, "0s", "0s")
}

func (r *randomScript) lose(at time.Duration) {
	from, to := r.anyWay()
	r.step(at, "lose", from, to, strconv.Itoa(1+r.rnd.IntN(60))+"%")
	r.step(at+r.while(), "lose", from, to, "0%")
}

func (r *randomScript) duplicate(at time.Duration) {
	from, to := r.wayOfClients()
	r.step(at, "duplicate", from, to, strconv.Itoa(1+r.rnd.IntN(60))+"%")
	r.step(at+r.while(), "duplicate", from, to, "0%")
}

func (r *randomScript) disk(at time.Duration) {
	n := r.node()
	switch how := pick(r.rnd, []string{"full", "fails", "unsynced", "slow", "slow"}); how {
	default:
		r.step(at, "disk", n, how)
	case "slow":
		took := r.between(10*time.Millisecond, pick(r.rnd, []time.Duration{200 * time.Millisecond, 3 * time.Second, 15 * time.Second}))
		r.step(at, "disk", n, how, took.Truncate(time.Millisecond).String())
	}
	back := at + r.while()
	r.step(back, "disk", n, "works")
	if r.rnd.IntN(4) == 0 {
		// While it works badly, or just after that.
		r.step(r.between(at, back+time.Second), pick(r.rnd, ends), n)
		r.step(back+r.while(), "start", n)
	}
}

// clock sets the clock of a server. Not that of a backup: what it has was written
// by the clock as it was, and is told by it as it is, so that a server which
// was away takes the backup's copy for newer than what has become of the lease.
func (r *randomScript) clock(at time.Duration) {
	n := pick(r.rnd, r.cast.active)
	most := pick(r.rnd, []time.Duration{2 * time.Second, 50 * time.Second, 10 * time.Minute})
	offset := r.between(-most, most).Truncate(time.Second)
	r.step(at, "clock", n, signed(offset.String()))
	if r.coin() {
		r.step(at+r.while(), "clock", n, "+0s")
	}
}

func signed(number string) string {
	if number[0] != '-' {
		return "+" + number
	}
	return number
}

func (r *randomScript) drift(at time.Duration) {
	n := r.node()
	r.step(at, "drift", n, fmt.Sprintf("%+dppm", r.rnd.IntN(2001)-1000))
	r.step(at+r.while(), "drift", n, "+0ppm")
}

// maintenance sends a server's partner into maintenance, and at times that ends
// meanwhile, before an operator says that it is over. Where no server is to take
// over by itself an operator does not say so either: not for a partner that only
// is out of reach.
func (r *randomScript) maintenance(at time.Duration) {
	if !r.cast.failover {
		return
	}
	stays, goes := r.way()
	back := at + r.while()
	r.step(at, "command", stays, "ha-maintenance-start")
	if r.coin() {
		r.step(r.between(at, back), pick(r.rnd, ends), goes)
		r.step(back, "start", goes)
		back += r.while()
	}
	r.step(back, "command", stays, "ha-maintenance-cancel")
}

// order is something else that an operator says.
func (r *randomScript) order(at time.Duration) {
	n, other := r.way()
	if r.coin() {
		r.step(at, "command", n, "ha-reset")
		return
	}
	r.step(at, "command", n, "ha-sync", fmt.Sprintf(`{"server-name":%q}`, other))
}

// client lets a client do what clients do besides asking for an address and
// keeping it.
func (r *randomScript) client(at time.Duration) {
	c := strconv.Itoa(r.rnd.IntN(r.clients))
	does := pick(r.rnd, []string{"release", "release", "decline", "reboot", "leave", "leave"})
	r.step(at, "client", c, does)
	if does == "release" || does == "leave" {
		r.step(at+r.while(), "client", c, "return")
	}
}
