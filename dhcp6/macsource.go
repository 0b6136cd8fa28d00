package dhcp6

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/dhcpha/dhcpha/internal/option"
)

// cableLabs is an enterprise whose clients list the options they want in an
// option of its own, and tell their hardware address in another.
const (
	cableLabs         = 4491
	cableLabsRequest  = 1
	cableLabsDeviceID = 36
	cableLabsModemMAC = 1026 // from the CMTS, which is a relay agent
)

const (
	maxHWAddr      = 20 // bytes; longer ones Kea does not take
	hwTypeEthernet = uint16(iana.HWTypeEthernet)
)

// macSource is a way to find a client's hardware address, with Kea's number.
// Leases keep it.
type macSource uint32

const (
	fromRaw            macSource = 1 << iota // raw sockets, which there are none of
	fromDUID                                 // DUID-LLT or DUID-LL
	fromLinkLocal                            // the client's link-local address
	fromLinkAddrOption                       // a relay agent's option (RFC 6939)
	fromRemoteID                             // a relay agent's option (RFC 4649)
	fromSubscriberID                         // a relay agent's option (RFC 4580), in which Kea looks for none
	fromCMTS                                 // a cable modem's termination system
	fromModem                                // a cable modem
)

// everySource are the ways that "any" tries, in Kea's order.
var everySource = [...]macSource{fromLinkAddrOption, fromDUID, fromLinkLocal, fromRemoteID, fromCMTS, fromModem}

// macSourcesOf returns the ways in the order in which they are tried.
func macSourcesOf(names []string) (sources []macSource, err error) {
	byName := map[string]macSource{
		"raw": fromRaw, "duid": fromDUID, "ipv6-link-local": fromLinkLocal,
		"client-link-addr-option": fromLinkAddrOption, "rfc6939": fromLinkAddrOption,
		"remote-id": fromRemoteID, "rfc4649": fromRemoteID,
		"subscriber-id": fromSubscriberID, "rfc4580": fromSubscriberID,
		"docsis-cmts": fromCMTS, "docsis-modem": fromModem,
	}
	if len(names) == 0 {
		return everySource[:], nil
	}
	for _, name := range names {
		source, ok := byName[name]
		switch {
		case name == "any":
			sources = append(sources, everySource[:]...)
		case ok:
			sources = append(sources, source)
		default:
			return nil, fmt.Errorf("mac-sources: %q is none", name)
		}
	}
	return sources, nil
}

// findHWAddr finds the client's hardware address by the first of the
// configured ways that leads to one.
func (x *exchange) findHWAddr() {
	for _, source := range x.p.macSources {
		typ, addr := x.hwAddrFrom(source)
		if len(addr) > 0 && len(addr) <= maxHWAddr {
			x.room = append(x.room, addr...)
			x.client.HWAddr, x.hwType, x.hwSource = slices.Clip(x.room[len(x.client.ID):]), typ, uint32(source)
			return
		}
	}
}

// hwAddrFrom returns the hardware address and its type that one way leads to,
// or nil. As in Kea, what RFC 6939 and RFC 4649 define is only taken from the
// relay agent next to the client.
func (x *exchange) hwAddrFrom(source macSource) (typ uint16, addr []byte) {
	var first []byte // the options of the relay agent next to the client
	from := x.q.Source.Addr()
	if r := x.in.nearest(); r != nil {
		first, from = r.options(), r.peer()
	}
	switch source {
	case fromDUID:
		return hwAddrInDUID(x.client.ID)
	case fromLinkLocal:
		return hwTypeEthernet, hwAddrInAddress(from)
	case fromLinkAddrOption:
		if v, _ := optionOf(first, dhcpv6.OptionClientLinkLayerAddr); len(v) > 2 {
			return binary.BigEndian.Uint16(v), v[2:]
		}
	case fromRemoteID:
		if v, _ := optionOf(first, dhcpv6.OptionRemoteID); len(v) > 4 {
			return hwTypeEthernet, v[4:]
		}
	case fromCMTS:
		return hwTypeEthernet, cableLabsOption(x.relayOption(dhcpv6.OptionVendorOpts), cableLabsModemMAC)
	case fromModem:
		v, _ := x.m.option(dhcpv6.OptionVendorOpts)
		return hwTypeEthernet, cableLabsOption(v, cableLabsDeviceID)
	}
	return 0, nil
}

// hwAddrInDUID returns the hardware address that a DUID is made of (RFC 9915,
// sections 11.2 and 11.4), or nil.
func hwAddrInDUID(duid []byte) (typ uint16, addr []byte) {
	start := 0
	switch {
	case len(duid) < 2:
		return 0, nil
	case binary.BigEndian.Uint16(duid) == uint16(dhcpv6.DUID_LLT):
		start = 8
	case binary.BigEndian.Uint16(duid) == uint16(dhcpv6.DUID_LL):
		start = 4
	}
	if start == 0 || len(duid) <= start {
		return 0, nil
	}
	return binary.BigEndian.Uint16(duid[2:]), duid[start:]
}

// hwAddrInAddress returns the hardware address that a link-local address is
// made of (RFC 4291, appendix A), or nil. One that says itself that it is not
// unique is none, as in Kea.
func hwAddrInAddress(addr netip.Addr) []byte {
	b := addr.As16()
	if !addr.IsLinkLocalUnicast() || !addr.Is6() || b[8]&3 != 2 || b[11] != 0xff || b[12] != 0xfe {
		return nil
	}
	return []byte{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]}
}

// relayOption returns the option of the first relay agent, on the way from the
// client, that has added one; nil: none has.
func (x *exchange) relayOption(code dhcpv6.OptionCode) []byte {
	for _, r := range slices.Backward(x.in.relays) {
		if v, ok := r.option(code); ok {
			return v
		}
	}
	return nil
}

// cableLabsOption returns an option within vendor options of CableLabs, or nil.
func cableLabsOption(v []byte, code uint16) []byte {
	enterprise, data, ok := vendorOf(v)
	if !ok || enterprise != cableLabs {
		return nil
	}
	for c, value := range option.V6.Suboptions(data) {
		if c == code {
			return value
		}
	}
	return nil
}
