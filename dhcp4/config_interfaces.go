package dhcp4

import "encoding/json"

// InterfacesConfig is interfaces-config: where the server listens.
type InterfacesConfig struct {
	// Interfaces are names ("eth0"), names with one of their addresses
	// ("eth0/192.0.2.1"), or "*" for all. Empty: none is served.
	Interfaces []string `json:"interfaces,omitempty"`
	// DHCPSocketType is raw (the default) or udp. With udp, what raw
	// sockets send to a client's hardware address is broadcast.
	DHCPSocketType string `json:"dhcp-socket-type,omitempty"`
	// OutboundInterface is same-as-inbound, the default and the only one that
	// is supported.
	OutboundInterface string `json:"outbound-interface,omitempty"`

	// What follows is read without effect: interfaces are watched, and sockets
	// that cannot be opened are tried again, always.
	ReDetect                    *bool   `json:"re-detect,omitempty"`
	ServiceSocketsRequireAll    *bool   `json:"service-sockets-require-all,omitempty"`
	ServiceSocketsRetryWaitTime *uint32 `json:"service-sockets-retry-wait-time,omitempty"`
	ServiceSocketsMaxRetries    *uint32 `json:"service-sockets-max-retries,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// SocketType returns the meaning of DHCPSocketType, for Server.SocketType.
func (i *InterfacesConfig) SocketType() SocketType {
	switch i.DHCPSocketType {
	case "raw":
		return SocketRaw
	case "udp":
		return SocketUDP
	default:
		return 0
	}
}
