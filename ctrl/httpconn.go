package ctrl

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Time limits of servers, those of Kea.
const (
	receiveTimeout = 10 * time.Second // a request is complete, or an answer taken
	idleTimeout    = 30 * time.Second // until the next request on a connection
)

const maxHeader = 64 << 10 // bytes of a request's header

// Serve answers the connections that the listener accepts. It closes the
// listener and returns when ctx has ended, the commands in work have been
// answered (their context ends 5 s after ctx) and no goroutine is left; that
// is nil. Otherwise it returns why the listener failed.
//
// It does not use net/http's server, which has its own answers to what is no
// request: Kea's clients expect JSON there as well.
func (s *HTTPServer) Serve(ctx context.Context, listener net.Listener) error {
	if s.TLS != nil {
		config := s.TLS.Clone()
		config.NextProtos = []string{"http/1.1"} // Kea speaks nothing newer
		listener = tls.NewListener(listener, config)
	}
	a := &acceptor{
		maxConns: cmp.Or(s.MaxConns, DefaultMaxConns),
		log:      logger(s.Logger),
		serve:    s.serveConn,
	}
	return a.run(ctx, listener)
}

// serveConn answers request after request: commands one at a time, while of
// messages the next are read while one is in work.
func (s *HTTPServer) serveConn(ctx, stopping context.Context, conn *guest) {
	if !s.handshake(stopping, conn) {
		return
	}
	c := &httpConn{guest: conn, stopping: stopping, in: limitedReader{r: conn}}
	c.buf = bufio.NewReader(&c.in)
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	defer c.end()
	c.remote = conn.RemoteAddr().String()
	ctx = withRemoteAddr(ctx, c.remote)
	for wait := receiveTimeout; ; wait = idleTimeout {
		c.in.left = maxHeader
		if !c.within(wait) {
			return
		}
		if _, err := c.buf.Peek(1); err != nil {
			if wait == receiveTimeout && isTimeout(err) && stopping.Err() == nil {
				refuse(conn, http.StatusRequestTimeout)
			}
			if !isTimeout(err) {
				gone() // nobody waits for messages in work
			}
			return
		}
		conn.begins()
		if !c.within(receiveTimeout) || !s.serveRequest(ctx, c) {
			return
		}
	}
}

// handshake begins TLS, if that is what the server speaks.
func (s *HTTPServer) handshake(stopping context.Context, conn *guest) bool {
	secure, ok := conn.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	conn.SetDeadline(time.Now().Add(receiveTimeout))
	if stopping.Err() != nil {
		return false
	}
	err := secure.Handshake()
	if err != nil && stopping.Err() == nil && !errors.Is(err, io.EOF) {
		s.complaints.warn(logger(s.Logger), "control connection refused", "remote", conn.RemoteAddr(), "error", err)
	}
	return err == nil
}

// httpConn is a connection that requests are read from.
type httpConn struct {
	*guest
	stopping context.Context
	remote   string // its other end
	in       limitedReader
	buf      *bufio.Reader // of in
	line     *line         // nil: there was no message yet
}

// within bounds the time that reading may take from now on. False: the server is
// to stop, and nothing more is to be read.
func (c *httpConn) within(wait time.Duration) bool {
	// What ends stopping ends the deadline too, so this order.
	c.SetDeadline(time.Now().Add(wait))
	return c.stopping.Err() == nil
}

// place waits until another message may be in the line. That time does not
// count as the request's: its sender may have sent all of it long ago.
func (c *httpConn) place() bool {
	select {
	case <-c.line.free:
		return true
	default:
	}
	<-c.line.free
	return c.within(receiveTimeout)
}

// end is settle, after which nothing is read any more.
func (c *httpConn) end() {
	if c.line != nil {
		c.line.end()
	}
}

// settle waits until the messages that have been read are answered, which does
// not count as the request's time either.
func (c *httpConn) settle() bool {
	if c.line == nil {
		return true
	}
	c.line.wait()
	return c.within(receiveTimeout)
}

// serveRequest answers the next request, or puts it into the line, and says
// whether another may follow.
func (s *HTTPServer) serveRequest(ctx context.Context, c *httpConn) bool {
	req, err := http.ReadRequest(c.buf)
	if err != nil {
		status := http.StatusBadRequest
		if isTimeout(c.in.err) {
			status = http.StatusRequestTimeout
		}
		c.settle()
		refuse(c, status)
		return false
	}
	req = req.WithContext(ctx)
	req.RemoteAddr = c.remote
	c.in.left = cmp.Or(s.MaxRequest, DefaultMaxRequest) + 1
	proto := "HTTP/1.0"
	if req.ProtoMajor == 1 && req.ProtoMinor == 1 {
		proto = "HTTP/1.1"
	}
	if h := s.Mux.messageHandler(req.Header.Get("Content-Type")); h != nil {
		if c.line == nil {
			c.line = startLine(c.guest, &s.inLine)
		}
		return c.place() && s.serveMessage(req, c.line, h, proto)
	}
	return c.settle() && s.serveCommand(req, c, proto)
}

// serveCommand answers a request at once.
func (s *HTTPServer) serveCommand(req *http.Request, c *httpConn, proto string) bool {
	// A command whose sender has given it up must not be run: a later one may
	// have been run elsewhere.
	begun := false
	a := s.answer(req, func() bool {
		begun = true
		return c.serve() && !wasReset(c.raw())
	})
	if begun {
		defer c.served()
	}
	c.SetWriteDeadline(time.Now().Add(receiveTimeout))
	if a.writeTo(c, proto) != nil || req.Close {
		return false
	}
	if !a.keepsConn() {
		hangUp(c)
		return false
	}
	return true
}

// refuse answers what is no HTTP request, or not yet.
func refuse(conn net.Conn, status int) {
	conn.SetWriteDeadline(time.Now().Add(lingerTime))
	if refusal(status).writeTo(conn, "HTTP/1.0") == nil {
		hangUp(conn)
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
