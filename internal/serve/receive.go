package serve

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"time"
)

const defaultInFlight = 4096

// receive reads a socket until it is told to stop or the socket fails.
func (s *Server) receive(sock *Socket) {
	var batch [BatchSize]*Datagram
	for {
		for i := range batch {
			if batch[i] == nil {
				batch[i] = s.memory.get()
			}
		}
		n, err := sock.Read(batch[:])
		if err != nil {
			if !errors.Is(err, os.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				sock.failed.Store(&err)
			}
			return
		}
		now := time.Now()
		for i, d := range batch[:n] {
			if s.admit(sock, d, now) {
				batch[i] = nil
			}
		}
	}
}

// admit gives a datagram to a goroutine that answers it, or says false after
// having counted why it is not answered.
func (s *Server) admit(sock *Socket, d *Datagram, now time.Time) bool {
	s.counters.received.Add(1)
	if d.refused != 0 {
		return s.refuse(d, d.refused)
	}
	ep, unicast := s.endpoints.Load().find(d)
	kind, why := s.options.Protocol.Accept(d, ep, unicast)
	if kind >= 0 {
		s.counters.receivedKinds[kind].Add(1)
	}
	if why != 0 {
		return s.refuse(d, why)
	}
	bound := int64(cmp.Or(s.options.MaxInFlight, defaultInFlight))
	if s.options.Protocol.ShedFirst(kind) {
		bound = (bound + 1) / 2
	}
	if s.counters.inFlight.Add(1) > bound {
		s.counters.inFlight.Add(-1)
		s.counters.shed.Add(1)
		return false
	}
	s.employ(Job{sock, ep, unicast, d, now})
	return true
}

func (s *Server) refuse(d *Datagram, why int) bool {
	s.counters.refused[why].Add(1)
	d.refused = 0
	if s.options.Logger.Enabled(s.queries, slog.LevelDebug) {
		s.options.Logger.Debug("query refused", "from", d.Remote, "reason", s.options.Protocol.Reason(why))
	}
	return false
}

// answer has a query answered, and hands the reply to the writer of a socket.
func (s *Server) answer(j Job) {
	if q, answered := s.ask(j); answered {
		s.reply(q, j.Endpoint)
	}
}

// ask decodes a query, asks for the reply, counts the outcome, and contains a
// panic.
func (s *Server) ask(j Job) (q Query, answered bool) {
	defer func() {
		if p := recover(); p != nil {
			s.counters.panicked.Add(1)
			s.options.QueryLog.Error("handler panicked", "client", clientOf(q), "interface", j.Endpoint.Name, "panic", p, "stack", string(debug.Stack()))
			answered = false
		}
	}()
	q, refused := s.options.Protocol.Decode(j)
	if refused != 0 {
		s.refuse(j.Query, refused)
	}
	s.memory.put(j.Query)
	if refused != 0 {
		return nil, false
	}
	answered, err := q.Ask(s.queries)
	switch {
	case err != nil:
		s.counters.failed.Add(1)
		if s.queries.Err() == nil { // else it failed because it was told to stop
			s.options.QueryLog.Error("query failed", "client", clientOf(q), "interface", j.Endpoint.Name, "error", err)
		}
		return nil, false
	case !answered:
		s.counters.silent.Add(1)
	default:
		s.counters.answered.Add(1)
	}
	return q, answered
}

// clientOf names the client of a query, if that could be decoded.
func clientOf(q Query) string {
	if q == nil {
		return "unknown"
	}
	return q.Client()
}
