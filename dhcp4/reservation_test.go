package dhcp4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReservationIdentifiers(t *testing.T) {
	t.Parallel()
	const all = `, "reservations": [
		{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.101"},
		{"client-id": "01:aa:bb", "ip-address": "192.0.2.102"},
		{"duid": "00:03:00:01:cc", "ip-address": "192.0.2.103"},
		{"circuit-id": "'port7'", "ip-address": "192.0.2.104"},
		{"flex-id": "'blue-2'", "ip-address": "192.0.2.105"}]`
	const flex = `, "hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_flex_id.so", "parameters": {"identifier-expression": "concat(option[60].hex, concat('-', substring(option[77].hex, 0, 1)))"}}]`
	circuit := opt(optRelayInfo, append([]byte{relayCircuitID, 5}, "port7"...)...)
	duid := clientID("\xff\x01\x02\x03\x04\x00\x03\x00\x01\xcc")
	for _, c := range []struct {
		name   string
		order  string
		client byte
		mods   []mod
		want   string
	}{
		{"hardware address", "", 1, nil, "192.0.2.101"},
		{"client identifier", "", 9, []mod{clientID("\x01\xaa\xbb")}, "192.0.2.102"},
		{"DUID in a client identifier", "", 9, []mod{duid}, "192.0.2.103"},
		{"circuit", "", 9, []mod{circuit}, "192.0.2.104"},
		{"flexible, not asked for", "", 9, []mod{opt(60, []byte("blue")...), opt(77, '2')}, "192.0.2.10"},
		{"flexible", `"flex-id"`, 9, []mod{opt(60, []byte("blue")...), opt(77, '2')}, "192.0.2.105"},
		{"none", "", 9, nil, "192.0.2.10"},
		{"Kea's order", "", 1, []mod{duid, circuit}, "192.0.2.101"},
		{"another order", `"circuit-id", "duid", "hw-address"`, 1, []mod{duid, circuit}, "192.0.2.104"},
		{"left out", `"circuit-id"`, 1, nil, "192.0.2.10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			global := flex
			if c.order != "" {
				global += `, "host-reservation-identifiers": [` + c.order + `]`
			}
			b := newBench(t, oneSubnet(all, global), nil)
			require.Equal(t, c.want, b.lease(c.client, c.mods...))
		})
	}
}

func TestReservationModes(t *testing.T) {
	t.Parallel()
	const global = `, "reservations": [{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.200"}]`
	const local = `, "reservations": [{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.100"}, {"hw-address": "02:00:00:00:00:02", "ip-address": "192.0.2.12"}]`
	for _, c := range []struct {
		name   string
		more   string
		client byte
		want   string
	}{
		{"default: of the subnet", "", 1, "192.0.2.100"},
		{"global ones too: the subnet's first", `, "reservations-global": true`, 1, "192.0.2.100"},
		{"global ones only", `, "reservations-global": true, "reservations-in-subnet": false`, 1, "192.0.2.200"},
		{"none", `, "reservations-in-subnet": false`, 1, "192.0.2.10"},
		{"older form, disabled", `, "reservation-mode": "disabled"`, 1, "192.0.2.10"},
		{"older form, global", `, "reservation-mode": "global"`, 1, "192.0.2.200"},
		{"in the pool", "", 2, "192.0.2.12"},
		{"in the pool, although none should be", `, "reservations-out-of-pool": true`, 2, "192.0.2.10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(local+c.more, global), nil)
			require.Equal(t, c.want, b.lease(c.client))
		})
	}
}

// A reservation brings name, options and boot fields; they count more than
// those of any other level.
func TestReservationParameters(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "next-server": "192.0.2.5", "boot-file-name": "subnet", "server-hostname": "subnet",
		"option-data": [{"name": "routers", "data": "192.0.2.1"}], "reservations": [
		{"hw-address": "02:00:00:00:00:01", "hostname": "Alpha", "next-server": "192.0.2.6", "boot-file-name": "host",
		 "option-data": [{"name": "routers", "data": "192.0.2.2"}]}]`), nil)
	offer := b.ask(discover, 1)
	require.Equal(t, []byte{192, 0, 2, 2}, offer.Options[optRouters])
	require.Equal(t, "192.0.2.6", offer.ServerIPAddr.String())
	require.Equal(t, "host", offer.BootFileName)
	require.Equal(t, "subnet", offer.ServerHostName)
	require.Equal(t, "alpha", string(offer.Options[optHostname]))
	require.Equal(t, "alpha", b.stored(b.lease(1, hostname("mine"))).Hostname)
}
