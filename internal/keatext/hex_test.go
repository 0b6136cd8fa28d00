package keatext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHex(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0x010203":   "01:02:03",
		"0X0102":     "01:02",
		"1:2:aB":     "01:02:ab",
		"01 02":      "01:02",
		"ABCD":       "ab:cd",
		"abc":        "0a:bc",
		"":           "",
		"0x":         "",
		"00:ff:0:F0": "00:ff:00:f0",
	} {
		b, err := ParseHex(in)
		require.NoError(t, err, in)
		require.Equal(t, want, string(AppendHex(nil, b)))
	}
	for in, text := range map[string]string{
		"0xzz":    "'0xzz' is not a valid string of hexadecimal digits",
		"1:zz":    "'z' is not a valid hexadecimal digit in decoded string '1:zz'",
		"1:\x10":  "is not a valid hexadecimal digit in decoded string",
		"1:@":     "'@' is not a valid hexadecimal digit in decoded string '1:@'",
		"1::2":    "two consecutive separators (':') specified in a decoded string '1::2'",
		"1 2 ":    "two consecutive separators (' ') specified in a decoded string '1 2 '",
		"001:2":   "invalid format of the decoded string '001:2'",
		"1:2 3:4": "invalid format of the decoded string '1:2 3:4'",
	} {
		_, err := ParseHex(in)
		require.ErrorContains(t, err, text)
	}
	_, err := ParseColonHex("02005e")
	require.EqualError(t, err, "invalid format of the decoded string '02005e'")
}

// What is read is read again from the form that is written, and all that has
// colons is read alike by both.
func FuzzHex(f *testing.F) {
	for _, s := range []string{"0x010203", "1:2:aB", "01 02", "abc", "", "1::2", "1:", "0x1:2", "P0", "\x10:\x19"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseHex(s)
		if err == nil {
			again, err := ParseHex(string(AppendHex(nil, b)))
			require.NoError(t, err)
			require.Equal(t, string(b), string(again))
		}
		octets, colonErr := ParseColonHex(s)
		if colonErr == nil {
			require.LessOrEqual(t, len(octets), len(s))
			require.Equal(t, "", strings.Trim(s, "0123456789abcdefABCDEF:"))
			require.NoError(t, err)
			if strings.Contains(s, ":") || len(s) == 2 {
				require.Equal(t, string(octets), string(b))
			}
		}
	})
}
