package dhcp6

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// Begin finds out what the query is about.
func (x *exchange) Begin() (client string) {
	if reason := x.accept(); reason != "" {
		x.drop(reason)
		return ""
	}
	if !x.forThisServer() {
		x.drop("for another server")
		return ""
	}
	x.all = x.ias()
	x.identify()
	x.classifyFirst()
	if x.e.core.Filtered(x, x.classes) {
		return ""
	}
	x.locate()
	if x.e.core.Filtered(x, x.classes) {
		return ""
	}
	if x.name != "" {
		return x.name
	}
	// Who does not say who it is asks for nothing that could be another's.
	return fmt.Sprint(x.q.Source, x.m.transaction())
}

// Answer answers the query.
func (x *exchange) Answer(ctx context.Context) (*message, error) {
	x.reset()
	if answered, err := x.answer(ctx); !answered || err != nil {
		return nil, err
	}
	return &x.reply, nil
}

// answer makes the reply, if there is to be one.
func (x *exchange) answer(ctx context.Context) (answered bool, err error) {
	switch x.typ {
	case dhcpv6.MessageTypeSolicit:
		return x.solicit(ctx)
	case dhcpv6.MessageTypeRequest:
		return x.request(ctx)
	case dhcpv6.MessageTypeConfirm:
		return x.confirm(ctx)
	case dhcpv6.MessageTypeRenew:
		return x.renew(ctx)
	case dhcpv6.MessageTypeRebind:
		return x.rebind(ctx)
	case dhcpv6.MessageTypeRelease:
		return x.release(ctx)
	case dhcpv6.MessageTypeDecline:
		return x.decline(ctx)
	case dhcpv6.MessageTypeInformationRequest:
		return x.information(ctx)
	default: // others are not valid
		return x.register(ctx)
	}
}

// Client is who asks, for the log.
func (x *exchange) Client() slog.LogValuer { return engine.LoggedDUID(x.client) }

// Type is what the client sent, for the log.
func (x *exchange) Type() fmt.Stringer { return x.typ }

// drop logs and counts that the query is not answered.
func (x *exchange) drop(reason string) { x.e.core.Drop(x, reason) }
