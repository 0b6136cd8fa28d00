package dhcp6

import (
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// placed is a configuration in which a client's place, and what is known of
// it, tell its address and options.
const placed = `
	"valid-lifetime": 4000, "preferred-lifetime": 3000,
	"relay-supplied-options": ["110", "bootfile-url"],
	"reservations-global": true,
	"client-classes": [
		{"name": "given", "option-data": [{"name": "nisp-domain-name", "data": "given"}]},
		{"name": "modems", "test": "member('VENDOR_CLASS_docsis3.0')"},
		{"name": "others", "test": "member('VENDOR_CLASS_other')", "preferred-lifetime": 1200, "option-data": [{"name": "nis-domain-name", "data": "other"}]},
		{"name": "routers", "test": "member('VENDOR_CLASS_eRouter1.0')", "valid-lifetime": 1500, "option-data": [{"name": "nis-domain-name", "data": "router"}, {"name": "nisp-domain-name", "data": "router"}]},
		{"name": "agents", "test": "relay6[0].option[37].hex == 0x000022b8aa or relay6[1].peeraddr == 2001:db8:77::1", "option-data": [{"name": "bootfile-param", "data": "agents"}]},
		{"name": "familiar", "test": "member('KNOWN')", "option-data": [{"name": "nis-domain-name", "data": "familiar"}]},
		{"name": "strange", "test": "member('UNKNOWN') and not member('given')", "option-data": [{"name": "nis-domain-name", "data": "strange"}]},
		{"name": "ungiven", "test": "not member('given')", "option-data": [{"name": "nisp-domain-name", "data": "ungiven"}]},
		{"name": "late", "test": "member('ALL')", "only-if-required": true, "option-data": [{"name": "new-tzdb-timezone", "data": "late"}]}],
	"option-data": [
		{"name": "dns-servers", "data": "2001:db8::53"},
		{"name": "nis-domain-name", "data": "global"},
		{"name": "nisp-domain-name", "data": "global"},
		{"name": "sip-server-addr", "data": "2001:db8::5", "always-send": true},
		{"space": "vendor-4491", "name": "tftp-servers", "data": "2001:db8::69"},
		{"space": "vendor-4491", "code": 33, "csv-format": false, "data": "61"},
		{"space": "vendor-4491", "code": 37, "csv-format": false, "data": "20010db8000000000000000000000037", "always-send": true},
		{"name": "vendor-class", "code": 16, "csv-format": false, "data": "000022b8000161"}],
	"reservations": [
		{"duid": "00:02:00:00:00:01:aa", "ip-addresses": ["2001:db8:1::aa"], "client-classes": ["given"]}],
	"subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64",
		 "pools": [{"pool": "2001:db8:1::10-2001:db8:1::10", "client-class": "given"}, {"pool": "2001:db8:1::20-2001:db8:1::20", "require-client-classes": ["late"], "option-data": [{"name": "new-posix-timezone", "data": "pool"}, {"name": "sntp-servers", "data": "2001:db8::1"}]}],
		 "pd-pools": [{"prefix": "2001:db8:0:100::", "prefix-len": 64, "delegated-len": 64, "client-class": "modems", "option-data": [{"name": "new-posix-timezone", "data": "pd"}]},
			{"prefix": "2001:db8:8000::", "prefix-len": 64, "delegated-len": 64, "option-data": [{"name": "new-posix-timezone", "data": "pd"}, {"name": "nis-servers", "data": "2001:db8::2"}]}],
		 "option-data": [{"name": "sntp-servers", "data": "2001:db8::3"}, {"name": "nis-servers", "data": "2001:db8::4"}],
		 "reservations": [
			{"hw-address": "02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::101"]},
			{"hw-address": "00:00:5e:00:00:02", "ip-addresses": ["2001:db8:1::102"]},
			{"hw-address": "02:00:00:00:00:03", "ip-addresses": ["2001:db8:1::103"]},
			{"hw-address": "02:00:00:00:00:04", "ip-addresses": ["2001:db8:1::104"]},
			{"hw-address": "02:00:00:00:00:05", "ip-addresses": ["2001:db8:1::105"]},
			{"hw-address": "02:00:00:00:00:06", "ip-addresses": ["2001:db8:1::106"]},
			{"hw-address": "02:00:00:00:00:08", "ip-addresses": ["2001:db8:1::108"]},
			{"duid": "00:02:00:00:00:01:bb", "ip-addresses": ["2001:db8:1::bb"], "option-data": [{"name": "sntp-servers", "data": "2001:db8::b"}]}]},
		{"id": 2, "subnet": "2001:db8:2::/64", "interface-id": "port2", "pools": [{"pool": "2001:db8:2::10-2001:db8:2::10"}]},
		{"id": 3, "subnet": "2001:db8:3::/64", "relay": {"ip-addresses": ["2001:db8:ff::3", "2001:db8:1::3"]}, "pools": [{"pool": "2001:db8:3::10-2001:db8:3::10"}]},
		{"id": 4, "subnet": "2001:db8:4::/64", "relay": {"ip-addresses": ["2001:db8:ff::4"]}, "client-class": "routers", "pools": [{"pool": "2001:db8:4::10-2001:db8:4::10"}]},
		{"id": 5, "subnet": "2001:db8:5::/64", "relay": {"ip-addresses": ["2001:db8:ff::4"]}, "pools": [{"pool": "2001:db8:5::10-2001:db8:5::10"}]},
		{"id": 9, "subnet": "2001:db8:9::/64", "pools": [{"pool": "2001:db8:9::10-2001:db8:9::10"}]}],
	"shared-networks": [{"name": "link", "interface-id": "link", "relay": {"ip-addresses": ["2001:db8:ff::6"]}, "option-data": [{"name": "nis-servers", "data": "2001:db8::6"}], "require-client-classes": ["late"], "subnet6": [
		{"id": 6, "subnet": "2001:db8:6::/64", "client-class": "routers", "pools": [{"pool": "2001:db8:6::10-2001:db8:6::10"}]},
		{"id": 7, "subnet": "2001:db8:7::/64", "interface-id": "seven", "relay": {"ip-addresses": ["2001:db8:ff::7"]}, "pools": [{"pool": "2001:db8:7::10-2001:db8:7::10"}],
		 "reservations": [{"duid": "00:02:00:00:00:01:cc", "ip-addresses": ["2001:db8:7::cc"], "client-classes": ["given"]}]},
		{"id": 8, "subnet": "2001:db8:8::/64", "pools": [{"pool": "2001:db8:8::10-2001:db8:8::10"}]}]}]`

// Kea 2.2 finds the same place for a client as an engine with the same
// configuration, the same classes and reservation, and sends the same options.
func TestPlanIsKeas(t *testing.T) {
	testnet.Require(t, "kea-dhcp6")
	n := testnet.New(t)
	lan, server, relayAgent := n.LAN(), n.Host("server"), n.Host("agent")
	server.Join(lan, "eth0", "2001:db8:9::1/64")
	relayAgent.Join(lan, "eth0", "2001:db8:9::2/64")
	server.StartKea("kea-dhcp6", `{"Dhcp6": {"interfaces-config": {"interfaces": ["eth0/2001:db8:9::1"]}, "multi-threading": {"enable-multi-threading": false},
		"server-id": {"type": "EN", "enterprise-id": 62448, "identifier": "01"}, `+placed+`}}`)
	var conn net.PacketConn
	relayAgent.Do(func() {
		var err error
		conn, err = net.ListenPacket("udp6", "[2001:db8:9::2]:547")
		require.NoError(t, err)
	})
	defer conn.Close()
	b := newBench(t, placed, nil)
	r := &keaRelay{t, conn}

	by := func(relays ...*dhcpv6.RelayMessage) mod {
		return func(q *Query) {
			relayed(relays...)(q)
			from("2001:db8:9::2")(q)
		}
	}
	named := func(text string) mod { // a DUID without hardware address
		return func(q *Query) {
			q.Message.Options.Del(dhcpv6.OptionClientID)
			opt(dhcpv6.OptionClientID, append([]byte{0, 2, 0, 0, 0, 1}, text...)...)(q)
		}
	}
	duidOfOne := func(q *Query) {
		q.Message.Options.Del(dhcpv6.OptionClientID)
		opt(dhcpv6.OptionClientID, 0, 1, 0, 1, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1)(q)
	}
	all := oro(22, 23, 24, 27, 28, 29, 30, 31, 41, 42, 59, 60, 65, 110, 120)
	port := func(id string) dhcpv6.Option { return dhcpv6.OptInterfaceID([]byte(id)) }
	bytes := func(code dhcpv6.OptionCode, text string) dhcpv6.Option { return raw(code, []byte(text)) }
	here := by(agent("2001:db8:1::1", "fe80::99"))
	modem := func(option string) string { return "\x00\x00\x11\x8b" + option }
	class := func(items string) mod {
		return opt(dhcpv6.OptionVendorClass, append([]byte{0, 0, 0x22, 0xb8}, items...)...)
	}
	vendor := func(text string) mod { return opt(dhcpv6.OptionVendorOpts, []byte(text)...) }
	for _, c := range []struct {
		name    string
		mods    []mod
		departs string // why Kea's reply is another; empty: it is not
	}{
		{name: "link-address", mods: []mod{here}},
		{name: "no subnet", mods: []mod{by(agent("2001:db8:77::1", "fe80::99"))}},
		{name: "interface-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("port2")))}},
		{name: "interface-id, link unknown", mods: []mod{by(agent("2001:db8:77::1", "fe80::99", port("port2")))}},
		{name: "interface-id unknown", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("port")))}},
		{name: "interface-id, no link", mods: []mod{by(agent("::", "fe80::99", port("port2")))}},
		{name: "interface-id, link-local", mods: []mod{by(agent("fe80::1", "fe80::99", port("port2")))}},
		{name: "interface-id of lightweight", mods: []mod{by(agent("2001:db8:1::1", "fe80::99"), agent("::", "fe80::99", port("port2")))}},
		{name: "interface-id of the second", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("port2")), agent("2001:db8:3::1", "fe80::99"))}},
		{name: "interface-id empty", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("")))}},
		{name: "innermost link", mods: []mod{by(agent("2001:db8:1::1", "fe80::99"), agent("2001:db8:2::1", "fe80::99"), agent("::", "fe80::99"))}},
		{name: "innermost link, not link-local", mods: []mod{by(agent("2001:db8:1::1", "fe80::99"), agent("fe80::1", "fe80::99"))}},
		{name: "relay", mods: []mod{by(agent("2001:db8:ff::3", "fe80::99"))}},
		{name: "relay before link", mods: []mod{by(agent("2001:db8:1::3", "fe80::99"))}},
		{name: "guarded", mods: []mod{by(agent("2001:db8:ff::4", "fe80::99"))}},
		{name: "let in", mods: []mod{by(agent("2001:db8:ff::4", "fe80::99")), class("\x00\x0aeRouter1.0"), all}, departs: "RFC 9915, section 21.6: a preferred lifetime beyond the valid one is discarded"},
		{name: "relay of network", mods: []mod{by(agent("2001:db8:ff::6", "fe80::99")), all}},
		{name: "relay of network, let in", mods: []mod{by(agent("2001:db8:ff::6", "fe80::99")), class("\x00\x0aeRouter1.0"), all}, departs: "RFC 9915, section 21.6: a preferred lifetime beyond the valid one is discarded"},
		{name: "relay of subnet in network", mods: []mod{by(agent("2001:db8:ff::7", "fe80::99")), all}, departs: "it prefers the subnet of the network that it has last used"},
		{name: "interface-id of network", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("link")))}},
		{name: "interface-id of subnet", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", port("seven")))}, departs: "it prefers the subnet of the network that it has last used"},
		{name: "third of network", mods: []mod{by(agent("2001:db8:8::1", "fe80::99"))}},
		{name: "reservation in network", mods: []mod{by(agent("2001:db8:8::1", "fe80::99")), named("\xcc"), all}},
		{name: "hw-address in DUID", mods: []mod{here, duidOfOne, all}},
		{name: "hw-address in option and DUID", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 8}))), all}},
		{name: "hw-address in option and remote-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}), bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"))), named("a"), all}},
		{name: "hw-address in address and option", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}))), named("a"), all}},
		{name: "hw-address in address and remote-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"))), named("a"), all}},
		{name: "hw-address in address and CMTS", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2", bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), named("a"), all}},
		{name: "hw-address in address and modem", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2")), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), named("a"), all}},
		{name: "hw-address in remote-id and CMTS", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"), bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), named("a"), all}},
		{name: "hw-address in remote-id and modem", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"))), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), named("a"), all}},
		{name: "hw-address in CMTS and modem", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), named("a"), all}},
		{name: "hw-address in option and CMTS", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}), bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), named("a"), all}},
		{name: "hw-address in option and modem", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}))), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), named("a"), all}},
		{name: "hw-address in DUID and modem", mods: []mod{by(agent("2001:db8:1::1", "fe80::99")), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), duidOfOne, all}},
		{name: "hw-address in DUID and address", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2")), duidOfOne, all}},
		{name: "hw-address in DUID and remote-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"))), duidOfOne, all}},
		{name: "hw-address in DUID and CMTS", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), duidOfOne, all}},
		{name: "hw-address in remote-id of the second", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04")), agent("2001:db8:1::1", "fe80::99")), named("a"), all}},
		{name: "hw-address from CMTS that is the second", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05"))), agent("2001:db8:1::1", "fe80::99")), named("a"), all}},
		{name: "hw-address in remote-id of two", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04")), agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x05"))), named("a"), all}},
		{name: "hw-address in address", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:2")), named("a"), all}},
		{name: "hw-address in global address", mods: []mod{by(agent("2001:db8:1::1", "2001:db8:1::200:5eff:fe00:2")), named("a"), all}},
		{name: "hw-address of first address", mods: []mod{by(agent("2001:db8:1::1", "fe80::200:5eff:fe00:3"), agent("2001:db8:1::1", "fe80::200:5eff:fe00:2")), named("a"), all}},
		{name: "hw-address option", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}))), named("a"), all}},
		{name: "hw-address option of two", mods: []mod{by(agent("::", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 4})), agent("2001:db8:1::1", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 3}))), named("a"), all}},
		{name: "hw-address option of the second", mods: []mod{by(agent("::", "fe80::99", raw(79, []byte{0, 1, 2, 0, 0, 0, 0, 4})), agent("2001:db8:1::1", "fe80::99")), named("a"), all}},
		{name: "hw-address in remote-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x00\x09\x02\x00\x00\x00\x00\x04"))), named("a"), all}},
		{name: "hw-address in subscriber-id", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(38, "\x02\x00\x00\x00\x00\x04"))), named("a"), all}},
		{name: "hw-address from CMTS", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(17, modem("\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05")))), named("a"), all}},
		{name: "hw-address from modem", mods: []mod{here, named("a"), vendor(modem("\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")), all}},
		{name: "reservation", mods: []mod{here, named("\xbb"), all}},
		{name: "global reservation", mods: []mod{here, named("\xaa"), all}},
		{name: "global reservation elsewhere", mods: []mod{by(agent("2001:db8:3::1", "fe80::99")), named("\xaa"), all}, departs: "the address is not of the client's link"},
		{name: "options of pools", mods: []mod{here, pd(1), all}},
		{name: "options without leases", mods: []mod{here, without(dhcpv6.OptionIANA), all}},
		{name: "nothing asked for", mods: []mod{here}},
		{name: "modem", mods: []mod{here, class("\x00\x05other\x00\x09docsis3.0\x00\x0aeRouter1.0"), pd(1), all}},
		{name: "router", mods: []mod{here, class("\x00\x05other\x00\x0aeRouter1.0"), all}, departs: "RFC 9915, section 21.6: a preferred lifetime beyond the valid one is discarded"},
		{name: "other", mods: []mod{here, class("\x00\x05other\x00\x05wrong"), all}},
		{name: "vendor", mods: []mod{here, vendor(modem("")), all}},
		{name: "vendor asks", mods: []mod{here, vendor(modem("\x00\x01\x00\x06\x00\x20\x00\x21\x00\x99")), all}},
		{name: "other vendor asks", mods: []mod{here, vendor("\x00\x00\x22\xb8\x00\x01\x00\x04\x00\x20\x00\x21"), all}},
		{name: "vendor class asked for", mods: []mod{here, oro(16)}},
		{name: "vendor options asked for", mods: []mod{here, oro(17)}},
		{name: "agents", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(37, "\x00\x00\x22\xb8\xaa"))), all}},
		{name: "agents, second", mods: []mod{by(agent("2001:db8:1::1", "fe80::99"), agent("2001:db8:1::1", "2001:db8:77::1")), all}},
		{name: "supplied", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(66, "\x00\x41\x00\x03\x01a\x00\x00\x6e\x00\x01a\x00\x78\x00\x01b\x00\x6e\x00\x01c\x00\x17\x00\x01d")))}},
		{name: "supplied twice", mods: []mod{by(agent("2001:db8:1::1", "fe80::99", bytes(66, "\x00\x6e\x00\x01a\x00\x3b\x00\x01u")), agent("2001:db8:1::1", "fe80::99", bytes(66, "\x00\x6e\x00\x01b"))), all}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mods := append([]mod{na(1)}, c.mods...)
			want := r.ask(queryOf(solicit, 7, mods...))
			got := b.ask(solicit, 7, mods...)
			if c.departs != "" {
				require.NotEqual(t, summary(t, want), summary(t, got), "it does not depart")
			} else {
				require.Equal(t, summary(t, want), summary(t, got))
			}
		})
	}
}
