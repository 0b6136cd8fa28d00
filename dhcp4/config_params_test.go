package dhcp4

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInherit(t *testing.T) {
	subnet := Params{ValidLifetime: new(uint32(1)), NextServer: new(netip.MustParseAddr("192.0.2.1"))}
	network := Params{ValidLifetime: new(uint32(2)), Authoritative: new(true)}
	got := subnet.inherit(network).inherit(DefaultParams())
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
