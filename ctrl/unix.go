package ctrl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"
)

// UnixServer answers the commands of a Mux on a unix socket the way Kea's
// servers do: one command a connection, whose end is found by its brackets and
// not by the end of the connection; the response is an object of its own, in
// no list. Fields must not change once it is used.
type UnixServer struct {
	Mux    *Mux
	Logger *slog.Logger // nil: none

	MaxRequest int64 // bytes of a command; 0: DefaultMaxRequest
	MaxConns   int   // connections at the same time, of which the longest without a request gives way to others; 0: DefaultMaxConns
}

// Serve answers the connections that the listener, such as that of ListenUnix,
// accepts. It ends as HTTPServer.Serve does.
func (s *UnixServer) Serve(ctx context.Context, listener net.Listener) error {
	a := &acceptor{
		maxConns: cmp.Or(s.MaxConns, DefaultMaxConns),
		log:      logger(s.Logger),
		serve:    s.serveConn,
	}
	return a.run(ctx, listener)
}

func (s *UnixServer) serveConn(ctx, stopping context.Context, conn *guest) {
	conn.SetDeadline(time.Now().Add(receiveTimeout))
	if stopping.Err() != nil {
		return
	}
	limit := cmp.Or(s.MaxRequest, DefaultMaxRequest)
	in := &limitedReader{r: conn, left: limit}
	var body json.RawMessage
	err := json.NewDecoder(in).Decode(&body)
	var response Response
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return // as Kea does
	case isTimeout(err) && in.left == limit:
		response = Errorf("Connection over control channel timed out")
	case isTimeout(err):
		response = Errorf("Connection over control channel timed out, discarded partial command of %d bytes", limit-in.left)
	case err != nil:
		response = Errorf("%v", err)
	case !conn.serve():
		return
	default:
		response = s.respond(ctx, body)
	}
	answer, err := response.appendTo(nil)
	if err != nil {
		answer, _ = Errorf("the response cannot be encoded: %v", err).appendTo(nil)
	}
	conn.SetWriteDeadline(time.Now().Add(receiveTimeout))
	if _, err := conn.Write(answer); err == nil {
		hangUp(conn)
	}
}

// respond runs the command in body.
func (s *UnixServer) respond(ctx context.Context, body []byte) Response {
	req, err := ParseRequest(body)
	var refused *ResultError
	switch {
	case errors.As(err, &refused):
		return Response{Result: refused.Code, Text: refused.Text}
	case err != nil:
		return Errorf("%v", err)
	}
	response, ok := runContained(ctx, s.Mux, req, logger(s.Logger))
	if !ok {
		return Errorf("'%s' command failed: internal error", req.Command)
	}
	return response
}
