package ctrl

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// idleLimit is how long a connection is kept for another call. Kea closes
// after 30 s; a request sent just then would fail, and must not be sent twice.
const idleLimit = 20 * time.Second

// clientConns are the connections of a Client to its server.
type clientConns struct {
	dial  func(context.Context) (*clientConn, error)
	slots chan struct{} // taken by the calls in work

	mu   sync.Mutex
	kept []*clientConn // for another call; the one used last at the end
}

// clientConn is a connection of a Client. One call at a time uses it.
type clientConn struct {
	net.Conn          // a *tls.Conn with https
	raw      net.Conn // what is below TLS
	since    time.Time
	expiry   *time.Timer
}

// take returns a connection that nobody else uses, until keep or drop. It
// waits while there are as many as there may be.
func (c *clientConns) take(ctx context.Context) (*clientConn, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for conn := c.pop(); conn != nil; conn = c.pop() {
		if conn.usable() {
			return conn, nil
		}
		conn.Close()
	}
	conn, err := c.dial(ctx)
	if err != nil {
		<-c.slots
	}
	return conn, err
}

// usable says whether the server has neither closed the connection nor said
// something that it was not asked for.
func (c *clientConn) usable() bool {
	// By the wall clock: the other one stands still while a machine sleeps.
	return time.Since(c.since.Round(0)) < idleLimit && quiet(c.raw)
}

func (c *clientConns) pop() *clientConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) == 0 {
		return nil
	}
	last := len(c.kept) - 1
	conn := c.kept[last]
	c.kept[last], c.kept = nil, c.kept[:last]
	conn.expiry.Stop()
	return conn
}

// keep puts a connection away for another call.
func (c *clientConns) keep(conn *clientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn.since = time.Now()
	conn.expiry = time.AfterFunc(idleLimit, func() { c.expire(conn) })
	c.kept = append(c.kept, conn)
	<-c.slots
}

// drop ends a connection that cannot be used again.
func (c *clientConns) drop(conn *clientConn) {
	conn.Close()
	<-c.slots
}

func (c *clientConns) expire(conn *clientConn) {
	if c.remove(conn) {
		conn.Close()
	}
}

// remove says false if the connection is in use again.
func (c *clientConns) remove(conn *clientConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.kept {
		if k == conn {
			c.kept = append(c.kept[:i], c.kept[i+1:]...)
			return true
		}
	}
	return false
}

// closeKept closes what no call uses.
func (c *clientConns) closeKept() {
	for conn := c.pop(); conn != nil; conn = c.pop() {
		conn.Close()
	}
}

// newClientConn makes a connection ready for requests. With a configuration it
// speaks TLS.
func newClientConn(ctx context.Context, raw net.Conn, config *tls.Config) (*clientConn, error) {
	if tcp, ok := raw.(interface{ SetLinger(int) error }); ok {
		// To close is to reset: what is still on its way of a request that was
		// given up, or whose sender was killed, must not reach the server once
		// a partition heals. After an answer nothing is on its way.
		tcp.SetLinger(0)
	}
	if config == nil {
		return &clientConn{Conn: raw, raw: raw}, nil
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return &clientConn{Conn: conn, raw: raw}, nil
}
