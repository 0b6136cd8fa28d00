package dhcp6

import "github.com/insomniacslk/dhcp/dhcpv6"

// The fields before the options in an identity association, and in an address or
// prefix in one.
const (
	iaHeader      = 4 + 4 + 4
	iataHeader    = 4
	addressHeader = 16 + 4 + 4
	prefixHeader  = 4 + 4 + 1 + 16
)

// wellFormed says whether the options of a message that are for the server to
// act on are what they have to be; those that are for the handlers that know them
// are theirs to check.
func wellFormed(m message) bool {
	for code, value := range options(m.options()) {
		if value == nil || !isWellFormed(code, value) {
			return false
		}
	}
	return true
}

func isWellFormed(code dhcpv6.OptionCode, value []byte) bool {
	switch code {
	case dhcpv6.OptionClientID, dhcpv6.OptionServerID:
		return len(value) >= 2
	case dhcpv6.OptionIANA, dhcpv6.OptionIAPD:
		return inAssociation(value, iaHeader)
	case dhcpv6.OptionIATA:
		return inAssociation(value, iataHeader)
	case dhcpv6.OptionIAAddr: // of an ADDR-REG-INFORM
		return whole(value, addressHeader)
	case dhcpv6.OptionORO:
		return len(value)%2 == 0
	case dhcpv6.OptionElapsedTime:
		return len(value) == 2
	// The server needs neither of these, but the library's accessors insist on them.
	case dhcpv6.OptionPreference:
		return len(value) == 1
	case dhcpv6.OptionClientArchType:
		return len(value) > 0 && len(value)%2 == 0
	}
	return true
}

// inAssociation says it of an identity association.
func inAssociation(ia []byte, header int) bool {
	if len(ia) < header {
		return false
	}
	for code, value := range options(ia[header:]) {
		switch {
		case value == nil,
			code == dhcpv6.OptionIAAddr && !whole(value, addressHeader),
			code == dhcpv6.OptionIAPrefix && (!whole(value, prefixHeader) || value[8] > 128):
			return false
		}
	}
	return true
}

// whole says whether there are a header and, behind it, options. How deep they
// can be in each other is not left to who sends them: what is in them is not
// looked at.
func whole(b []byte, header int) bool {
	if len(b) < header {
		return false
	}
	for _, value := range options(b[header:]) {
		if value == nil {
			return false
		}
	}
	return true
}
