package dhcp6

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// What is observed is in the protocol's terms.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan Exchange, 1)
		s := start(t, &Server{Handler: HandlerFunc(echo), Observe: func(x Exchange) { told <- x }})
		now := time.Now()
		s.conn.Deliver([]byte("?"), aClient, servers, 1)
		require.Equal(t, Exchange{Outcome: OutcomeRefused, Refusal: RefusedTooShort, Received: now}, <-told)
		s.conn.Deliver(messageOf(dhcpv6.MessageTypeReply).ToBytes(), aClient, servers, 1)
		require.Equal(t, Exchange{Type: dhcpv6.MessageTypeReply, Outcome: OutcomeRefused, Refusal: RefusedType, Received: now}, <-told)
		// The type is the client's, whatever is around it.
		s.conn.Deliver(through(messageOf(solicit), agent("2001:db8:1::1", "fe80::99")).ToBytes(), "[2001:db8:2::1]:547", servers, 1)
		require.Equal(t, Exchange{
			Type: dhcpv6.MessageTypeSolicit, Reply: dhcpv6.MessageTypeReply, Outcome: OutcomeSent,
			Received: now, Begun: now, Answered: now, Sent: now,
		}, <-told)
		s.stop()
		require.Empty(t, told)
	})
}
