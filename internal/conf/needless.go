package conf

import (
	"encoding/json"
	"net/netip"
)

// DHCPDDNS is dhcp-ddns. DNS is not updated, so EnableUpdates may not be true.
type DHCPDDNS struct {
	EnableUpdates bool       `json:"enable-updates"`
	ServerIP      netip.Addr `json:"server-ip,omitzero"`
	ServerPort    uint16     `json:"server-port,omitempty"`
	SenderIP      netip.Addr `json:"sender-ip,omitzero"`
	SenderPort    uint16     `json:"sender-port,omitempty"`
	MaxQueueSize  uint32     `json:"max-queue-size,omitempty"`
	NCRProtocol   string     `json:"ncr-protocol,omitempty"`
	NCRFormat     string     `json:"ncr-format,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// MultiThreading is multi-threading. Queries are always served concurrently.
type MultiThreading struct {
	EnableMultiThreading *bool  `json:"enable-multi-threading,omitempty"`
	ThreadPoolSize       uint32 `json:"thread-pool-size,omitempty"`
	PacketQueueSize      uint32 `json:"packet-queue-size,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// DHCPQueueControl is dhcp-queue-control. The server bounds the queries in
// flight itself, so EnableQueue may not be true.
type DHCPQueueControl struct {
	EnableQueue bool   `json:"enable-queue"`
	QueueType   string `json:"queue-type,omitempty"`
	Capacity    uint32 `json:"capacity,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
