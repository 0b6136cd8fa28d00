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

// serveConn answers request after request.
func (s *HTTPServer) serveConn(ctx, stopping context.Context, conn *guest) {
	if !s.handshake(stopping, conn) {
		return
	}
	in := &limitedReader{r: conn}
	buf := bufio.NewReader(in)
	for wait := receiveTimeout; ; wait = idleTimeout {
		in.left = maxHeader
		conn.wait()
		// What ends stopping ends the deadline too, so this order.
		conn.SetDeadline(time.Now().Add(wait))
		if stopping.Err() != nil {
			return
		}
		if _, err := buf.Peek(1); err != nil {
			if wait == receiveTimeout && isTimeout(err) && stopping.Err() == nil {
				refuse(conn, http.StatusRequestTimeout)
			}
			return
		}
		conn.begins()
		conn.SetDeadline(time.Now().Add(receiveTimeout))
		if stopping.Err() != nil || !s.serveRequest(ctx, conn, in, buf) {
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
		s.complaints.warn(logger(s.Logger), "control connection refused", "peer", conn.RemoteAddr(), "error", err)
	}
	return err == nil
}

// serveRequest answers the next request and says whether another may follow.
func (s *HTTPServer) serveRequest(ctx context.Context, conn *guest, in *limitedReader, buf *bufio.Reader) bool {
	req, err := http.ReadRequest(buf)
	if err != nil {
		status := http.StatusBadRequest
		if isTimeout(in.err) {
			status = http.StatusRequestTimeout
		}
		refuse(conn, status)
		return false
	}
	req.RemoteAddr = conn.RemoteAddr().String()
	in.left = cmp.Or(s.MaxRequest, DefaultMaxRequest) + 1
	// A command whose sender has given it up must not be run: a later one may
	// have been run elsewhere.
	a := s.answer(req.WithContext(ctx), func() bool { return conn.serve() && !wasReset(conn.raw()) })
	proto := "HTTP/1.0"
	if req.ProtoMajor == 1 && req.ProtoMinor == 1 {
		proto = "HTTP/1.1"
	}
	conn.SetWriteDeadline(time.Now().Add(receiveTimeout))
	if a.writeTo(conn, proto) != nil || req.Close {
		return false
	}
	if !a.keepsConn() {
		hangUp(conn)
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
