package dhcp6

import "encoding/json"

// InterfacesConfig is interfaces-config: where the server listens.
type InterfacesConfig struct {
	// Interfaces are names ("eth0"), names with one of their addresses
	// ("eth0/2001:db8::1") at which relay agents and clients reach the server
	// by unicast too, or "*" for all. Empty: none is served.
	Interfaces []string `json:"interfaces,omitempty"`

	// What follows is read without effect: interfaces are watched, and sockets
	// that cannot be opened are tried again, always.
	ReDetect                    *bool   `json:"re-detect,omitempty"`
	ServiceSocketsRequireAll    *bool   `json:"service-sockets-require-all,omitempty"`
	ServiceSocketsRetryWaitTime *uint32 `json:"service-sockets-retry-wait-time,omitempty"`
	ServiceSocketsMaxRetries    *uint32 `json:"service-sockets-max-retries,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
