package dhcp6

import "encoding/json"

// ClientClass is an entry of client-classes.
type ClientClass struct {
	Name string `json:"name"`
	// Test is an expression in Kea's language; clients for which it is true
	// belong to the class. Empty: the class is only given by reservations or
	// by a [Gate].
	Test string `json:"test,omitempty"`
	// OnlyInAdditionalList evaluates the class only where a subnet, network or
	// pool lists it in evaluate-additional-classes.
	OnlyInAdditionalList bool `json:"only-in-additional-list,omitempty"`
	// OnlyIfRequired is the name of the same in Kea up to 2.7.3.
	OnlyIfRequired bool `json:"only-if-required,omitempty"`
	Params
	OptionData []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
