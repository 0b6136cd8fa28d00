package conf

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRange(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1-192.0.2.9":      "192.0.2.1-192.0.2.9",
		" 192.0.2.1 -  192.0.2.1 ": "192.0.2.1-192.0.2.1",
		"192.0.2.77/26":            "192.0.2.64-192.0.2.127",
		"192.0.2.9 / 32":           "192.0.2.9-192.0.2.9",
		"0.0.0.0/0":                "0.0.0.0-255.255.255.255",
	} {
		var r Range
		require.NoError(t, r.UnmarshalText([]byte(text)))
		require.Equal(t, want, r.String())
	}
	for _, text := range []string{"", "-", "192.0.2.1", "192.0.2.1-", "-192.0.2.1", "192.0.2.2-192.0.2.1", "192.0.2.0/33", "192.0.2.1-::2"} {
		require.Error(t, new(Range).UnmarshalText([]byte(text)), text)
	}
	_, err := json.Marshal(Range{})
	require.Error(t, err)

	r := Range{First: netip.MustParseAddr("192.0.2.1"), Last: netip.MustParseAddr("192.0.2.3")}
	for addr, want := range map[string]bool{"192.0.2.0": false, "192.0.2.1": true, "192.0.2.3": true, "192.0.2.4": false} {
		require.Equal(t, want, r.Contains(netip.MustParseAddr(addr)), addr)
	}
}
