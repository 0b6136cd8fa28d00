package dhcp4

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/lease"
)

// logged is a client as it is logged.
type logged lease.Client

// LogValue writes the identifiers the way reservations are written.
func (c logged) LogValue() slog.Value {
	var attrs []slog.Attr
	if len(c.HWAddr) > 0 {
		attrs = append(attrs, slog.String("hw-address", Identifier(c.HWAddr).String()))
	}
	if len(c.ID) > 0 {
		attrs = append(attrs, slog.String("client-id", Identifier(c.ID).String()))
	}
	return slog.GroupValue(attrs...)
}
