package dhcp6

import (
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Exchange is what has become of a datagram that the Server has received, and how
// long that took.
type Exchange struct {
	Type    dhcpv6.MessageType // of the client's message; MessageTypeNone: it has no type, or one that neither RFC 9915 nor RFC 9686 knows
	Reply   dhcpv6.MessageType // of the server's; MessageTypeNone: none was made
	Outcome Outcome
	Refusal Refusal // why it was refused; 0: it was not

	// When it came so far; zero: it did not. The times have a reading of the
	// monotonic clock, so what lies between two is right even if the wall clock
	// is set meanwhile.
	//
	// What an Engine does before it waits for anything, it does before Begun:
	// a query that is left to another server, or dropped for what it is, is
	// OutcomeSilent without Begun and Answered.

	Received time.Time // it was read from the socket; how long it waited there is not known
	Begun    time.Time // the Handler was asked, or the Engine for what may wait
	Answered time.Time // that has returned; it did not panic
	Sent     time.Time // the system has taken the reply
}

// Outcome is what has become of a datagram. Its String is a word, such as "sent".
// Each is a count of [Counters], too.
type Outcome = serve.Outcome

// The outcomes. There is no zero one.
const (
	OutcomeSent     = serve.OutcomeSent     // the reply has left
	OutcomeSilent   = serve.OutcomeSilent   // the handler gave no reply
	OutcomeFailed   = serve.OutcomeFailed   // the handler gave an error
	OutcomePanicked = serve.OutcomePanicked // the handler panicked
	OutcomeRefused  = serve.OutcomeRefused  // it was not worth asking the handler, see Refusal
	OutcomeShed     = serve.OutcomeShed     // too many were in flight
	OutcomeUnsent   = serve.OutcomeUnsent   // the reply could not be encoded or sent
)

// observer is what tells Observe; nil: it is not set.
func (s *Server) observer() func(serve.Exchange) {
	if s.Observe == nil {
		return nil
	}
	return func(x serve.Exchange) {
		s.Observe(Exchange{
			Type: dhcpv6.MessageType(x.Kind), Reply: dhcpv6.MessageType(x.Reply), Outcome: x.Outcome, Refusal: Refusal(x.Refused),
			Received: x.Received, Begun: x.Begun, Answered: x.Answered, Sent: x.Sent,
		})
	}
}
