package ctrl

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
)

// Limits of servers, where their fields do not say otherwise.
const (
	DefaultMaxRequest = 16 << 20 // bytes of a request's body
	DefaultMaxConns   = 256      // connections at the same time
)

// HTTPServer answers the commands of a Mux by HTTP or HTTPS the way Kea's
// servers do, so that Kea's clients understand it:
//
//   - A request is a POST to any path with a Content-Length and the exact
//     Content-Type application/json.
//   - An answered command is status 200 whatever its result, and its response
//     stands in a list. What went wrong before, or has no answer, is another
//     status and an object: 400, 401, 403, 408, 413,
//     500, 503.
//   - The length of an answer is stated, never chunked.
//
// It is an http.Handler, for use inside another server; Serve is a whole
// server. Fields must not change once it is used.
type HTTPServer struct {
	Mux    *Mux
	Accept []string     // commands that may be run, others are 403 Forbidden; nil: all
	Auth   *BasicAuth   // nil: everybody
	TLS    *tls.Config  // HTTPS, see ServerTLS; nil: plain HTTP. For Serve only
	Logger *slog.Logger // nil: none

	MaxRequest int64 // bytes of a body; 0: DefaultMaxRequest
	MaxConns   int   // connections at the same time, of which the longest without a request gives way to others; for Serve only; 0: DefaultMaxConns

	complaints complaints
	bodies     bodies
}

// ServeHTTP answers with a Mux all of whose commands anybody may run.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(&HTTPServer{Mux: m}).ServeHTTP(w, r)
}

// ServeHTTP answers one request.
func (s *HTTPServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r, func() bool { return true })
	a.header(w.Header())
	if !a.keepsConn() {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// answer says how a request is answered. It begins a command once all of it is
// there, unless begin says no.
func (s *HTTPServer) answer(r *http.Request, begin func() bool) answer {
	if r.Method != http.MethodPost || r.Header.Get("Content-Length") == "" ||
		!strings.EqualFold(r.Header.Get("Content-Type"), "application/json") {
		return refusal(http.StatusBadRequest)
	}
	if s.Auth != nil && !s.Auth.allows(r.Header.Get("Authorization")) {
		s.complaints.warn(logger(s.Logger), "command refused: wrong user or password", "peer", r.RemoteAddr)
		a := refusal(http.StatusUnauthorized)
		a.challenge = s.Auth.challenge()
		return a
	}
	body, done, err := s.readBody(r)
	defer done()
	switch {
	case errors.Is(err, errBusy):
		s.complaints.warn(logger(s.Logger), "command refused: too many long ones at once", "peer", r.RemoteAddr)
		return refusal(http.StatusServiceUnavailable)
	case errors.Is(err, ErrTooLarge):
		return refusal(http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refusal(http.StatusRequestTimeout)
	case err != nil:
		return refusal(http.StatusBadRequest)
	case len(body) == 0:
		return success(Errorf("Command processing failed: NULL command parameter"))
	}
	req, err := ParseRequest(body)
	var refused *ResultError
	switch {
	case errors.As(err, &refused):
		return success(Response{Result: refused.Code, Text: refused.Text})
	case err != nil:
		return refusal(http.StatusBadRequest)
	case s.Accept != nil && !slices.Contains(s.Accept, req.Command):
		return refusal(http.StatusForbidden)
	case !begin():
		return refusal(http.StatusServiceUnavailable) // nobody hears it
	}
	response, ok := runContained(withRemoteAddr(r.Context(), r.RemoteAddr), s.Mux, req, logger(s.Logger))
	if !ok {
		return refusal(http.StatusInternalServerError)
	}
	return success(response)
}
