package dhcp6

import (
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// Whatever is configured is sent byte for byte, and the library's decoder does
// not panic at it.
func FuzzConfiguredOption(f *testing.F) {
	f.Add(uint16(dhcpv6.OptionPreference), []byte{1, 2})
	f.Add(uint16(dhcpv6.OptionDNSRecursiveNameServer), make([]byte, 33))
	f.Add(uint16(dhcpv6.OptionDomainSearchList), []byte("\x03org\x00\x04host\xc0\x00"))
	f.Add(uint16(dhcpv6.OptionIANA), []byte("\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x0d\x00\x02\x00\x00"))
	f.Add(uint16(dhcpv6.OptionVendorOpts), []byte{0, 0, 0, 9, 0, 1, 0, 1, 7})
	f.Add(uint16(dhcpv6.OptionNTPServer), []byte{0, 1, 0, 1, 7})
	f.Add(uint16(dhcpv6.Option4RD), []byte{0, 98, 0, 1, 7})
	f.Fuzz(func(t *testing.T, code uint16, value []byte) {
		if len(value) > 0xffff {
			return
		}
		wire, err := appendOption(nil, replyOption(dhcpv6.OptionCode(code), value))
		require.NoError(t, err)
		require.Equal(t, string(value), string(wire[optionHeader:]))
	})
}
