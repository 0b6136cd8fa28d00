package serve

import "cmp"

const defaultInFlight = 4096

// takeOn counts a query in flight, unless there are too many. Those that are
// shed first are shed from half of the bound on. To read them only to drop them
// would take time from the others, which wait behind them and would be lost
// where the socket has no room: from then on the system refuses them, until a
// quarter of the bound is left.
func (s *Server) takeOn(first bool) bool {
	bound := int64(cmp.Or(s.options.MaxInFlight, defaultInFlight))
	if first {
		bound = (bound + 1) / 2
	}
	if s.counters.inFlight.Add(1) <= bound {
		return true
	}
	s.counters.inFlight.Add(-1)
	if first && !s.refusing.Load() {
		s.refuseFirst(true)
		s.relieve(s.counters.inFlight.Load()) // which may have seen nothing of it
	}
	return false
}

// putOff ends the count of a query.
func (s *Server) putOff() { s.relieve(s.counters.inFlight.Add(-1)) }

// relieve ends refusing when few are in flight.
func (s *Server) relieve(inFlight int64) {
	if s.refusing.Load() && inFlight <= int64(cmp.Or(s.options.MaxInFlight, defaultInFlight))/4 {
		s.refuseFirst(false)
	}
}

// refuseFirst has the system refuse what is shed first, or no longer.
func (s *Server) refuseFirst(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusing.Load() == on {
		return
	}
	s.refusing.Store(on)
	for sock := range s.open {
		s.letRefuse(sock)
	}
}

// letRefuse tells a socket what to refuse; s.mu is held.
func (s *Server) letRefuse(sock *Socket) {
	r, ok := sock.Conn.(refuser)
	if !ok {
		return
	}
	filter := s.options.Protocol.Unwanted()
	if !s.refusing.Load() {
		filter = nil
	}
	if err := r.Refuse(filter); err != nil && !s.closed {
		s.options.QueryLog.Warn("queries cannot be refused before they are read", "error", err)
	}
}
