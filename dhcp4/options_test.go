package dhcp4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Kea's order: reservation, pool, subnet, shared network, classes, global.
func TestOptionPrecedence(t *testing.T) {
	t.Parallel()
	data := func(value string) string {
		return `"option-data": [{"name": "domain-name", "data": "` + value + `"}]`
	}
	for _, want := range []string{"host", "pool", "subnet", "network", "first", "second", "global", ""} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			// Only the wanted level and those below it have the option.
			seen := false
			at := func(l string) string {
				if l == want {
					seen = true
				}
				if !seen || want == "" {
					return `"comment": ""`
				}
				return data(l)
			}
			host, pool, subnet, network := at("host"), at("pool"), at("subnet"), at("network")
			first, second, global := at("first"), at("second"), at("global")
			b := newBench(t, `"client-classes": [{"name": "first", "test": "member('ALL')", `+first+`}, {"name": "second", "test": "member('ALL')", `+second+`}],
				`+global+`, "shared-networks": [{"name": "n", `+network+`, "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", `+subnet+`,
				"pools": [{"pool": "192.0.2.10-192.0.2.13", `+pool+`}], "reservations": [{"hw-address": "02:00:00:00:00:01", "hostname": "h", `+host+`}]}]}]`, nil)
			require.Equal(t, want, string(b.ask(discover, 1).Options[optDomainName]))
		})
	}
}

func TestOptionsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [
		{"name": "routers", "data": "192.0.2.1"}, {"name": "domain-name-servers", "data": "192.0.2.2"}, {"name": "domain-name", "data": "example.org"},
		{"name": "ntp-servers", "data": "192.0.2.3"},
		{"name": "log-servers", "data": "192.0.2.4", "always-send": true},
		{"name": "cookie-servers", "never-send": true},
		{"name": "subnet-mask", "data": "255.0.0.0"}, {"code": 51, "csv-format": false, "data": "00000001"},
		{"name": "boot-file-name", "data": "phone.img", "client-classes": ["VENDOR_CLASS_phone"]},
		{"name": "vendor-encapsulated-options", "csv-format": false, "data": "0101ff"}]`,
		`, "option-data": [{"name": "cookie-servers", "data": "192.0.2.9", "always-send": true}]`), nil)
	base := []uint8{optMessageType, optServerID, optLeaseTime, optSubnetMask, optRouters, optDNS, optDomainName, 7}
	codes := func(mods ...mod) (list []uint8) {
		offer := b.ask(discover, 1, mods...)
		require.Equal(t, []byte{255, 255, 255, 0}, offer.Options[optSubnetMask], "the subnet's own")
		require.Equal(t, []byte{0, 0, 14, 16}, offer.Options[optLeaseTime])
		for code := range offer.Options {
			list = append(list, code)
		}
		return list
	}
	require.ElementsMatch(t, base, codes(), "without a request list: the usual ones, and what is always sent")
	require.ElementsMatch(t, append(base, 42), codes(prl(1, 42, 8, 51, 67)), "requested; never 8; 67 is not for its class")
	require.ElementsMatch(t, append(base, 43, 67), codes(prl(43, 67), opt(optVendorClass, []byte("phone")...)))
}

// RFC 6842, RFC 3046, RFC 3011: what the client or relay agent sent comes back.
func TestEchoes(t *testing.T) {
	t.Parallel()
	sent := []mod{clientID("\x00me"), opt(optRelayInfo, 1, 1, 'x'), relay("192.0.2.254"), optAddr(optSubnetSelect, "192.0.2.0")}
	b := newBench(t, oneSubnet(), nil)
	offer := b.ask(discover, 1, sent...)
	require.Equal(t, "\x00me", string(offer.Options[optClientID]))
	require.Equal(t, []byte{1, 1, 'x'}, offer.Options[optRelayInfo])
	require.Equal(t, []byte{192, 0, 2, 0}, offer.Options[optSubnetSelect])

	b = newBench(t, oneSubnet("", `, "echo-client-id": false`), nil)
	require.NotContains(t, b.ask(discover, 1, sent...).Options, uint8(optClientID))
}

func TestServerIdentifier(t *testing.T) {
	t.Parallel()
	override := opt(optRelayInfo, relayServerIDOverride, 4, 192, 0, 2, 254)
	b := newBench(t, oneSubnet(`, "option-data": [{"name": "dhcp-server-identifier", "data": "192.0.2.53"}]`), nil)
	require.Equal(t, []byte{192, 0, 2, 53}, b.ask(discover, 1).Options[optServerID])
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.53"))))
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.1"))), "its address as well")

	// RFC 5107
	require.Equal(t, []byte{192, 0, 2, 254}, b.ask(discover, 1, override).Options[optServerID])
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, override, requested("192.0.2.10"), toServer("192.0.2.254"))))
	require.Equal(t, "silence", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.254"))))

	// An address of another interface, as the client may have met us there.
	require.Equal(t, "silence", short(b.ask(request, 1, requested("192.0.2.10"), toServer("10.0.0.1"))))
	b.ask(discover, 2, onInterface("eth1", "10.0.0.1"))
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("10.0.0.1"))))

	b = newBench(t, oneSubnet("", `, "compatibility": {"ignore-dhcp-server-identifier": true}`), nil)
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("203.0.113.9"))))
}

// RFC 3925, and the request list of CableLabs' clients.
func TestVendorOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [
		{"name": "tftp-servers", "space": "vendor-4491", "data": "192.0.2.7"},
		{"code": 9, "space": "vendor-1000", "csv-format": false, "data": "0102", "always-send": true}]`), nil)
	offer := b.ask(discover, 1, opt(optVendorSpecific, 0, 0, 0x11, 0x8b, 3, 1, 1, 2))
	require.Equal(t, []byte{0, 0, 0x11, 0x8b, 6, 2, 4, 192, 0, 2, 7}, offer.Options[optVendorSpecific])
	offer = b.ask(discover, 1, opt(optVendorClasses, 0, 0, 3, 0xe8, 2, 1, 'x', 0, 0, 0x11, 0x8b, 0))
	require.Equal(t, []byte{0, 0, 3, 0xe8, 4, 9, 2, 1, 2}, offer.Options[optVendorSpecific])
	require.NotContains(t, b.ask(discover, 1, opt(optVendorSpecific, 0, 0, 0x11)).Options, uint8(optVendorSpecific))
}
