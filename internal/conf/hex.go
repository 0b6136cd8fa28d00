package conf

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Hex are bytes whose text is hexadecimal: "1a1b1c". Empty text is nil.
type Hex []byte

// MarshalText returns the bytes in the form "1a1b1c".
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// String returns the bytes in the form "1a1b1c".
func (h Hex) String() string { return hex.EncodeToString(h) }

// UnmarshalText reads that form, and the one with colons between bytes.
func (h *Hex) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "" {
		*h = nil
		return nil
	}
	raw, err := keatext.ParseHex(s)
	if err != nil {
		return fmt.Errorf("%q are not hexadecimal digits", s)
	}
	*h = raw
	return nil
}
