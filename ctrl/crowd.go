package ctrl

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// crowd are the open connections of a server. When there are as many as there
// may be, the one that has kept the server waiting longest for a request gives
// way to another: whoever opens connections and says nothing must not keep a
// partner out, who speaks at once.
type crowd struct {
	slots chan struct{}

	mu      sync.Mutex
	waiting list.List // of *guest, for a request; the longest in front
}

func newCrowd(most int) *crowd { return &crowd{slots: make(chan struct{}, most)} }

// guest is a connection of a crowd.
type guest struct {
	net.Conn
	crowd *crowd
	place *list.Element // in waiting; nil: it is being served, or has given way
	work  int           // how many of its requests are being served
	gone  bool          // it has given way
}

// enter makes a connection one of the crowd, until leave. It says nil if all
// others are being served, or ctx has ended.
func (c *crowd) enter(ctx context.Context, conn net.Conn) *guest {
	select {
	case c.slots <- struct{}{}:
	default:
		if !c.giveWay() {
			return nil
		}
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
	}
	g := &guest{Conn: conn, crowd: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	g.wait()
	return g
}

// giveWay closes the connection that has waited longest; false: none waits.
func (c *crowd) giveWay() bool {
	g := c.longest()
	if g == nil {
		return false
	}
	g.raw().Close() // without the farewell of TLS, which takes time
	return true
}

// longest takes the connection that has waited longest, nil if none waits.
func (c *crowd) longest() *guest {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.waiting.Front()
	if first == nil {
		return nil
	}
	g := c.waiting.Remove(first).(*guest)
	g.place, g.gone = nil, true
	return g
}

// raw returns what is below TLS.
func (g *guest) raw() net.Conn {
	if secure, ok := g.Conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return g.Conn
}

func (g *guest) leave() {
	g.serve() // it does not wait any more
	<-g.crowd.slots
}

// wait says that the connection waits for a request. The lock is held.
func (g *guest) wait() {
	if g.place == nil && !g.gone {
		g.place = g.crowd.waiting.PushBack(g)
	}
}

// begins says that the connection has begun with a request: those that have
// not, give way before it.
func (g *guest) begins() {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	if g.place != nil {
		g.crowd.waiting.MoveToBack(g.place)
	}
}

// serve says that a request of the connection is being served, until served. It
// is false if the connection has given way to another.
func (g *guest) serve() bool {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	g.work++
	if g.place != nil {
		g.crowd.waiting.Remove(g.place)
		g.place = nil
	}
	return !g.gone
}

// served says that a request has been answered: after the last one the
// connection waits for another.
func (g *guest) served() {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	if g.work--; g.work == 0 {
		g.wait()
	}
}

// CloseWrite closes one direction, where connections have two.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
