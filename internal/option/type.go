package option

import (
	"fmt"
	"slices"
	"strings"
)

// Family is the DHCP version that options belong to.
type Family uint8

const (
	V4 Family = 4
	V6 Family = 6
)

// Type is the type of a field. The zero Type is invalid.
type Type uint8

const (
	Empty    Type = iota + 1 // no field at all; sub-options may follow
	Binary                   // any bytes; in text hexadecimal
	Boolean                  // one byte, 0 or 1
	Int8                     // two's complement, as all signed ones
	Int16                    // network byte order, as all integers
	Int32                    //
	Uint8                    //
	Uint16                   //
	Uint32                   //
	IPv4                     // an address
	IPv6                     // an address
	Prefix                   // length in a byte, then as many bytes of an IPv6 prefix as it needs
	PSID                     // a port set identifier: length in a byte, then 16 bits
	String                   // text without terminator
	Tuple                    // a string behind its length (one byte in DHCPv4, two in DHCPv6)
	FQDN                     // a domain name in labels (RFC 1035, section 3.1), not compressed
	Record                   // several fields
	Internal                 // a standard option with a text form of its own
)

// typeNames are Kea's names, indexed by Type.
var typeNames = [...]string{"", "empty", "binary", "boolean", "int8", "int16", "int32", "uint8", "uint16", "uint32",
	"ipv4-address", "ipv6-address", "ipv6-prefix", "psid", "string", "tuple", "fqdn", "record", "internal"}

// String returns Kea's name of the type.
func (t Type) String() string {
	if t == 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("Type(%d)", uint8(t))
	}
	return typeNames[t]
}

// MarshalText returns Kea's name of the type.
func (t Type) MarshalText() ([]byte, error) {
	if t == 0 || int(t) >= len(typeNames) {
		return nil, fmt.Errorf("option: invalid type %d", uint8(t))
	}
	return []byte(typeNames[t]), nil
}

// UnmarshalText takes Kea's name of a type that an option-def may have.
func (t *Type) UnmarshalText(text []byte) error {
	i := slices.Index(typeNames[:], string(text))
	if i <= 0 || Type(i) == Internal {
		return fmt.Errorf("unknown option type %q, expected one of %s", text, strings.Join(typeNames[1:Internal], ", "))
	}
	*t = Type(i)
	return nil
}

// RecordTypes are the fields of a record. In JSON they are one string with
// commas between the types.
type RecordTypes []Type

// String joins the names of the types with commas.
func (r RecordTypes) String() string {
	var names []string
	for _, t := range r {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// MarshalText is String.
func (r RecordTypes) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText takes names of types with commas between them.
func (r *RecordTypes) UnmarshalText(text []byte) error {
	*r = nil
	if len(text) == 0 {
		return nil
	}
	for name := range strings.SplitSeq(string(text), ",") {
		var t Type
		if err := t.UnmarshalText([]byte(strings.TrimSpace(name))); err != nil {
			return fmt.Errorf("record-types: %w", err)
		}
		*r = append(*r, t)
	}
	return nil
}
