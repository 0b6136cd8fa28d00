package ctrl

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// Limits of servers, where their fields do not say otherwise.
const (
	DefaultMaxRequest = 16 << 20 // bytes of a request's body
	DefaultMaxConns   = 256      // connections at the same time
)

// commandType is the Content-Type of commands and their answers.
const commandType = "application/json"

// HTTPServer answers the commands and messages of a Mux by HTTP or HTTPS the way Kea's
// servers do, so that Kea's clients understand it:
//
//   - A request is a POST to any path with a Content-Length and the exact
//     Content-Type application/json, or that of a message.
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
	Accept []string     // commands that may be run and Content-Types of messages, others are 403 Forbidden; nil: all
	Auth   *BasicAuth   // nil: everybody
	TLS    *tls.Config  // HTTPS, see ServerTLS; nil: plain HTTP. For Serve only
	Logger *slog.Logger // nil: none

	MaxRequest int64 // bytes of a body; 0: DefaultMaxRequest
	MaxConns   int   // connections at the same time, of which the longest without a request gives way to others; for Serve only; 0: DefaultMaxConns

	complaints complaints
	bodies     bodies
	inLine     sync.Pool // see line
}

// ServeHTTP answers with a Mux all of whose commands anybody may run.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(&HTTPServer{Mux: m}).ServeHTTP(w, r)
}

// ServeHTTP answers one request.
func (s *HTTPServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r.WithContext(withRemoteAddr(r.Context(), r.RemoteAddr)), func() bool { return true })
	a.header(w.Header())
	if !a.keepsConn() {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// answer says how a request is answered. It begins with a command or a message
// once all of it is there, unless begin says no.
func (s *HTTPServer) answer(r *http.Request, begin func() bool) answer {
	body, done, refused := s.receive(r, nil)
	defer done()
	if refused != nil {
		return *refused
	}
	contentType := r.Header.Get("Content-Type")
	if h := s.Mux.messageHandler(contentType); h != nil {
		if refused := s.refuses(contentType, begin); refused != nil {
			return *refused
		}
		return s.begin(r.Context(), h, contentType, body)()
	}
	if len(body) == 0 {
		return success(Errorf("Command processing failed: NULL command parameter"))
	}
	req, err := ParseRequest(body)
	var rejected *ResultError
	switch {
	case errors.As(err, &rejected):
		return success(Response{Result: rejected.Code, Text: rejected.Text})
	case err != nil:
		return refusal(http.StatusBadRequest)
	}
	if refused := s.refuses(req.Command, begin); refused != nil {
		return *refused
	}
	response, ok := runContained(r.Context(), s.Mux, req, logger(s.Logger))
	if !ok {
		return refusal(http.StatusInternalServerError)
	}
	return success(response)
}

// receive reads a request, into the given memory if that is enough. done is to
// be called when it has been answered. Not nil: the request is refused.
func (s *HTTPServer) receive(r *http.Request, memory []byte) (body []byte, done func(), refused *answer) {
	refuse := func(status int) *answer { return new(refusal(status)) }
	contentType := r.Header.Get("Content-Type")
	if r.Method != http.MethodPost || r.Header.Get("Content-Length") == "" ||
		!strings.EqualFold(contentType, commandType) && s.Mux.messageHandler(contentType) == nil {
		return memory, func() {}, refuse(http.StatusBadRequest)
	}
	if s.Auth != nil && !s.Auth.allows(r.Header.Get("Authorization")) {
		s.complaints.warn(logger(s.Logger), "command refused: wrong user or password", "remote", r.RemoteAddr)
		a := refuse(http.StatusUnauthorized)
		a.challenge = s.Auth.challenge()
		return memory, func() {}, a
	}
	body, done, err := s.readBody(r, memory)
	switch {
	case errors.Is(err, errBusy):
		s.complaints.warn(logger(s.Logger), "command refused: too many long ones at once", "remote", r.RemoteAddr)
		refused = refuse(http.StatusServiceUnavailable)
	case errors.Is(err, ErrTooLarge):
		refused = refuse(http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		refused = refuse(http.StatusRequestTimeout)
	case err != nil:
		refused = refuse(http.StatusBadRequest)
	}
	return body, done, refused
}

// refuses says why a command, or a message of a type, that is there is not
// dealt with; nil: it is.
func (s *HTTPServer) refuses(what string, begin func() bool) *answer {
	switch {
	case s.Accept != nil && !slices.Contains(s.Accept, what):
		return new(refusal(http.StatusForbidden))
	case !begin():
		return new(refusal(http.StatusServiceUnavailable)) // nobody hears it
	}
	return nil
}
