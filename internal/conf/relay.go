package conf

import "net/netip"

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
