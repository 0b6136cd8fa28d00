package dhcp6

import (
	"encoding/json"
	"net/netip"
)

// SharedNetwork is an entry of shared-networks: subnets that are on one link,
// so that a client there may get addresses of any of them.
type SharedNetwork struct {
	Name string `json:"name"`
	Params
	Selection
	OptionData []OptionData `json:"option-data,omitempty"`
	Subnets    []Subnet     `json:"subnet6,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Subnet is an entry of subnet6.
type Subnet struct {
	// ID identifies the subnet in leases, statistics and commands, so it must
	// stay what it is as long as there are leases. It is unique, and from 1 to
	// 4294967294. A file may leave it out as those for Kea 2 do: [ParseConfig]
	// then numbers the subnets from 1 in the order in which Kea does.
	ID     uint32       `json:"id"`
	Subnet netip.Prefix `json:"subnet"`
	Params
	Selection
	Pools        []Pool        `json:"pools,omitempty"`
	PDPools      []PDPool      `json:"pd-pools,omitempty"`
	OptionData   []OptionData  `json:"option-data,omitempty"`
	Reservations []Reservation `json:"reservations,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Selection is what leads a query to a shared network or subnet. What relay
// agents have forwarded goes by the interface-id, the link-address and the
// agent's address, what a client has sent itself by the interface it came in
// on.
type Selection struct {
	// Interface is the interface at which directly connected clients of the
	// subnet are served. Where no subnet has it, one counts that has the
	// address that the client sent from, which is hardly ever so.
	Interface string `json:"interface,omitempty"`
	// InterfaceID is the Interface-Id option, byte for byte, by which relay
	// agents name the link. A subnet has an Interface or an InterfaceID.
	InterfaceID string `json:"interface-id,omitempty"`
	// Relay lists relay agents that serve the subnet with an address outside
	// it.
	Relay Relay `json:"relay,omitzero"`
	Guard
}

// Pool is an entry of pools: a range of addresses to give to clients.
type Pool struct {
	Range Range `json:"pool"`
	// ID identifies the pool in statistics. It need not be unique.
	ID uint32 `json:"pool-id,omitempty"`
	Params
	Guard
	OptionData []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// PDPool is an entry of pd-pools: a prefix out of which longer ones are
// delegated to clients. It need not be within the subnet.
type PDPool struct {
	Prefix       netip.Addr `json:"prefix"`
	PrefixLen    uint8      `json:"prefix-len"`
	DelegatedLen uint8      `json:"delegated-len"`
	// ExcludedPrefix and ExcludedPrefixLen are, for the first of the delegated
	// prefixes, the part that the delegating router keeps (RFC 6603); it is at
	// the same place in the others. A length of 0 means none.
	ExcludedPrefix    netip.Addr `json:"excluded-prefix,omitzero"`
	ExcludedPrefixLen uint8      `json:"excluded-prefix-len,omitempty"`
	// ID identifies the pool in statistics. It need not be unique.
	ID uint32 `json:"pool-id,omitempty"`
	Guard
	OptionData []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
