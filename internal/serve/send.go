package serve

import "fmt"

// reply encodes a reply and puts it into the outbox of the socket it leaves
// by. The interface is always the one the query came in on.
func (s *Server) reply(q Query, ep *Endpoint) {
	d := s.memory.get()
	d.Ifindex = ep.Index
	out, err := encode(q, d)
	if err == nil {
		q.Done()
	} else {
		s.options.QueryLog.Error("reply not sent", "client", q.Client(), "interface", ep.Name, "error", err)
	}
	if err != nil || !out.outbox.put(d) {
		s.counters.unsent.Add(1)
		s.memory.put(d)
	}
}

// encode contains a panic: a reply has in it what the handler made.
func encode(q Query, d *Datagram) (out *Socket, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("encoding panicked: %v", p)
		}
	}()
	return q.Encode(d)
}

// transmit writes what is put into a socket's outbox until that is closed. If
// what takes the log ends the goroutine, another one goes on.
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
		if unsent, why := s.write(sock, batch); unsent > 0 {
			s.counters.unsent.Add(uint64(unsent))
			s.options.QueryLog.Warn("replies not sent", "count", unsent, "error", why)
		}
	}
}

// write writes a batch and lets go of it. It returns how many of it could not be
// written, and why.
func (s *Server) write(sock *Socket, batch []*Datagram) (unsent int, why error) {
	for rest := batch; len(rest) > 0; {
		n, err := sock.Write(rest)
		if err != nil {
			// The first is at fault; the others may be luckier.
			n, unsent, why = 1, unsent+1, err
		} else {
			for _, d := range rest[:n] {
				s.counters.sentKinds[d.Kind].Add(1)
			}
		}
		rest = rest[n:]
	}
	for i, d := range batch {
		s.memory.put(d)
		batch[i] = nil
	}
	return unsent, why
}
