package dhcp4

import (
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	tests := map[Refusal]func(b []byte) []byte{
		0:                 func(b []byte) []byte { return b },
		RefusedTooShort:   func(b []byte) []byte { return b[:offsetOptions-1] },
		RefusedNotRequest: func(b []byte) []byte { b[offsetOp] = 2; return b },
		RefusedHardware:   func(b []byte) []byte { b[offsetHWLen] = 17; return b },
		RefusedCookie:     func(b []byte) []byte { b[offsetCookie]++; return b },
		RefusedOptions:    func(b []byte) []byte { return append(b[:offsetOptions+3], 12, 3, 'a', 'b') },
		RefusedNoType:     func(b []byte) []byte { return append(b[:offsetOptions], 255) },
		RefusedType:       func(b []byte) []byte { b[offsetOptions+2] = byte(dhcpv4.MessageTypeAck); return b },
		RefusedNobody:     func(b []byte) []byte { b[offsetHWLen] = 0; return b },
		RefusedClientAddr: func(b []byte) []byte { copy(b[offsetCIAddr:], net.IPv4bcast.To4()); return b },
		RefusedRelayAddr:  func(b []byte) []byte { copy(b[offsetGIAddr:], net.IPv4(224, 0, 0, 1).To4()); return b },
	}
	for want, spoil := range tests {
		b := query(t, dhcpv4.MessageTypeDiscover).ToBytes()
		_, why := accept(spoil(b))
		require.Equal(t, want, why, "%v instead of %v", why, want)
	}

	// Infiniband has no hardware address here (RFC 4390), so a client identifier serves.
	infiniband := query(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithOption(dhcpv4.OptClientIdentifier([]byte{0, 1}))).ToBytes()
	infiniband[offsetHWLen] = 0
	typ, why := accept(infiniband)
	require.Zero(t, why)
	require.Equal(t, dhcpv4.MessageTypeDiscover, typ)

	noEnd := query(t, dhcpv4.MessageTypeDiscover).ToBytes()[:offsetOptions+3]
	_, why = accept(noEnd)
	require.Zero(t, why)
}

func TestEveryRefusalHasAName(t *testing.T) {
	t.Parallel()
	for r := Refusal(1); r < refusals; r++ {
		require.NotContains(t, r.String(), "Refusal(")
	}
}
