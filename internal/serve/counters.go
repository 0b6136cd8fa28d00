package serve

import (
	"sync/atomic"

	"golang.org/x/sys/cpu"
)

// Counts tells what became of the datagrams since the server started.
type Counts struct {
	Received, Shed, InFlight           uint64
	Answered, Silent, Failed, Panicked uint64
	Sent, Unsent, Overflowed           uint64

	ReceivedKinds, SentKinds, Refused [Kinds]uint64
}

// counters is what is counted for Counts. What readers, workers and writers count
// lies apart: processors that write to one cache line wait for one another.
type counters struct {
	received, shed         atomic.Uint64
	receivedKinds, refused [Kinds]atomic.Uint64
	_                      cpu.CacheLinePad

	inFlight atomic.Int64
	_        cpu.CacheLinePad

	answered, silent, failed, panicked atomic.Uint64
	_                                  cpu.CacheLinePad

	unsent    atomic.Uint64
	sentKinds [Kinds]atomic.Uint64
}

// Counters tells what became of the datagrams so far.
func (s *Server) Counters() Counts {
	c := s.counters.snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Overflowed = s.overflowed
	for sock := range s.open {
		c.Overflowed += sock.Overflowed()
	}
	return c
}

// snapshot reads what comes last first: so nothing is told of a datagram that
// is not told to have been received.
func (c *counters) snapshot() Counts {
	s := Counts{
		InFlight: uint64(max(0, c.inFlight.Load())),
		Shed:     c.shed.Load(),
		Answered: c.answered.Load(),
		Silent:   c.silent.Load(),
		Failed:   c.failed.Load(),
		Panicked: c.panicked.Load(),
		Unsent:   c.unsent.Load(),
	}
	for i := range Kinds {
		s.Refused[i] = c.refused[i].Load()
		s.ReceivedKinds[i] = c.receivedKinds[i].Load()
		s.SentKinds[i] = c.sentKinds[i].Load()
		s.Sent += s.SentKinds[i]
	}
	s.Received = c.received.Load()
	return s
}

// ByKind gives those counts that are not 0.
func ByKind[K ~int | ~uint8](counts *[Kinds]uint64) map[K]uint64 {
	m := map[K]uint64{}
	for i, n := range counts {
		if n > 0 {
			m[K(i)] = n
		}
	}
	return m
}
