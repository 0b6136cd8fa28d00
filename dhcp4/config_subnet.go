package dhcp4

import (
	"encoding/json"
	"net/netip"
)

// SharedNetwork is an entry of shared-networks: subnets that are on one link,
// so that a client there may get an address of any of them.
type SharedNetwork struct {
	Name string `json:"name"`
	Params
	Selection
	OptionData []OptionData `json:"option-data,omitempty"`
	Subnets    []Subnet     `json:"subnet4,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Subnet is an entry of subnet4.
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
	OptionData   []OptionData  `json:"option-data,omitempty"`
	Reservations []Reservation `json:"reservations,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Selection is what leads a query to a shared network or subnet. What a relay
// agent has forwarded goes by the agent's address, what a client has broadcast
// by the interface it came in on, and what a client has sent to the server's
// address, such as a renewal, by the address it has.
type Selection struct {
	// Interface is the interface at which directly connected clients of the
	// subnet are served. Unset: the one that has an address in the subnet.
	Interface string `json:"interface,omitempty"`
	// Relay lists relay agents that serve the subnet with an address outside
	// it.
	Relay Relay `json:"relay,omitzero"`
	Guard
}

// Relay are the addresses of relay agents.
type Relay struct {
	IPAddresses []netip.Addr `json:"ip-addresses,omitempty"`
	// IPAddress is the form of Kea up to 1.3, one address.
	IPAddress netip.Addr `json:"ip-address,omitzero"`
}

// Addresses returns the addresses given in either form.
func (r *Relay) Addresses() []netip.Addr {
	if r.IPAddress.IsValid() {
		return append(r.IPAddresses[:len(r.IPAddresses):len(r.IPAddresses)], r.IPAddress)
	}
	return r.IPAddresses
}

// Guard limits a shared network, a subnet or a pool to classes of clients,
// and names classes to be evaluated once it has been chosen.
type Guard struct {
	// A client must belong to at least one of these. Empty: no limit.
	ClientClasses []string `json:"client-classes,omitempty"`
	// ClientClass is the form of Kea up to 2.7.3, one class.
	ClientClass string `json:"client-class,omitempty"`

	// Classes that are only evaluated for clients served from here.
	EvaluateAdditionalClasses []string `json:"evaluate-additional-classes,omitempty"`
	// RequireClientClasses is the name of the same in Kea up to 2.7.3.
	RequireClientClasses []string `json:"require-client-classes,omitempty"`
}

// Allowed returns the classes of which a client must belong to at least one;
// none: every client is allowed.
func (g *Guard) Allowed() []string {
	if g.ClientClass != "" {
		return []string{g.ClientClass}
	}
	return g.ClientClasses
}

// Additional returns the classes that are evaluated for clients served from
// here.
func (g *Guard) Additional() []string {
	if len(g.RequireClientClasses) > 0 {
		return g.RequireClientClasses
	}
	return g.EvaluateAdditionalClasses
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
