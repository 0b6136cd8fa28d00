package dhcp6

import (
	"encoding/json"
	"net/netip"
)

// Reservation is an entry of reservations: what one client gets. Exactly one
// of the identifiers is set.
type Reservation struct {
	DUID      Identifier `json:"duid,omitempty"`
	HWAddress Identifier `json:"hw-address,omitempty"`
	FlexID    Identifier `json:"flex-id,omitempty"`

	// IPAddresses and Prefixes are kept for the client alone.
	IPAddresses []netip.Addr   `json:"ip-addresses,omitempty"`
	Prefixes    []netip.Prefix `json:"prefixes,omitempty"`
	// ExcludedPrefixes are the prefixes that the delegating router keeps of
	// Prefixes (RFC 6603), in the same order; one of length 0 excludes nothing.
	ExcludedPrefixes []string `json:"excluded-prefixes,omitempty"`

	// Hostname is the client's name, ClientClasses the classes that it is in
	// besides those whose tests it passes. OptionData goes before that of all
	// other places.
	Hostname      string       `json:"hostname,omitempty"`
	ClientClasses []string     `json:"client-classes,omitempty"`
	OptionData    []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
