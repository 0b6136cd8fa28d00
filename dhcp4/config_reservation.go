package dhcp4

import (
	"encoding/json"
	"net/netip"
)

// Reservation is an entry of reservations: what one client gets. Exactly one
// of the identifiers is set.
type Reservation struct {
	HWAddress Identifier `json:"hw-address,omitempty"`
	DUID      Identifier `json:"duid,omitempty"`
	CircuitID Identifier `json:"circuit-id,omitempty"`
	ClientID  Identifier `json:"client-id,omitempty"`
	FlexID    Identifier `json:"flex-id,omitempty"`

	// IPAddress is kept for the client alone; not valid: it gets one of a pool.
	// Hostname is its name, ClientClasses the classes that it is in besides
	// those whose tests it passes. Params and OptionData go before those of all
	// other places.
	IPAddress     netip.Addr `json:"ip-address,omitzero"`
	Hostname      string     `json:"hostname,omitempty"`
	ClientClasses []string   `json:"client-classes,omitempty"`
	Params
	OptionData []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
