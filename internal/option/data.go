package option

import "encoding/json"

// Data is an entry of Kea's option-data. Either Name or Code must be given.
type Data struct {
	// Name is the name of the option's definition.
	Name string `json:"name,omitempty"`
	// Code is the option's number: 1 to 254 in DHCPv4, 1 to 65535 in DHCPv6.
	Code uint16 `json:"code,omitempty"`
	// Space is the option space that the option belongs to; empty means
	// "dhcp4" or "dhcp6".
	Space string `json:"space,omitempty"`
	// CSVFormat says whether Data are comma-separated fields (true) or bytes
	// in hexadecimal (false, which an option without a definition needs).
	// Unset means true.
	CSVFormat *bool `json:"csv-format,omitempty"`
	// Data is the value. In comma-separated fields "\," is a comma within a
	// field. Bytes are written as 0x0a0b, 0a:0b, "0a 0b", 0a0b or 'text'.
	Data string `json:"data,omitempty"`
	// AlwaysSend sends the option also to clients that did not request it.
	AlwaysSend bool `json:"always-send,omitempty"`
	// NeverSend keeps the option from being sent, whatever other levels of
	// the configuration say and the client requests.
	NeverSend bool `json:"never-send,omitempty"`
	// ClientClasses limits the option to clients in at least one of these
	// classes. Empty means every client.
	ClientClasses []string `json:"client-classes,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Def is an entry of Kea's option-def: the fields of an option that is not a
// standard one.
type Def struct {
	Name string `json:"name"`
	// Code is the option's number: 1 to 254 in DHCPv4, 1 to 65535 in DHCPv6.
	Code uint16 `json:"code"`
	// Type is the type of the option's only field, or Record.
	Type Type `json:"type"`
	// Array says that the field (of a record: the last field) repeats.
	Array bool `json:"array,omitempty"`
	// RecordTypes are the fields of a Record, empty for any other Type.
	RecordTypes RecordTypes `json:"record-types,omitempty"`
	// Space is the option space that the option belongs to; empty means
	// "dhcp4" or "dhcp6".
	Space string `json:"space,omitempty"`
	// Encapsulate names the option space whose options are carried in this
	// one, behind its fields. Empty means none.
	Encapsulate string `json:"encapsulate,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
