package dhcp4

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// Begin finds out what the query is about.
func (x *exchange) Begin() (client string) {
	x.e.locals.add(x.q.local)
	if reason := x.accept(); reason != "" {
		x.e.core.Drop(x, reason)
		return ""
	}
	x.identify()
	x.classifyFirst()
	if x.e.core.Filtered(x, x.classes) || !x.forThisServer() {
		return ""
	}
	switch x.typ {
	case dhcpv4.MessageTypeDecline, dhcpv4.MessageTypeRelease:
		return identity(x.client, true)
	}
	x.locate()
	if x.e.core.Filtered(x, x.classes) {
		return ""
	}
	x.start = exchangeStart{x.subnet, len(x.classes)}
	return x.identityIn(x.subnet)
}

// Answer answers the query.
func (x *exchange) Answer(ctx context.Context) (*message, error) {
	x.reset()
	switch x.typ {
	case dhcpv4.MessageTypeDiscover:
		return x.discover(ctx)
	case dhcpv4.MessageTypeRequest:
		return x.request(ctx)
	case dhcpv4.MessageTypeDecline:
		return x.decline(ctx)
	case dhcpv4.MessageTypeRelease:
		return x.release(ctx)
	default:
		return x.inform(ctx)
	}
}

// Client is who asks, for the log.
func (x *exchange) Client() slog.LogValuer { return engine.Logged(x.client) }

// Type is what the client sent, for the log.
func (x *exchange) Type() fmt.Stringer { return x.typ }
