package dhcp4

import "fmt"

// Refusal is the reason why a datagram is not served.
type Refusal int

const (
	RefusedFrame      Refusal = iota + 1 // not a whole UDP datagram with a right checksum
	RefusedTooLong                       // longer than a query may be here (2,000 bytes)
	RefusedElsewhere                     // came in on an interface, or to an address, that is not served
	RefusedTooShort                      // shorter than the fixed fields and the cookie
	RefusedNotRequest                    // op is not BOOTREQUEST: another server's reply, say
	RefusedHardware                      // hlen is beyond chaddr
	RefusedCookie                        // no magic cookie: not DHCP
	RefusedOptions                       // an option runs beyond its field
	RefusedNoType                        // no message type: plain BOOTP
	RefusedType                          // a type that servers do not serve
	RefusedNobody                        // neither a hardware address nor a client identifier
	RefusedClientAddr                    // ciaddr is not a unicast address
	RefusedRelayAddr                     // giaddr is not a unicast address
	refusals                             // one more than the last
)

func (r Refusal) String() string {
	switch r {
	case RefusedFrame:
		return "damaged datagram"
	case RefusedElsewhere:
		return "interface or address not served"
	case RefusedTooLong:
		return "too long"
	case RefusedTooShort:
		return "too short"
	case RefusedNotRequest:
		return "not a BOOTREQUEST"
	case RefusedHardware:
		return "hardware address length out of range"
	case RefusedCookie:
		return "no magic cookie"
	case RefusedOptions:
		return "option beyond its field"
	case RefusedNoType:
		return "no message type"
	case RefusedType:
		return "message type not for servers"
	case RefusedNobody:
		return "no hardware address and no client identifier"
	case RefusedClientAddr:
		return "client address is not unicast"
	case RefusedRelayAddr:
		return "relay agent address is not unicast"
	default:
		return fmt.Sprintf("Refusal(%d)", int(r))
	}
}
