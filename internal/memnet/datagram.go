package memnet

import "time"

// Send sends a datagram from one address to another. deliver is called for
// each copy that arrives, in a goroutine of its own. Senders have numbers of
// their own, so that what becomes of one's datagrams does not depend on what
// others send at the same time.
func (n *Net) Send(from, to string, sender uint64, deliver func()) {
	for _, late := range n.datagramFate(way{from, to}, sender) {
		n.flying.Add(1)
		time.AfterFunc(late, func() {
			defer n.flying.Done()
			deliver()
		})
	}
}

// Wait waits until no datagram is on its way or being delivered. Nobody may
// send any meanwhile but those that are delivered.
func (n *Net) Wait() { n.flying.Wait() }
