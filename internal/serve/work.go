package serve

import (
	"sync"
	"sync/atomic"
)

// maxIdle is how many workers stay for the next query. What a new goroutine
// costs is to grow its stack to what decoding and encoding need: workers that
// stay save a tenth of the processor time of a query.
const maxIdle = 256

// job is a query that has begun.
type job struct {
	query    Query
	endpoint *Endpoint
}

// workers are the goroutines that answer queries, one each at a time.
type workers struct {
	sync.WaitGroup
	jobs chan job // not buffered: taken only by an idle worker
	idle atomic.Int64
}

// employ gives a query to an idle worker, or to a new one.
func (s *Server) employ(j job) {
	select {
	case s.workers.jobs <- j:
	default:
		s.workers.Go(func() { s.work(j) })
	}
}

// work answers one query after the other, until enough others wait for the
// next or there will be none.
func (s *Server) work(j job) {
	for ok := true; ok; {
		s.finish(j)
		if s.workers.idle.Add(1) > maxIdle {
			ok = false
		} else {
			j, ok = <-s.workers.jobs
		}
		s.workers.idle.Add(-1)
	}
}

// finish answers a query. It ends its count also if the handler ends the
// goroutine, as a failing test does.
func (s *Server) finish(j job) {
	defer s.counters.inFlight.Add(-1)
	s.answer(j)
}
