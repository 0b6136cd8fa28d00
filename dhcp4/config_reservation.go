package dhcp4

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Reservation is an entry of reservations: what one client gets. Exactly one
// of the identifiers is set.
type Reservation struct {
	HWAddress Identifier `json:"hw-address,omitempty"`
	DUID      Identifier `json:"duid,omitempty"`
	CircuitID Identifier `json:"circuit-id,omitempty"`
	ClientID  Identifier `json:"client-id,omitempty"`
	FlexID    Identifier `json:"flex-id,omitempty"`

	IPAddress     netip.Addr `json:"ip-address,omitzero"`
	Hostname      string     `json:"hostname,omitempty"`
	ClientClasses []string   `json:"client-classes,omitempty"`
	Params
	OptionData []OptionData `json:"option-data,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Identifier are the bytes that identify a client. The text is hexadecimal,
// with colons between bytes ("1a:1b:1c") or without ("1a1b1c", "0x1a1b1c"),
// or characters between single quotes ("'port 7'").
type Identifier []byte

// MarshalText returns the bytes in the form "1a:1b:1c".
func (id Identifier) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// String returns the bytes in the form "1a:1b:1c".
func (id Identifier) String() string {
	var b strings.Builder
	for i, c := range id {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02x", c)
	}
	return b.String()
}

// UnmarshalText reads any of the forms.
func (id *Identifier) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = s[1 : len(s)-1]
		if s == "" {
			return errors.New("the identifier is empty")
		}
		*id = Identifier(s)
		return nil
	}
	digits := s
	if strings.Contains(s, ":") {
		var b strings.Builder
		for part := range strings.SplitSeq(s, ":") {
			switch len(part) {
			case 1: // Kea reads "a" as "0a"
				b.WriteByte('0')
			case 2:
			default:
				return fmt.Errorf("%q: between two colons belong one or two hexadecimal digits", s)
			}
			b.WriteString(part)
		}
		digits = b.String()
	} else {
		digits = strings.TrimPrefix(digits, "0x")
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("%q is neither hexadecimal digits nor text between single quotes", s)
	}
	if len(raw) == 0 {
		return errors.New("the identifier is empty")
	}
	*id = raw
	return nil
}
