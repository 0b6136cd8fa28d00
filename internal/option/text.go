package option

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// blanks are what Kea trims from fields.
const blanks = " \t\n"

// splitFields splits comma-separated fields. "\," is a comma within a field
// and "\\" a backslash; any other backslash stands for itself. Like Kea it
// leaves out fields of no character at all.
func splitFields(text string) []string {
	var fields []string
	var field []byte
	end := func() {
		if len(field) > 0 {
			fields = append(fields, strings.Trim(string(field), blanks))
		}
		field = nil
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) && (text[i+1] == ',' || text[i+1] == '\\') {
			i++
			c = text[i]
		} else if c == ',' {
			end()
			continue
		}
		field = append(field, c)
	}
	end()
	return fields
}

// parseBytes takes bytes in any of Kea's forms: 'text', or hexadecimal digits
// with colons or spaces between the bytes, or without and perhaps behind 0x.
func parseBytes(text string) ([]byte, error) {
	t := strings.Trim(text, blanks)
	if len(t) > 2 && t[0] == '\'' && t[len(t)-1] == '\'' {
		return []byte(strings.Trim(t[1:len(t)-1], blanks)), nil
	}
	for _, sep := range []string{":", " "} {
		if !strings.Contains(text, sep) {
			continue
		}
		var digits strings.Builder
		for b := range strings.SplitSeq(text, sep) {
			if len(b) == 1 {
				digits.WriteByte('0')
			} else if len(b) != 2 {
				return nil, notBytes(text)
			}
			digits.WriteString(b)
		}
		return decodeHex(digits.String(), text)
	}
	digits := text
	if len(text) > 2 && text[:2] == "0x" {
		digits = text[2:]
	}
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	return decodeHex(digits, text)
}

func decodeHex(digits, text string) ([]byte, error) {
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, notBytes(text)
	}
	return b, nil
}

func notBytes(text string) error {
	return fmt.Errorf("%q are not bytes, expected 0102, 0x0102, 01:02, \"01 02\" or 'text'", text)
}
