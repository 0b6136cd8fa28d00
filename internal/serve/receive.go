package serve

import (
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"time"
)

// receive reads a socket until it is told to stop or the socket fails.
func (s *Server) receive(sock *Socket) {
	var batch [BatchSize]*Datagram
	for i := range batch {
		batch[i] = s.memory.get()
	}
	jobs := make([]job, 0, BatchSize)
	for {
		n, err := sock.Read(batch[:])
		if err != nil {
			if !errors.Is(err, os.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				sock.failed.Store(&err)
			}
			return
		}
		now := time.Now()
		for _, d := range batch[:n] {
			if j, ok := s.admit(sock, d, now); ok {
				jobs = append(jobs, j)
			}
		}
		s.workers.employ(jobs)
		clear(jobs)
		jobs = jobs[:0]
	}
}

// admit makes a job of a query, or counts why there is none. It keeps nothing of
// the datagram.
func (s *Server) admit(sock *Socket, d *Datagram, now time.Time) (j job, ok bool) {
	s.counters.received.Add(1)
	if d.refused != 0 {
		s.refuse(d, d.refused)
		d.refused = 0
		return job{}, false
	}
	ep, unicast := s.endpoints.Load().find(d)
	kind, why := s.options.Protocol.Accept(d, ep, unicast)
	if kind >= 0 {
		s.counters.receivedKinds[kind].Add(1)
	}
	if why != 0 {
		s.refuse(d, why)
		return job{}, false
	}
	if !s.takeOn(s.options.Protocol.ShedFirst(kind)) {
		s.counters.shed.Add(1)
		return job{}, false
	}
	q := s.begin(Arrival{sock, ep, unicast, d, now})
	if q == nil {
		s.putOff()
	}
	return job{q, ep}, q != nil
}

func (s *Server) refuse(d *Datagram, why int) {
	s.counters.refused[why].Add(1)
	if s.options.Logger.Enabled(s.queries, slog.LevelDebug) {
		s.options.Logger.Debug("query refused", "from", d.Remote, "reason", s.options.Protocol.Reason(why))
	}
}

// begin decodes and begins a query; nil: there is no more to do. It contains a
// panic.
func (s *Server) begin(a Arrival) (q Query) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(q, a.Endpoint, p)
			q = nil
		}
	}()
	q, refused := s.options.Protocol.Decode(a)
	switch {
	case refused != 0:
		s.refuse(a.Query, refused)
		return nil
	case !q.Begin():
		s.counters.silent.Add(1)
		q.Done()
		return nil
	}
	return q
}

// answer has a query answered, and hands the reply to the writer of a socket. It
// ends the query's count also if the handler ends the goroutine, as a failing
// test does.
func (s *Server) answer(j job) {
	defer s.putOff()
	if s.ask(j) {
		s.reply(j.query, j.endpoint)
	}
}

// ask asks for the reply, counts the outcome, and contains a panic.
func (s *Server) ask(j job) (answered bool) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(j.query, j.endpoint, p)
			answered = false
		}
	}()
	answered, err := j.query.Ask(s.queries)
	switch {
	case err != nil:
		s.counters.failed.Add(1)
		if s.queries.Err() == nil { // else it failed because it was told to stop
			s.options.QueryLog.Error("query failed", "client", j.query.Client(), "interface", j.endpoint.Name, "error", err)
		}
		return false
	case !answered:
		s.counters.silent.Add(1)
		j.query.Done()
	default:
		s.counters.answered.Add(1)
	}
	return answered
}

// panicked counts and logs what was recovered, while the stack still shows where
// it comes from.
func (s *Server) panicked(q Query, ep *Endpoint, p any) {
	s.counters.panicked.Add(1)
	client := "unknown"
	if q != nil {
		client = q.Client()
	}
	s.options.QueryLog.Error("handler panicked", "client", client, "interface", ep.Name, "panic", p, "stack", string(debug.Stack()))
}
