package dhcp6

import "fmt"

// Refusal is the reason why a datagram is not served.
type Refusal int

const (
	_                Refusal = iota + 1 // a damaged datagram, which the system drops itself
	RefusedTooLong                      // longer than a query may be here (4,096 bytes)
	RefusedElsewhere                    // came in on an interface, or to an address, that is not served
	RefusedTooShort                     // shorter than the fixed fields
	RefusedType                         // a type that servers do not serve: another server's reply, say
	RefusedNesting                      // relayed more than 32 times
	RefusedRelay                        // a Relay-forward without a message in it, or with two
	RefusedOptions                      // an option runs beyond the message, or has a value that it cannot have
	RefusedClientID                     // no client DUID where the type needs one, more than one, or one of a length that none has
	RefusedServerID                     // no server DUID where the type needs one, one where it must not be, or more than one
	RefusedUnicast                      // sent to one server by a client that must ask all
	RefusedSource                       // sent from no address that one host can have
	refusals                            // one more than the last
)

func (r Refusal) String() string {
	switch r {
	case RefusedElsewhere:
		return "interface or address not served"
	case RefusedTooLong:
		return "too long"
	case RefusedTooShort:
		return "too short"
	case RefusedType:
		return "message type not for servers"
	case RefusedNesting:
		return "relayed too often"
	case RefusedRelay:
		return "not one message in a Relay-forward"
	case RefusedOptions:
		return "malformed option"
	case RefusedClientID:
		return "no proper client identifier"
	case RefusedServerID:
		return "no proper server identifier"
	case RefusedUnicast:
		return "unicast of a message that is for all servers"
	case RefusedSource:
		return "source address is not unicast"
	default:
		return fmt.Sprintf("Refusal(%d)", int(r))
	}
}
