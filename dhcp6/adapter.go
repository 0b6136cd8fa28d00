package dhcp6

import (
	"context"
	"fmt"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Middleware makes a handler of another one: it may answer by itself, change
// the query or the reply, or only look on.
type Middleware func(Handler) Handler

// Wrap puts middleware around a handler; the first sees a query first.
func Wrap(h Handler, middleware ...Middleware) Handler { return serve.Wrap(h, middleware) }

// Adapt makes a Handler of the handler functions of other Go DHCP servers (the
// form is coredhcp's Handler6). They are called in order, each with what the one
// before returned; req is the Relay-forward, if there is one, or else the
// client's message. They begin with a reply that is an Advertise to a Solicit
// without the Rapid Commit option and a Reply to all else; queries that those
// servers do not know are left unanswered. A nil reply means silence, as does
// one that is no client's; true ends the chain.
func Adapt(chain ...func(req, resp dhcpv6.DHCPv6) (dhcpv6.DHCPv6, bool)) Handler {
	return HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
		resp, err := begin(q.Message)
		if err != nil {
			return nil, fmt.Errorf("dhcp6: reply to adapt: %w", err)
		}
		if resp == nil {
			return nil, nil
		}
		req := dhcpv6.DHCPv6(q.Message)
		if len(q.Relays) > 0 {
			req = q.Relays[0]
		}
		for _, handle := range chain {
			var stop bool
			if resp, stop = handle(req, resp); stop || resp == nil {
				break
			}
		}
		if m, ok := resp.(*dhcpv6.Message); ok && m != nil {
			return &Reply{Message: m}, nil
		}
		return nil, nil
	})
}

// begin makes the reply that a chain begins with, nil if there is to be none.
func begin(m *dhcpv6.Message) (dhcpv6.DHCPv6, error) {
	switch m.MessageType {
	case dhcpv6.MessageTypeSolicit:
		if m.GetOneOption(dhcpv6.OptionRapidCommit) == nil {
			return dhcpv6.NewAdvertiseFromSolicit(m)
		}
		return dhcpv6.NewReplyFromMessage(m)
	case dhcpv6.MessageTypeInformationRequest:
		if m.Options.ClientID() == nil { // which the library insists on
			return &dhcpv6.Message{MessageType: dhcpv6.MessageTypeReply, TransactionID: m.TransactionID}, nil
		}
		return dhcpv6.NewReplyFromMessage(m)
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRebind, dhcpv6.MessageTypeRelease:
		return dhcpv6.NewReplyFromMessage(m)
	default:
		return nil, nil
	}
}
