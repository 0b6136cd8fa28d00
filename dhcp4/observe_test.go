package dhcp4

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

// What is observed is in the protocol's terms.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan Exchange, 1)
		s := start(t, &Server{Handler: HandlerFunc(echo), Observe: func(x Exchange) { told <- x }})
		now := time.Now()
		s.raw.Deliver([]byte("what?"), anyClient, everybody, 1)
		require.Equal(t, Exchange{Outcome: OutcomeRefused, Refusal: RefusedTooShort, Received: now}, <-told)
		deliver(s.raw, query(t, dhcpv4.MessageTypeOffer), anyClient, everybody)
		require.Equal(t, Exchange{Type: dhcpv4.MessageTypeOffer, Outcome: OutcomeRefused, Refusal: RefusedType, Received: now}, <-told)
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		require.Equal(t, Exchange{
			Type: dhcpv4.MessageTypeRequest, Reply: dhcpv4.MessageTypeAck, Outcome: OutcomeSent,
			Received: now, Begun: now, Answered: now, Sent: now,
		}, <-told)
		s.end()
		require.NoError(t, <-s.ended)
		require.Empty(t, told)
	})
}
