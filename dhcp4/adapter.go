package dhcp4

import (
	"context"
	"fmt"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Middleware makes a handler of another one: it may answer by itself, change
// the query or the reply, or only look on.
type Middleware func(Handler) Handler

// Wrap puts middleware around a handler; the first sees a query first.
func Wrap(h Handler, middleware ...Middleware) Handler { return serve.Wrap(h, middleware) }

// Adapt makes a Handler of the handler functions of other Go DHCP servers
// (the form is coredhcp's Handler4). They are called in order, each with what
// the one before returned, and begin with a reply that has the query's
// addresses and is an OFFER to a DISCOVER and an ACK to a REQUEST; queries of
// other types are left unanswered, as those servers do. A nil reply means
// silence; true ends the chain.
func Adapt(chain ...func(req, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool)) Handler {
	return HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
		var answer dhcpv4.MessageType
		switch q.Message.MessageType() {
		case dhcpv4.MessageTypeDiscover:
			answer = dhcpv4.MessageTypeOffer
		case dhcpv4.MessageTypeRequest:
			answer = dhcpv4.MessageTypeAck
		default:
			return nil, nil
		}
		resp, err := dhcpv4.NewReplyFromRequest(q.Message, dhcpv4.WithMessageType(answer))
		if err != nil {
			return nil, fmt.Errorf("dhcp4: reply to adapt: %w", err)
		}
		for _, handle := range chain {
			var stop bool
			if resp, stop = handle(q.Message, resp); stop || resp == nil {
				break
			}
		}
		if resp == nil {
			return nil, nil
		}
		return &Reply{Message: resp}, nil
	})
}
