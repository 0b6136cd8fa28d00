package serve

import (
	"fmt"
	"time"
)

// reply encodes a reply and puts it into the outbox of the socket it leaves
// by. The interface is always the one the query came in on.
func (s *Server) reply(j job) {
	d := s.memory.get()
	d.Ifindex = j.endpoint.Index
	out, err := s.encode(j, d)
	if err != nil {
		s.unsent(j, d)
		s.options.QueryLog.Error("reply not sent", "client", j.query.Client(), "interface", j.endpoint.Name, "error", err)
		return
	}
	j.query.Done()
	if d.exchange = j.exchange; d.exchange != nil {
		d.exchange.Reply = d.Kind
	}
	if !out.outbox.put(d) {
		s.unsent(j, d)
	}
}

// unsent counts a reply that does not come to be sent.
func (s *Server) unsent(j job, d *Datagram) {
	s.counters.unsent.Add(1)
	s.memory.put(d)
	s.ended(j.exchange, OutcomeUnsent)
}

// encode contains a panic, and counts a reply whose encoding ends the goroutine:
// it has in it what the handler made.
func (s *Server) encode(j job, d *Datagram) (out *Socket, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("encoding panicked: %v", p)
		} else {
			s.unsent(j, d)
		}
	}()
	out, err = j.query.Encode(d)
	returned = true
	return out, err
}

// transmit writes what is put into a socket's outbox until that is closed. If
// what takes the log, or observes, ends the goroutine, another one goes on.
func (s *Server) transmit(sock *Socket) {
	returned := false
	defer func() {
		if !returned {
			s.writers.Go(func() { s.transmit(sock) })
		}
	}()
	batch := make([]*Datagram, 0, OutboxSize)
	for {
		batch = sock.outbox.take(batch)
		if len(batch) == 0 {
			returned = true
			return
		}
		unsent, why := s.write(sock, batch)
		s.release(batch)
		if unsent > 0 {
			s.options.QueryLog.Warn("replies not sent", "count", unsent, "error", why)
		}
	}
}

// write writes a batch. It returns how many of it could not be written, and why.
func (s *Server) write(sock *Socket, batch []*Datagram) (unsent int, why error) {
	for rest := batch; len(rest) > 0; {
		n, err := sock.Write(rest)
		if err != nil {
			// The first is at fault; the others may be luckier.
			n, unsent, why = 1, unsent+1, err
			s.counters.unsent.Add(1)
		} else {
			s.sent(rest[:n])
		}
		rest = rest[n:]
	}
	return unsent, why
}

// sent counts what the system has taken.
func (s *Server) sent(batch []*Datagram) {
	var now time.Time
	if s.options.Observe != nil {
		now = time.Now()
	}
	for _, d := range batch {
		s.counters.sentKinds[d.Kind].Add(1)
		if d.exchange != nil {
			d.exchange.Sent = now
		}
	}
}

// release lets go of a batch that was written, and tells of it.
func (s *Server) release(batch []*Datagram) {
	for i, d := range batch {
		x := d.exchange
		s.memory.put(d)
		batch[i] = nil
		switch {
		case x == nil:
		case x.Sent.IsZero():
			s.ended(x, OutcomeUnsent)
		default:
			s.ended(x, OutcomeSent)
		}
	}
}
