package serve

import (
	"fmt"
	"runtime/debug"
	"time"
)

// Outcome is what has become of a datagram that was received. Each is counted in
// Counts, too: a reply that was Answered is Sent or Unsent in the end.
type Outcome uint8

// The outcomes. What they mean to users is documented in the packages of the two
// families.
const (
	OutcomeSent Outcome = iota + 1
	OutcomeSilent
	OutcomeFailed
	OutcomePanicked
	OutcomeRefused
	OutcomeShed
	OutcomeUnsent
)

// String returns the outcome as a word, such as "sent".
func (o Outcome) String() string {
	switch o {
	case OutcomeSent:
		return "sent"
	case OutcomeSilent:
		return "silent"
	case OutcomeFailed:
		return "failed"
	case OutcomePanicked:
		return "panicked"
	case OutcomeRefused:
		return "refused"
	case OutcomeShed:
		return "shed"
	case OutcomeUnsent:
		return "unsent"
	default:
		return fmt.Sprintf("Outcome(%d)", uint8(o))
	}
}

// Exchange is what has become of a datagram that was received, and when. A time
// is zero if it did not come so far.
type Exchange struct {
	Kind, Reply int // of the messages; 0: there is none, or an unknown one
	Refused     int // why it was refused; 0: it was not
	Outcome     Outcome

	Received time.Time // when it was read
	Begun    time.Time // when a worker asked for the reply
	Answered time.Time // when that was given, or not
	Sent     time.Time // when the system had it
}

// watch begins to note what becomes of a datagram; nil: nobody wants to know, and
// nothing is to be timed.
func (s *Server) watch(received time.Time) *Exchange {
	if s.options.Observe == nil {
		return nil
	}
	return s.exchange(received)
}

func (s *Server) exchange(received time.Time) *Exchange {
	x, ok := s.watched.Get().(*Exchange)
	if !ok {
		x = new(Exchange)
	}
	*x = Exchange{Received: received}
	return x
}

// ended tells of a datagram of which nothing more becomes, unless x is nil.
func (s *Server) ended(x *Exchange, o Outcome) {
	if x != nil {
		s.tell(x, o)
	}
}

// tell contains a panic in what is told, as that of a handler is contained. It is
// not the query's.
func (s *Server) tell(x *Exchange, o Outcome) {
	x.Outcome = o
	told := *x
	s.watched.Put(x)
	defer func() {
		if p := recover(); p != nil {
			s.options.QueryLog.Error("observer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.options.Observe(told)
}
