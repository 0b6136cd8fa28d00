package conf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Identifier are the bytes that identify a client. The text is hexadecimal,
// with colons or spaces between bytes ("1a:1b:1c") or without ("1a1b1c",
// "0x1a1b1c"), or characters between single quotes ("'port 7'").
type Identifier []byte

// MarshalText returns the bytes in the form "1a:1b:1c".
func (id Identifier) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// String returns the bytes in the form "1a:1b:1c".
func (id Identifier) String() string { return string(keatext.AppendHex(nil, id)) }

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
	raw, err := keatext.ParseHex(s)
	if err != nil {
		return fmt.Errorf("%q is neither hexadecimal digits nor text between single quotes", s)
	}
	if len(raw) == 0 {
		return errors.New("the identifier is empty")
	}
	*id = raw
	return nil
}
