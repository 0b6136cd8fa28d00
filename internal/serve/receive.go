package serve

import (
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"time"
)

// reader reads a socket until it is told to stop or the socket fails.
type reader struct {
	*Server
	sock  *Socket
	batch [BatchSize]*Datagram
	rest  []*Datagram // of what was read last: what has not been looked at
	now   time.Time   // when that was
	jobs  []job
}

func newReader(s *Server, sock *Socket) *reader {
	r := &reader{Server: s, sock: sock, jobs: make([]job, 0, BatchSize)}
	for i := range r.batch {
		r.batch[i] = s.memory.get()
	}
	return r
}

// run reads. What it calls may be the program's own, such as a Gate or what
// takes the log, and may end the goroutine, as a failing test does, or panic:
// then another one goes on with the datagram behind. Nobody would read the
// socket otherwise, and nobody would notice.
func (r *reader) run() {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover()
		r.readers.Go(r.run)
		if p != nil { // otherwise it has been told already
			r.panicked(job{}, p)
		}
	}()
	for r.look() {
	}
	returned = true
}

// look looks at what was read, and reads more; false: there is no more.
func (r *reader) look() bool {
	for len(r.rest) > 0 {
		d := r.rest[0]
		r.rest = r.rest[1:]
		if j, ok := r.admit(r.sock, d, r.now); ok {
			r.jobs = append(r.jobs, j)
		}
	}
	r.workers.employ(r.jobs)
	clear(r.jobs)
	r.jobs = r.jobs[:0]
	n, err := r.sock.Read(r.batch[:])
	if err != nil {
		if !errors.Is(err, os.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
			r.sock.failed.Store(&err)
		}
		return false
	}
	r.rest, r.now = r.batch[:n], time.Now()
	return true
}

// admit makes a job of a query, or counts why there is none. It keeps nothing of
// the datagram.
func (s *Server) admit(sock *Socket, d *Datagram, now time.Time) (j job, ok bool) {
	s.counters.received.Add(1)
	x := s.watch(now)
	if why := d.refused; why != 0 {
		d.refused = 0
		s.refuse(d, why, x)
		return job{}, false
	}
	ep, unicast := s.endpoints.Load().find(d)
	kind, why := s.options.Protocol.Accept(d, ep, unicast)
	if kind >= 0 {
		s.counters.receivedKinds[kind].Add(1)
		if x != nil {
			x.Kind = kind
		}
	}
	if why != 0 {
		s.refuse(d, why, x)
		return job{}, false
	}
	if !s.takeOn(s.options.Protocol.ShedFirst(kind)) {
		s.counters.shed.Add(1)
		s.ended(x, OutcomeShed)
		return job{}, false
	}
	q := s.begin(Arrival{sock, ep, unicast, d, now}, x)
	return job{q, ep, x}, q != nil
}

// refuse counts and logs why a datagram is not served, whose exchange ends.
func (s *Server) refuse(d *Datagram, why int, x *Exchange) {
	s.counters.refused[why].Add(1)
	if x != nil {
		x.Refused = why
	}
	s.ended(x, OutcomeRefused)
	if s.options.Logger.Enabled(s.queries, slog.LevelDebug) {
		s.options.Logger.Debug("query refused", "remote", d.Remote, "reason", s.options.Protocol.Reason(why))
	}
}

// begin decodes and begins a query, which counts as in flight; nil: there is no
// more to do, it no longer counts, and its exchange has ended. It contains a
// panic.
func (s *Server) begin(a Arrival, x *Exchange) (q Query) {
	begun, returned := false, false
	defer func() {
		if !begun {
			s.putOff()
		}
		if returned {
			return
		}
		s.panicked(job{q, a.Endpoint, x}, recover())
		q = nil
	}()
	q, refused := s.options.Protocol.Decode(a)
	if refused == 0 {
		begun = q.Begin()
	}
	returned = true
	switch {
	case refused != 0:
		s.refuse(a.Query, refused, x)
		return nil
	case !begun:
		s.counters.silent.Add(1)
		s.ended(x, OutcomeSilent)
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
		s.reply(j)
	}
}

// ask asks for the reply, counts the outcome, and contains a panic. The exchange
// goes on only if there is a reply.
func (s *Server) ask(j job) (answered bool) {
	returned := false
	defer func() {
		if !returned {
			s.panicked(j, recover())
			answered = false
		}
	}()
	x := j.exchange
	if x != nil {
		x.Begun = time.Now()
	}
	answered, err := j.query.Ask(s.queries)
	returned = true
	if x != nil {
		x.Answered = time.Now()
	}
	switch {
	case err != nil:
		s.counters.failed.Add(1)
		s.ended(x, OutcomeFailed)
		if s.queries.Err() == nil { // else it failed because it was told to stop
			s.options.QueryLog.Error("query failed", "client", j.query.Client(), "interface", j.endpoint.Name, "error", err)
		}
		return false
	case !answered:
		s.counters.silent.Add(1)
		s.ended(x, OutcomeSilent)
		j.query.Done()
	default:
		s.counters.answered.Add(1)
	}
	return answered
}

// panicked counts and logs what was recovered, while the stack still shows where
// it comes from; nil: the goroutine was ended. What takes the log may be what
// has panicked.
func (s *Server) panicked(j job, p any) {
	s.counters.panicked.Add(1)
	s.ended(j.exchange, OutcomePanicked)
	defer func() { _ = recover() }()
	client, iface := "unknown", ""
	if j.query != nil {
		client = j.query.Client()
	}
	if j.endpoint != nil {
		iface = j.endpoint.Name
	}
	if p == nil {
		p = "its goroutine was ended"
	}
	s.options.QueryLog.Error("handler panicked", "client", client, "interface", iface, "panic", p, "stack", string(debug.Stack()))
}
