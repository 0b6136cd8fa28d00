package hatest

import (
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/internal/memnet"
)

// Clients is the name of all clients, as an end of a way in the network.
const Clients = "clients"

// The time that things take on every way at the beginning.
const (
	leastDelay = 100 * time.Microsecond
	mostDelay  = time.Millisecond
)

// link is a way in the network, between nodes by their names or Clients.
type link struct{ from, to string }

// way is what is known of a link.
type way struct {
	cut             bool
	least, most     time.Duration
	lose, duplicate float64
}

// links returns all of them.
func (w *World) links() (all []link) {
	ends := []string{Clients}
	for _, n := range w.nodes {
		ends = append(ends, n.Name)
	}
	for _, from := range ends {
		for _, to := range ends {
			if from != to {
				all = append(all, link{from, to})
			}
		}
	}
	return all
}

// link returns the way between two ends by whichever names of theirs.
func (w *World) link(from, to string) link {
	name := func(end string) string {
		if end != Clients {
			end = w.Node(end).Name
		}
		return end
	}
	l := link{name(from), name(to)}
	if l.from == l.to {
		w.Fatalf("there is no way from %s to %s", from, to)
	}
	return l
}

// host returns the address of an end.
func (w *World) host(end string) string {
	if end == Clients {
		return Clients
	}
	return w.Node(end).host
}

// Cut lets nothing through any more from one end to another, which are nodes or
// [Clients], and nothing is told of it: datagrams are lost, what belongs to a
// connection is sent again by TCP until it gives up.
func (w *World) Cut(from, to string) { w.set(w.link(from, to), true) }

// Join ends a Cut.
func (w *World) Join(from, to string) { w.set(w.link(from, to), false) }

// CutBoth is Cut both ways.
func (w *World) CutBoth(a, b string) {
	w.Cut(a, b)
	w.Cut(b, a)
}

// JoinBoth is Join both ways.
func (w *World) JoinBoth(a, b string) {
	w.Join(a, b)
	w.Join(b, a)
}

// JoinAll ends all Cuts.
func (w *World) JoinAll() {
	for _, l := range w.links() {
		w.set(l, false)
	}
}

func (w *World) set(l link, cut bool) {
	w.mu.Lock()
	was := w.ways[l].cut
	w.ways[l].cut = cut
	w.mu.Unlock()
	if was == cut {
		return
	}
	fault, what := memnet.Arrives, "is joined"
	if cut {
		fault, what = memnet.Stalls, "is cut"
	}
	w.trace.add("network", "%s to %s %s", l.from, l.to, what)
	w.net.Set(w.host(l.from), w.host(l.to), fault)
	w.oracle.look()
}

// apart says whether one of two nodes cannot ask the other anything: a way
// between them is cut. It may be called by everybody.
func (w *World) apart(a, b *Node) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ways[link{a.Name, b.Name}].cut || w.ways[link{b.Name, a.Name}].cut
}

// Delay says between which bounds the time is that things take from one end to
// another; 0 and 0: between 0.1 and 1 ms, as at the beginning. Datagrams
// overtake each other where the bounds are wide.
func (w *World) Delay(from, to string, least, most time.Duration) {
	l := w.link(from, to)
	if most == 0 {
		least, most = leastDelay, mostDelay
	}
	at := w.ways[l]
	if at.least == least && at.most == most {
		return
	}
	at.least, at.most = least, most
	w.trace.add("network", "%s to %s takes %v to %v", l.from, l.to, least, most)
	w.net.SetDelay(w.host(l.from), w.host(l.to), least, most)
}

// Lose says which share, up to 1, is lost of what goes from one end to another.
// Between servers TCP sends it again, which takes time.
func (w *World) Lose(from, to string, share float64) {
	l := w.link(from, to)
	if w.ways[l].lose == share {
		return
	}
	w.ways[l].lose = share
	w.trace.add("network", "%s to %s loses %s", l.from, l.to, percent(share))
	w.net.SetLoss(w.host(l.from), w.host(l.to), share)
}

// Duplicate says which share, up to 1, of the datagrams arrives twice. Between
// servers there are none.
func (w *World) Duplicate(from, to string, share float64) {
	l := w.link(from, to)
	if w.ways[l].duplicate == share {
		return
	}
	w.ways[l].duplicate = share
	w.trace.add("network", "%s to %s duplicates %s", l.from, l.to, percent(share))
	w.net.SetDuplicates(w.host(l.from), w.host(l.to), share)
}

func percent(share float64) string { return fmt.Sprintf("%.4g%%", 100*share) }

// send sends a datagram of a client, or one for a client, which has a number.
// deliver is called for each copy that arrives, in a goroutine of its own.
func (w *World) send(from, to string, client int, deliver func()) {
	w.net.Send(w.host(from), w.host(to), uint64(client), deliver)
}
