package hatest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// A Client is a simulated client of DHCP. Once it has begun it wants an address
// until it leaves or releases it, and asks again as RFC 2131 (sections 4.1 and
// 4.4) or RFC 9915 (sections 15 and 18.2) says: it renews at T1, rebinds at T2,
// and begins anew when it is refused or its lease has ended. It accepts the
// first offer, in DHCPv6 the first of those that come within the time that it
// has to wait for them.
type Client struct {
	w      *World
	name   string
	number int
	id     lease.Client
	subnet uint32
	v6     bool

	mu    sync.Mutex
	dice  *rand.Rand
	begun bool // it was on once
	on    bool
	doing *exchange   // nil: none
	timer *time.Timer // of what comes next; nil: there never was one
	turn  uint64      // which timer counts

	had   *binding // what it remembers; nil: nothing
	using bool     // that

	asking  time.Time // since when it has asked without being answered; zero: it does not ask
	without time.Time // since when it has had no address and asked for one; zero: it has one, or does not ask
	slowest time.Duration
	longest time.Duration
}

// binding is a lease as its client knows it.
type binding struct {
	addr                 netip.Addr
	server               string
	renew, rebind, until time.Time
}

// exchange is a query, with all its tries.
type exchange struct {
	kind   Kind
	addr   netip.Addr
	server string // that is named in it; empty: none
	pace   pace
	began  time.Time
	secs   time.Duration // how long the client says, in each try, that it has waited; negative: as it is
	said   time.Duration // what it has said in the last one
	try    int
	offers []offer // that have come in time
}

type offer struct {
	addr   netip.Addr
	server string
}

// Client returns one of the world's clients, by its number. It does nothing
// before it is told to [Client.Return]. Where there are several subnets the
// clients are on the links of each in turn.
func (w *World) Client(i int) *Client {
	for n := len(w.clients); n <= i; n++ {
		w.clients = append(w.clients, w.newClient(n))
	}
	return w.clients[i]
}

// Crowd sees to it that there are at least n clients that have begun to want an
// address, and returns the first n.
func (w *World) Crowd(n int) []*Client {
	for i := range n {
		c := w.Client(i)
		c.mu.Lock()
		begun := c.begun
		c.mu.Unlock()
		if !begun {
			c.Return()
		}
	}
	return slices.Clone(w.clients[:n])
}

// UntilServed waits until each of the clients has an address, and ends the test
// if that takes too long. One whose server is lost between OFFER and ACK asks it
// for more than a minute, as RFC 2131 has it, before it begins anew.
func (w *World) UntilServed(within time.Duration, clients ...*Client) {
	w.t.Helper()
	w.until(within, func() bool { return len(unserved(clients)) == 0 }, func() string {
		return fmt.Sprintf("%d clients have addresses, but not %s", len(clients), strings.Join(unserved(clients), ", "))
	})
}

// unserved returns the names of those that have no address.
func unserved(clients []*Client) (names []string) {
	for _, c := range clients {
		if !c.Addr().IsValid() {
			names = append(names, c.name)
		}
	}
	return names
}

func (w *World) newClient(number int) *Client {
	c := &Client{
		w: w, name: fmt.Sprint("client", number), number: number, v6: w.cfg.Family == ctrl.V6,
		dice: rand.New(rand.NewPCG(w.cfg.Seed, 'C'<<32|uint64(number))),
	}
	mac := []byte{2, 0, 0, byte(number >> 16), byte(number >> 8), byte(number)}
	if c.v6 {
		c.id.ID = append([]byte{0, 3, 0, 1}, mac...) // DUID-LL
	} else {
		c.id.HWAddr = mac
	}
	c.subnet = w.cfg.Subnets[number%len(w.cfg.Subnets)].ID
	return c
}

// String returns the name that the client has in traces, such as client7.
func (c *Client) String() string { return c.name }

// Addr returns the address that the client uses now; invalid: none.
func (c *Client) Addr() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.using {
		return netip.Addr{}
	}
	return c.had.addr
}

// Server returns the node that has given the client what it uses; empty: it
// uses nothing.
func (c *Client) Server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.using {
		return ""
	}
	return c.had.server
}

// Return has the client want an address. If it remembers one whose lease has
// not ended it asks whether it may still use it.
func (c *Client) Return() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.on {
		return
	}
	c.begun, c.on = true, true
	if c.had == nil || !time.Now().Before(c.had.until) {
		c.anew()
		return
	}
	var delay time.Duration
	if c.v6 {
		delay = c.startDelay() // CNF_MAX_DELAY
	}
	c.after(delay, func() { c.begin(Reboot, c.had.addr, "", 0) })
}

// Leave switches the client off, without a word to anybody.
func (c *Client) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave()
}

// Reboot is Leave and Return.
func (c *Client) Reboot() {
	c.mu.Lock()
	on := c.on
	c.leave()
	c.mu.Unlock()
	if on {
		c.Return()
	}
}

// Release has the client give back its address, if it uses one, and leave.
func (c *Client) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.using {
		return
	}
	had := c.had
	c.leave()
	c.forget()
	c.begin(Release, had.addr, had.server, 0)
}

// Decline has the client find that somebody else uses its address, if it uses
// one: it says so and asks for another one.
func (c *Client) Decline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.using {
		return
	}
	had := c.had
	c.count()
	c.using = false
	c.forget()
	c.begin(Decline, had.addr, had.server, 0)
}

// leave is Leave with the lock held.
func (c *Client) leave() {
	if !c.on {
		return
	}
	c.on, c.using, c.doing = false, false, nil
	c.count()
	c.disarm()
	c.w.trace.add(c.name, "leaves")
}

// forget makes the client have no use for what it had or has asked for.
func (c *Client) forget() {
	c.had, c.doing = nil, nil
	c.w.oracle.done(c)
}

// anew is INIT: the client has nothing.
func (c *Client) anew() {
	c.using = false
	c.forget()
	c.after(c.startDelay(), func() { c.begin(Discover, netip.Addr{}, "", 0) })
}

// lost ends the use of an address that the client wants to have.
func (c *Client) lost(why string) {
	if c.using {
		c.using, c.without = false, time.Now()
		c.w.trace.add(c.name, "has to leave %v: %s", c.had.addr, why)
	}
	c.anew()
}

// count ends the times that the client has spent waiting.
func (c *Client) count() {
	c.longest, c.slowest = c.waiting()
	c.asking, c.without = time.Time{}, time.Time{}
}

// heard ends the time that it has spent waiting for an answer.
func (c *Client) heard() {
	_, c.slowest = c.waiting()
	c.asking = time.Time{}
}

// waiting returns the longest times that the client has been without an
// address, and without an answer, to this day.
func (c *Client) waiting() (without, asking time.Duration) {
	without, asking = c.longest, c.slowest
	if !c.without.IsZero() {
		without = max(without, time.Since(c.without))
	}
	if !c.asking.IsZero() {
		asking = max(asking, time.Since(c.asking))
	}
	return without, asking
}

// after does something later, unless something else is done before.
func (c *Client) after(d time.Duration, do func()) {
	c.disarm()
	turn := c.turn
	c.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.turn == turn {
			do()
		}
	})
}

func (c *Client) disarm() {
	if c.turn++; c.timer != nil {
		c.timer.Stop()
	}
}

// stop ends the client with its world.
func (c *Client) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count()
	c.on, c.doing = false, nil
	c.disarm()
}

// resume goes on with a lease, as it is time.
func (c *Client) resume() {
	now, b := time.Now(), c.had
	switch {
	case now.Before(b.renew):
		c.doing = nil
		c.after(b.renew.Sub(now), c.resume)
	case now.Before(b.rebind):
		c.begin(Renew, b.addr, b.server, b.rebind.Sub(now))
	case now.Before(b.until):
		c.begin(Rebind, b.addr, "", b.until.Sub(now))
	default:
		c.lost("the lease has ended")
	}
}

// bound takes a lease.
func (c *Client) bound(a Answer, server string, sent time.Time) {
	c.count()
	from, t2 := sent, a.Valid/8*7 // RFC 2131, sections 4.4.1 and 4.4.5
	if c.v6 {
		from, t2 = time.Now(), a.Valid/10*8 // RFC 9915, section 21.4
	}
	t1 := cmp.Or(a.Renew, a.Valid/2)
	if fuzz := min(time.Second, t1/20); !c.v6 {
		t1 += uniform(c.dice, -fuzz, fuzz) // "with some random fuzz"
	}
	c.had = &binding{a.Addr, server, from.Add(t1), from.Add(cmp.Or(a.Rebind, t2)), from.Add(a.Valid)}
	c.using = true
	c.w.trace.add(c.name, "has %v of %s for %v", a.Addr, server, a.Valid)
	c.resume()
}
