package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/netip"
)

// Place is where a client is, by what relay agents say of it.
type Place struct {
	Relay netip.Addr // the relay agent; invalid: not known
	Link  netip.Addr // of the relay agent next to the client, in DHCPv6

	// What the relay agent calls the port; both empty: it does not say.
	Circuit, Remote []byte
}

// Known says whether there is anything to count a client by.
func (p *Place) Known() bool { return p.Relay.IsValid() || p.hasPort() }

func (p *Place) hasPort() bool { return len(p.Circuit)+len(p.Remote) > 0 }

// appendRelay appends a key of the relay agent; none if it is not known.
func (p *Place) appendRelay(b []byte) []byte {
	if !p.Relay.IsValid() {
		return b
	}
	return appendAddr(append(b, 'r'), p.Relay)
}

// appendPort appends a key of the port; none if it is not known. However much a
// relay agent says, a key is short: many are kept.
func (p *Place) appendPort(b []byte) []byte {
	if !p.hasPort() {
		return b
	}
	start := len(b)
	b = appendAddr(appendAddr(append(b, 'p'), p.Relay), p.Link)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Circuit)))
	b = append(append(b, p.Circuit...), p.Remote...)
	if len(b)-start > maxPlain {
		sum := sha256.Sum256(b[start:])
		b = append(append(b[:start], 'h'), sum[:]...)
	}
	return b
}

// maxPlain is how long a key is at most before it is hashed.
const maxPlain = 128

func appendAddr(b []byte, addr netip.Addr) []byte {
	a := addr.As16()
	return append(b, a[:]...)
}

// LogValue shows the place the way reservations are written.
func (p Place) LogValue() slog.Value {
	var attrs []slog.Attr
	if p.Relay.IsValid() {
		attrs = append(attrs, slog.String("relay", p.Relay.String()))
	}
	if p.Link.IsValid() && p.Link != p.Relay {
		attrs = append(attrs, slog.String("link", p.Link.String()))
	}
	if len(p.Circuit) > 0 {
		attrs = append(attrs, slog.String("circuit-id", hex.EncodeToString(p.Circuit)))
	}
	if len(p.Remote) > 0 {
		attrs = append(attrs, slog.String("remote-id", hex.EncodeToString(p.Remote)))
	}
	return slog.GroupValue(attrs...)
}
