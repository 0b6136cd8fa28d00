package dhcp6

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// minDUID is how many bytes a DUID has at least, with its type (RFC 9915, section
// 11.1).
const minDUID = 2 + 1

// maxIAs bounds the identity associations of a query. Every one that is
// answered takes an address or prefix.
const maxIAs = 128

// names says how a type of message is to name its client and a server.
type names struct {
	client bool   // its client has to be named
	server naming // and a server
}

type naming int

const (
	may naming = iota
	must
	mustNot
)

// namesOf returns it for the messages that clients send (RFC 9915, section 16;
// RFC 9686, section 4.2.1).
func namesOf(typ dhcpv6.MessageType) (n names, ok bool) {
	switch typ {
	case dhcpv6.MessageTypeSolicit, dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRebind, typeRegister:
		return names{true, mustNot}, true
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		return names{true, must}, true
	case dhcpv6.MessageTypeInformationRequest:
		return names{false, may}, true
	default:
		return names{}, false
	}
}

// invalid says why a message is to be discarded whatever it is about; empty: it
// is not. What a handler is given need not be a server's, so nothing is taken for
// checked. duid is the client's.
func invalid(m message, duid []byte) string {
	n, ok := namesOf(m.typ())
	if !ok {
		return "message type not for servers"
	}
	clients, servers, ias := 0, 0, 0
	for code := range options(m.options()) {
		switch code {
		case dhcpv6.OptionClientID:
			clients++
		case dhcpv6.OptionServerID:
			servers++
		case dhcpv6.OptionIANA, dhcpv6.OptionIATA, dhcpv6.OptionIAPD:
			ias++
		}
	}
	switch {
	case clients > 1 || servers > 1:
		return "more than one client or server identifier"
	case clients == 1 && !isDUID(duid):
		return fmt.Sprintf("a DUID of %d bytes", len(duid))
	case n.client && clients == 0:
		return "no client identifier"
	case n.server == must && servers == 0:
		return "no server identifier"
	case n.server == mustNot && servers > 0:
		return "a server identifier"
	case ias > maxIAs:
		return "too many identity associations"
	case ias > 0 && (m.typ() == dhcpv6.MessageTypeInformationRequest || m.typ() == typeRegister):
		return "an identity association"
	}
	return ""
}

// accept says why a query is not looked into: because it is not valid, or left
// to another server by the Gate. Empty: it is.
func (x *exchange) accept() string {
	if reason := invalid(x.m, x.client.ID); reason != "" {
		return reason
	}
	// Parameters are given to everybody by every server, also to those who do
	// not say who they are.
	if x.e.gate == nil || x.typ == dhcpv6.MessageTypeInformationRequest {
		return ""
	}
	classes, serve := x.e.gate.Admit(x.client, x.waited(), x.serverOf)
	if !serve {
		return "left to another server"
	}
	x.classes.Add(classes...)
	return ""
}

// waited is how long the client says that it has been trying.
func (x *exchange) waited() time.Duration {
	v, _ := x.m.option(dhcpv6.OptionElapsedTime)
	if len(v) != 2 {
		return 0
	}
	return time.Duration(binary.BigEndian.Uint16(v)) * 10 * time.Millisecond
}

// forThisServer says whether the query names no server, or this one. A client
// that requests from another has taken that one's offers, so ours are free
// again.
func (x *exchange) forThisServer() bool {
	id, named := x.m.option(dhcpv6.OptionServerID)
	if !named || string(id) == string(x.server) {
		return true
	}
	x.e.core.Stats.NotForUs.Add(1)
	if x.typ == dhcpv6.MessageTypeRequest {
		for _, a := range x.ias() {
			holder := holderOf(a.typ, a.id, x.client.ID)
			x.e.core.Alloc.ReleaseOffers(holder)
			if x.p.held != nil {
				x.p.held.DropAll(holder)
			}
		}
	}
	return false
}
