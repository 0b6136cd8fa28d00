package dhcp6

import "github.com/insomniacslk/dhcp/iana"

// status is what a Status Code option says (RFC 9915, section 21.13). A binding
// or reply without one has succeeded.
type status struct {
	code iana.StatusCode
	text string
}

// The texts are for whoever looks at a client's log.
var (
	noAddrsAvail  = status{iana.StatusNoAddrsAvail, "no address is available"}
	noPrefixAvail = status{iana.StatusNoPrefixAvail, "no prefix is available"}
	noBinding     = status{iana.StatusNoBinding, "no such binding here"}
	notOnLink     = status{iana.StatusNotOnLink, "an address is not of this link"}
	onLink        = status{iana.StatusSuccess, "all addresses are of this link"}
	released      = status{iana.StatusSuccess, "released"}
	declined      = status{iana.StatusSuccess, "declined"}
)
