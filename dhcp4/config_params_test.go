package dhcp4

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInherit(t *testing.T) {
	subnet := Params{ValidLifetime: new(uint32(1)), NextServer: new(netip.MustParseAddr("192.0.2.1"))}
	network := Params{ValidLifetime: new(uint32(2)), Authoritative: new(true)}
	got := subnet.Inherit(network).Inherit(DefaultParams())
	require.EqualValues(t, 1, *got.ValidLifetime)
	require.True(t, *got.Authoritative)
	require.Equal(t, "iterative", *got.Allocator)
	require.Nil(t, got.RenewTimer)
	require.Nil(t, subnet.Authoritative, "the receiver is a copy")
}

// Every parameter has a default, is without effect, or is known to have none,
// so that a new one cannot be forgotten.
func TestEveryParameterHasADefault(t *testing.T) {
	without := []string{
		"min-valid-lifetime", "max-valid-lifetime", "renew-timer", "rebind-timer", "cache-max-age", "reservation-mode",
		"ddns-send-updates", "ddns-update-on-renew", "ddns-use-conflict-resolution", "ddns-conflict-resolution-mode",
		"ddns-ttl-percent", "ddns-ttl", "ddns-ttl-min", "ddns-ttl-max",
	}
	v := reflect.ValueOf(DefaultParams())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		require.Equal(t, reflect.Pointer, f.Type.Kind(), f.Name)
		key := f.Tag.Get("json")
		require.Regexp(t, `^[a-z0-9-]+,omitempty$`, key)
		key = key[:len(key)-len(",omitempty")]
		require.Equal(t, slices.Contains(without, key), v.Field(i).IsNil(), key)
	}
}

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

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"1a:1b:1c": "1a:1b:1c", "1:a:1C": "01:0a:1c", "1a1b1c": "1a:1b:1c", "0x1A1b": "1a:1b", "123": "01:23",
		"'port 7'": "70:6f:72:74:20:37", "''7'": "27:37",
	} {
		var id Identifier
		require.NoError(t, id.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, id.String())

		var again Identifier
		require.NoError(t, again.UnmarshalText([]byte(id.String())))
		require.Equal(t, id, again)
	}
	for _, text := range []string{"", "''", "'", "1g", "1::2", ":", "123:4", "0x", "1a-1b"} {
		require.Error(t, new(Identifier).UnmarshalText([]byte(text)), text)
	}
}
