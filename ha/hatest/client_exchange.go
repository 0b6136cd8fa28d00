package hatest

import (
	"net/netip"
	"time"
)

// begin begins an exchange; until is when one of Renew or Rebind is of no use
// any more.
func (c *Client) begin(k Kind, addr netip.Addr, server string, until time.Duration) {
	c.start(&exchange{kind: k, addr: addr, server: server, pace: c.paceOf(k, until), secs: -1})
}

func (c *Client) start(e *exchange) {
	now := time.Now()
	e.began = now
	if e.pace == nil { // nobody answers, so nobody waits
		c.send(e)
		c.finished(e)
		return
	}
	if e.kind != Release && e.kind != Decline {
		if c.asking.IsZero() {
			c.asking = now
		}
		if !c.using && c.without.IsZero() {
			c.without = now
		}
	}
	c.doing = e
	c.next()
}

// next sends the query of the exchange once more.
func (c *Client) next() {
	e := c.doing
	if len(e.offers) > 0 {
		c.request(e.offers[0], e)
		return
	}
	wait, more := e.pace.wait(c.dice, e.try, time.Since(e.began))
	if !more {
		c.finished(e)
		return
	}
	c.send(e)
	e.try++
	c.after(wait, c.next)
}

// finished is the end of an exchange that has not given the client an address.
func (c *Client) finished(e *exchange) {
	c.doing = nil
	switch e.kind {
	case Release:
		c.disarm()
	case Decline:
		if c.v6 {
			c.anew()
			return
		}
		// "The client SHOULD wait a minimum of ten seconds before restarting"
		// (RFC 2131, section 3.1, step 5).
		c.after(10*time.Second, c.anew)
	case Reboot:
		if !time.Now().Before(c.had.until) {
			c.anew()
			return
		}
		c.keep()
	case Renew, Rebind:
		c.resume()
	default:
		c.anew()
	}
}

// keep goes on with what the client remembers: nobody has said that it may not
// (RFC 2131, section 3.2, step 3; RFC 9915, section 18.2.3).
func (c *Client) keep() {
	c.count()
	c.using = true
	c.w.trace.add(c.name, "goes on with %v", c.had.addr)
	c.resume()
}

// request asks for what has been offered.
func (c *Client) request(o offer, discover *exchange) {
	e := &exchange{kind: Request, addr: o.addr, server: o.server, pace: c.paceOf(Request, 0), secs: -1}
	if !c.v6 {
		e.secs = discover.said
	}
	c.start(e)
}

// waited is what the client says of how long it has been trying: in DHCPv4
// since it began to get or to renew its address, and in a REQUEST what was in
// the DISCOVER (RFC 2131, section 3.1, step 3); in DHCPv6 of this exchange.
func (c *Client) waited(e *exchange) time.Duration {
	switch {
	case e.secs >= 0:
		return e.secs
	case c.v6:
		return min(time.Since(e.began).Truncate(10*time.Millisecond), 655350*time.Millisecond)
	case c.asking.IsZero():
		return 0
	default:
		return min(time.Since(c.asking).Truncate(time.Second), 65535*time.Second)
	}
}

// send sends the query to those whom it reaches on its client's link. Renewals
// and releases go to one server in DHCPv4; all else is a broadcast, or a
// multicast.
func (c *Client) send(e *exchange) {
	e.said = c.waited(e)
	q := Query{Kind: e.kind, Client: c.id, Subnet: c.subnet, Addr: e.addr, Server: e.server, Waited: e.said}
	alone := !c.v6 && (e.kind == Renew || e.kind == Release)
	c.w.trace.add(c.name, "%v", q)
	sent := time.Now()
	for _, n := range c.w.nodes {
		if alone && n.Name != e.server {
			continue
		}
		c.w.net.Send(Clients, n.host, uint64(c.number), func() {
			a, ok := n.ask(q)
			if !ok {
				return
			}
			c.w.oracle.left(n, c, a, sent)
			c.w.net.Send(n.host, Clients, uint64(c.number), func() { c.answered(e, n.Name, a, sent) })
		})
	}
}

// answered takes an answer to a try of an exchange that was sent at some time.
func (c *Client) answered(e *exchange, server string, a Answer, sent time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doing != e {
		return
	}
	switch {
	case e.kind == Discover:
		if a.Kind != Offer {
			return
		}
		o := offer{a.Addr, server}
		if c.v6 && e.try == 1 {
			e.offers = append(e.offers, o) // the best may still come (RFC 9915, section 18.2.1)
			return
		}
		c.request(o, e)
	case e.kind == Release || e.kind == Decline:
		if a.Kind == Ack {
			c.finished(e)
		}
	case a.Kind == Nak:
		c.heard()
		c.lost("refused by " + server)
	case a.Kind == Ack && a.Valid > 0:
		c.bound(a, server, sent)
	case a.Kind == Ack && e.kind == Reboot:
		c.keep()
	}
}
