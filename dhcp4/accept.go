package dhcp4

import (
	"encoding/binary"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Offsets and lengths of the fixed fields (RFC 2131, section 2).
const (
	offsetOp      = 0
	offsetHWType  = 1
	offsetHWLen   = 2
	offsetHops    = 3
	offsetXID     = 4
	offsetSecs    = 8
	offsetFlags   = 10
	offsetCIAddr  = 12
	offsetYIAddr  = 16
	offsetSIAddr  = 20
	offsetGIAddr  = 24
	offsetCHAddr  = 28
	offsetSName   = 44
	offsetFile    = 108
	offsetCookie  = 236
	offsetOptions = 240

	maxHWLen = 16
	cookie   = 0x63825363
)

// accept looks at what can be seen without decoding and says whether the
// message is worth it: zero, or the reason why not. The type is that of a
// message that has one, also when it is refused.
func accept(b []byte) (dhcpv4.MessageType, Refusal) {
	if len(b) < offsetOptions {
		return 0, RefusedTooShort
	}
	if binary.BigEndian.Uint32(b[offsetCookie:]) != cookie {
		return 0, RefusedCookie
	}
	var typ dhcpv4.MessageType
	identified := b[offsetHWLen] > 0
	for code, value := range options(b[offsetOptions:]) {
		switch {
		case value == nil:
			return typ, RefusedOptions
		case code == uint8(dhcpv4.OptionDHCPMessageType) && len(value) == 1:
			typ = dhcpv4.MessageType(value[0])
		case code == uint8(dhcpv4.OptionClientIdentifier) && len(value) > 0:
			identified = true
		}
	}
	switch {
	case b[offsetOp] != byte(dhcpv4.OpcodeBootRequest):
		return typ, RefusedNotRequest
	case b[offsetHWLen] > maxHWLen:
		return typ, RefusedHardware
	case typ == dhcpv4.MessageTypeNone:
		return typ, RefusedNoType
	case !forServers(typ):
		return typ, RefusedType
	case !identified:
		return typ, RefusedNobody
	case !unicastOrZero(b[offsetCIAddr:]):
		return typ, RefusedClientAddr
	case !unicastOrZero(b[offsetGIAddr:]):
		return typ, RefusedRelayAddr
	}
	return typ, 0
}

func forServers(typ dhcpv4.MessageType) bool {
	switch typ {
	case dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeDecline,
		dhcpv4.MessageTypeRelease, dhcpv4.MessageTypeInform:
		return true
	default:
		return false
	}
}

// unicastOrZero keeps a forged address from turning replies into a broadcast
// or multicast of ours.
func unicastOrZero(b []byte) bool {
	addr := netip.AddrFrom4([4]byte(b))
	return addr.IsUnspecified() || isUnicast(addr)
}
