package dhcp4

import (
	"bytes"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

// What the library reads as relay agent information is read here too. Here, as
// in Kea, what stands before the damage counts, and of a sub-option that comes
// twice each part does.
func FuzzSuboptions(f *testing.F) {
	f.Add([]byte{1, 1, 'x', 5, 4, 192, 0, 2, 0})
	f.Add([]byte{1, 1, 'x', 1, 1, 'y', 2, 0})
	f.Add([]byte{1, 5, 'x'})
	f.Add([]byte{1, 0, 0, 255, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		joined := map[uint8][]byte{}
		n := 0
		for code, value := range option.V4.Suboptions(b) {
			joined[uint8(code)] = append(joined[uint8(code)], value...)
			n += 2 + len(value)
		}
		require.LessOrEqual(t, n, len(b))
		if n < len(b) || bytes.ContainsAny(b, "\x00\xff") {
			return // the library takes 0 and 255 for padding and the end
		}
		theirs := make(dhcpv4.Options)
		require.NoError(t, theirs.FromBytes(b))
		require.Len(t, theirs, len(joined))
		for code, value := range joined {
			require.True(t, bytes.Equal(value, theirs[code]), "sub-option %d", code)
		}
	})
}
