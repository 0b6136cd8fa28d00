package dhcp6

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInherit(t *testing.T) {
	subnet := Params{ValidLifetime: new(uint32(1)), RapidCommit: new(true)}
	network := Params{ValidLifetime: new(uint32(2)), PDAllocator: new("random")}
	got := subnet.inherit(network).inherit(DefaultParams())
	require.EqualValues(t, 1, *got.ValidLifetime)
	require.True(t, *got.RapidCommit)
	require.Equal(t, "random", *got.PDAllocator)
	require.Equal(t, "iterative", *got.Allocator)
	require.Nil(t, got.RenewTimer)
	require.Nil(t, subnet.PDAllocator, "the receiver is a copy")
}

// Every parameter has a default, is without effect, or is known to have none,
// so that a new one cannot be forgotten.
func TestEveryParameterHasADefault(t *testing.T) {
	without := []string{
		"min-valid-lifetime", "max-valid-lifetime", "preferred-lifetime", "min-preferred-lifetime", "max-preferred-lifetime",
		"renew-timer", "rebind-timer", "cache-max-age", "reservation-mode",
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

func TestReservationMode(t *testing.T) {
	for mode, want := range map[string][3]bool{ // global, in-subnet, out-of-pool
		"disabled": {}, "off": {}, "global": {true, false, false}, "out-of-pool": {false, true, true}, "all": {false, true, false},
	} {
		p := reservationMode(Params{ReservationMode: &mode, Allocator: new("random")})
		require.Equal(t, want, [3]bool{*p.ReservationsGlobal, *p.ReservationsInSubnet, *p.ReservationsOutOfPool}, mode)
		require.Equal(t, "random", *p.Allocator)
	}
	require.Equal(t, Params{ReservationsGlobal: new(true)}, reservationMode(Params{ReservationsGlobal: new(true)}))
}
