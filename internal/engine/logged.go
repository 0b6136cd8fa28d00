package engine

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

// Logged is a DHCPv4 client as it is logged: by its identifiers, the way
// reservations are written.
func Logged(c lease.Client) slog.LogValuer { return logged{c, "client-id"} }

// LoggedDUID is a DHCPv6 client as it is logged.
func LoggedDUID(c lease.Client) slog.LogValuer { return logged{c, "duid"} }

type logged struct {
	client lease.Client
	id     string // what its identifier is called
}

func (l logged) LogValue() slog.Value {
	var attrs []slog.Attr
	if len(l.client.HWAddr) > 0 {
		attrs = append(attrs, slog.String("hw-address", conf.Identifier(l.client.HWAddr).String()))
	}
	if len(l.client.ID) > 0 {
		attrs = append(attrs, slog.String(l.id, conf.Identifier(l.client.ID).String()))
	}
	return slog.GroupValue(attrs...)
}
