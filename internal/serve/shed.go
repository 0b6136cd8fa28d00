package serve

import (
	"cmp"

	"golang.org/x/net/bpf"
)

const defaultInFlight = 4096

// takeOn counts a query in flight, unless there are too many. Those that are
// shed first are shed from half of the bound on. To read them only to drop them
// would take time from the others, which wait behind them and would be lost
// where the socket has no room: from then on the system refuses them, until a
// quarter of the bound is left.
func (s *Server) takeOn(first bool) bool {
	bound := s.bound()
	if first {
		bound = half(bound)
	}
	if s.counters.inFlight.Add(1) <= bound {
		return true
	}
	if first && !s.refusing.Load() {
		s.refuseFirst(true)
	}
	s.putOff()
	return false
}

func (s *Server) bound() int64 { return int64(cmp.Or(s.options.MaxInFlight, defaultInFlight)) }

func half(bound int64) int64 { return (bound + 1) / 2 }

// putOff ends the count of a query, and refusing when few are left.
func (s *Server) putOff() {
	if inFlight := s.counters.inFlight.Add(-1); s.refusing.Load() && inFlight <= s.bound()/4 {
		s.refuseFirst(false)
	}
}

// reconsider is called once in a while: what is not shed first may keep more than
// a quarter in flight for ever, and leave room for the others all the same. It
// also makes up for what a socket would not be told before.
func (s *Server) reconsider() {
	if s.counters.inFlight.Load() < half(s.bound()) {
		s.refuseFirst(false)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for sock := range s.open {
		s.letRefuse(sock)
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

// letRefuse tells a socket what to refuse, unless it knows; s.mu is held.
func (s *Server) letRefuse(sock *Socket) {
	on := s.refusing.Load()
	r, ok := sock.Conn.(refuser)
	if !ok || sock.refuses == on {
		return
	}
	var filter []bpf.Instruction
	if on {
		filter = s.options.Protocol.Unwanted()
	}
	if err := r.Refuse(filter); err == nil {
		sock.refuses = on
	} else if !s.closed {
		s.options.QueryLog.Warn("queries cannot be refused before they are read", "error", err)
	}
}
