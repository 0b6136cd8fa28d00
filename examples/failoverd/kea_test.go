package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

const (
	request = dhcpv4.MessageTypeRequest
	release = dhcpv4.MessageTypeRelease
	decline = dhcpv4.MessageTypeDecline
	inform  = dhcpv4.MessageTypeInform
)

// both servers' configuration: subnet 1 is the servers' own network and not
// authoritative, the others are behind relay agents.
var keaConfig = `{
	"valid-lifetime": 3000, "min-valid-lifetime": 1000, "max-valid-lifetime": 5000, "renew-timer": 1000, "rebind-timer": 2000,
	"decline-probation-period": 500,
	"host-reservation-identifiers": ["hw-address", "client-id", "circuit-id", "duid"],
	"store-extended-info": true,
	"option-def": [
		{"name": "site", "code": 222, "type": "record", "record-types": "uint8, string"},
		{"name": "long", "code": 223, "type": "string"},
		{"name": "more", "code": 224, "type": "string"}],
	"option-data": [
		{"name": "domain-name-servers", "data": "192.0.2.53, 198.51.100.53"},
		{"name": "domain-name", "data": "example.org"},
		{"name": "domain-search", "data": "example.org, sub.example.org"},
		{"name": "ntp-servers", "data": "192.0.2.123", "always-send": true},
		{"name": "log-servers", "data": "192.0.2.99"},
		{"name": "site", "data": "7, here"},
		{"name": "more", "data": "` + strings.Repeat("0123456789", 30) + `"}],
	"client-classes": [
		{"name": "DROP", "test": "pkt4.mac == 0x0200000000dd"},
		{"name": "blue", "test": "option[60].text == 'blue'", "next-server": "192.0.2.8", "boot-file-name": "blue.img",
			"option-data": [{"name": "domain-name", "data": "blue.example.org"}, {"name": "tftp-server-name", "data": "tftp.blue"}]},
		{"name": "short", "test": "option[77].text == 'short'", "valid-lifetime": 60, "min-valid-lifetime": 30, "max-valid-lifetime": 90},
		{"name": "wanted", "only-if-required": true, "test": "option[60].exists",
			"option-data": [{"name": "pop-server", "data": "192.0.2.110"}]},
		{"name": "guests"}],
	"subnet4": [
		{"id": 1, "subnet": "192.0.2.0/24", "require-client-classes": ["wanted"],
			"pools": [{"pool": "192.0.2.100-192.0.2.149"}, {"pool": "192.0.2.150-192.0.2.159", "client-class": "blue"}],
			"option-data": [{"name": "routers", "data": "192.0.2.1"}],
			"reservations": [
				{"hw-address": "02:00:00:ff:00:02", "ip-address": "192.0.2.99", "hostname": "probe"},
				{"hw-address": "02:00:00:00:01:01", "ip-address": "192.0.2.10", "hostname": "printer", "next-server": "192.0.2.7",
					"server-hostname": "boot", "boot-file-name": "printer.img", "client-classes": ["guests"],
					"option-data": [{"name": "domain-name", "data": "printers.example.org"}, {"name": "log-servers", "data": "192.0.2.98"}]},
				{"client-id": "01:02:03:04:05", "ip-address": "192.0.2.105", "hostname": "by-id.example.net"},
				{"hw-address": "02:00:00:00:01:03", "hostname": "only-a-name"},
				{"hw-address": "02:00:00:00:01:04", "client-classes": ["blue"]},
				{"hw-address": "02:00:00:00:06:01", "ip-address": "192.0.2.13", "hostname": "real"},
				{"duid": "00:01:02:03:04:05:06:07", "ip-address": "192.0.2.12"}]},
		{"id": 2, "subnet": "198.51.100.0/24", "authoritative": true, "pools": [{"pool": "198.51.100.100-198.51.100.149"}],
			"calculate-tee-times": true, "match-client-id": false,
			"reservations": [{"circuit-id": "'port 7'", "ip-address": "198.51.100.7", "hostname": "seven"}]},
		{"id": 5, "subnet": "10.5.0.0/16", "relay": {"ip-addresses": ["10.9.9.9"]}, "pools": [{"pool": "10.5.0.10-10.5.0.10"}],
			"ddns-replace-client-name": "always", "ddns-generated-prefix": "gen", "ddns-qualifying-suffix": "dyn.example"}],
	"shared-networks": [{"name": "campus", "authoritative": true, "option-data": [{"name": "log-servers", "data": "203.0.113.99"}], "subnet4": [
		{"id": 3, "subnet": "203.0.113.0/25", "authoritative": true, "client-class": "blue", "pools": [{"pool": "203.0.113.10-203.0.113.19"}]},
		{"id": 4, "subnet": "203.0.113.128/25", "authoritative": true, "hostname-char-set": "[^A-Za-z0-9.-]", "hostname-char-replacement": "x",
			"pools": [{"pool": "203.0.113.140-203.0.113.141"}, {"pool": "203.0.113.150-203.0.113.159",
				"option-data": [{"name": "time-servers", "data": "203.0.113.98", "always-send": true}]}]}]}]
}`

// Reasons why a reply is not Kea's.
const (
	broadcastNak = "without a relay agent a DHCPNAK is broadcast (RFC 2131, section 4.1): the client is not to use its address"
	unreadable   = "an option that cannot be read is as if it were not there"
	overridden   = "the relay agent says who the server is (RFC 5107)"
	noAddress    = "a client that selects or reboots must say which address (RFC 2131, table 5)"
)

func keaPair(t *testing.T) *pair {
	t.Helper()
	return newPair(t, keaConfig, "192.0.2.128/25", "192.0.2.96/27", "192.0.2.10/31", "192.0.2.12/32", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")
}

// A real client is told the same by both servers.
func TestClientsCannotTellTheDifference(t *testing.T) {
	for name, c := range clientPrograms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			p := keaPair(t)
			told := [2]map[string]string{}
			for i, s := range []*side{p.kea, p.ours} {
				h := p.net.Host(fmt.Sprintf("client%d", i))
				h.Join(s.segment, "eth0")
				h.IP("link", "set", "eth0", "address", mac(0x601).String())
				bound := c.start(h).Await(p.ctx, testnet.Bound)
				require.Equal(t, "192.0.2.13", bound.Addr.String())
				told[i] = map[string]string{}
				for name, value := range bound.Vars {
					// The environment of the shell, and what depends on the clock.
					if name != strings.ToUpper(name) && name != "_" && name != "new_expiry" && name != "pid" {
						told[i][name] = value
					}
				}
			}
			require.Equal(t, told[0], told[1])
		})
	}
}

func TestRepliesAreKeas(t *testing.T) {
	t.Parallel()
	p := keaPair(t)
	all := prl(1, 3, 6, 15, 42, 7, 119, 222, 51, 54, 58, 59)
	some := mac(1)
	p.same("DISCOVER", some, discover(some))
	p.same("DISCOVER with a hint", some, discover(some, addrOpt(50, "192.0.2.120"), all))
	p.same("SELECTING", some, selecting(some, all))
	p.same("SELECTING again", some, rebooting(some, "192.0.2.120", addrOpt(54, "192.0.2.1"), all))
	p.same("INIT-REBOOT", some, rebooting(some, "192.0.2.120"))
	p.same("INIT-REBOOT, wrong address", some, rebooting(some, "192.0.2.121"))
	p.same("INIT-REBOOT, wrong network", some, rebooting(some, "10.1.1.1"))
	p.same("RENEWING", some, unicast(some, request, "192.0.2.120", all))
	p.same("REBINDING", some, rebinding(some, "192.0.2.120", all))
	p.differs("RENEWING another's address", mac(2), unicast(mac(2), request, "192.0.2.120"),
		"NAK to 192.0.2.120", "NAK to 255.255.255.255", broadcastNak)
	p.differs("REBINDING another's address", mac(2), rebinding(mac(2), "192.0.2.120"),
		"NAK to 192.0.2.120", "NAK to 255.255.255.255", broadcastNak)
	p.same("RENEWING what nobody has", mac(2), unicast(mac(2), request, "192.0.2.121"))
	p.same("RENEWING outside of the pools", mac(2), unicast(mac(2), request, "192.0.2.201"))
	p.same("INIT-REBOOT of an unknown client", mac(2), rebooting(mac(2), "192.0.2.122"))
	p.same("INIT-REBOOT of another's address", mac(2), rebooting(mac(2), "192.0.2.120"))
	p.same("INIT-REBOOT outside of the pools", mac(2), rebooting(mac(2), "192.0.2.202"))
	p.same("SELECTING another server", mac(2), rebooting(mac(2), "192.0.2.122", addrOpt(54, "192.0.2.2")))
	p.differs("SELECTING without an address", mac(2), func(s *side) query { return s.from(mac(2), kind(request), addrOpt(54, "192.0.2.1")) },
		"ACK 192.0.2.121 to 192.0.2.121", "silence", noAddress)
	p.differs("REQUEST of nothing", mac(2), func(s *side) query { return s.from(mac(2), kind(request)) },
		"ACK 192.0.2.121 to 192.0.2.121", "silence", noAddress)
	p.same("SELECTING another's address", mac(2), rebooting(mac(2), "192.0.2.120", addrOpt(54, "192.0.2.1")))
	p.differs("SELECTING outside of the pools", mac(2), rebooting(mac(2), "192.0.2.202", addrOpt(54, "192.0.2.1")),
		"silence", "NAK to 255.255.255.255", "it has chosen this server, which cannot satisfy it (RFC 2131, section 3.1, step 4)")
	p.same("SELECTING a guarded address", mac(2), rebooting(mac(2), "192.0.2.151", addrOpt(54, "192.0.2.1")))
	p.same("DISCOVER with another's address", mac(2), discover(mac(2), addrOpt(50, "192.0.2.120"), all))

	// Declining and releasing.
	p.same("DECLINE of another's lease", mac(2), func(s *side) query {
		return s.from(mac(2), kind(decline), addrOpt(50, "192.0.2.120"), addrOpt(54, "192.0.2.1"))
	})
	p.same("RELEASE of another's lease", mac(2), unicast(mac(2), release, "192.0.2.120", addrOpt(54, "192.0.2.1")))
	p.same("RENEWING after these", some, unicast(some, request, "192.0.2.120"))
	p.same("RELEASE to another server", some, unicast(some, release, "192.0.2.120", addrOpt(54, "192.0.2.2")))
	p.same("RENEWING after it", some, unicast(some, request, "192.0.2.120"))
	p.same("RELEASE with another client identifier", some, unicast(some, release, "192.0.2.120", opt(61, 1, 2, 3), addrOpt(54, "192.0.2.1")))
	p.same("RENEWING after that", some, unicast(some, request, "192.0.2.120"))
	p.same("RELEASE", some, unicast(some, release, "192.0.2.120", addrOpt(54, "192.0.2.1")))
	p.same("INIT-REBOOT of a released address", some, rebooting(some, "192.0.2.120"))
	p.same("RENEWING a released address", some, unicast(some, request, "192.0.2.120"))
	p.same("RELEASE without a server identifier", some, unicast(some, release, "192.0.2.120"))
	p.same("INIT-REBOOT after that", some, rebooting(some, "192.0.2.120"))
	p.same("RENEWING after all", some, unicast(some, request, "192.0.2.120"))
	p.same("DISCOVER for a lease to decline", mac(3), discover(mac(3), addrOpt(50, "192.0.2.125")))
	p.same("SELECTING to decline", mac(3), selecting(mac(3)))
	p.same("DECLINE", mac(3), func(s *side) query {
		return s.from(mac(3), kind(decline), addrOpt(50, "192.0.2.125"), addrOpt(54, "192.0.2.1"))
	})
	p.differs("RENEWING a declined address", mac(3), unicast(mac(3), request, "192.0.2.125"),
		"NAK to 192.0.2.125", "NAK to 255.255.255.255", broadcastNak)
	p.same("INIT-REBOOT of a declined address", mac(3), rebooting(mac(3), "192.0.2.125"))
	p.same("SELECTING a declined address", mac(2), rebooting(mac(2), "192.0.2.125", addrOpt(54, "192.0.2.1")))

	p.same("DISCOVER for another to decline", mac(3), discover(mac(3), addrOpt(50, "192.0.2.126")))
	p.same("SELECTING another to decline", mac(3), selecting(mac(3)))
	p.same("DECLINE without a server identifier", mac(3), func(s *side) query {
		return s.from(mac(3), kind(decline), addrOpt(50, "192.0.2.126"))
	})
	p.same("INIT-REBOOT of it", mac(3), rebooting(mac(3), "192.0.2.126"))

	// Asking for parameters only.
	p.same("INFORM", mac(4), unicast(mac(4), inform, "192.0.2.200", all))
	p.differs("INFORM from outside", mac(4), unicast(mac(4), inform, "10.1.1.1", all),
		"ACK to 10.1.1.1", "silence", "Kea's answer tells it nothing, and there is no subnet to tell it of")
	p.same("INFORM by broadcast", mac(4), func(s *side) query {
		q := s.from(mac(4), kind(inform), ciaddr("192.0.2.200"), all)
		q.from = netip.MustParseAddr("192.0.2.200")
		return q
	})
	p.same("INFORM without ciaddr", mac(4), func(s *side) query {
		q := s.from(mac(4), kind(inform), all)
		q.from, q.to = netip.MustParseAddr("192.0.2.200"), serverAddr
		return q
	})
	p.same("INFORM without any address", mac(4), func(s *side) query { return s.from(mac(4), kind(inform), all) })
	p.same("INFORM of a printer", mac(0x101), unicast(mac(0x101), inform, "192.0.2.201", all))
	p.same("INFORM in blue", mac(4), unicast(mac(4), inform, "192.0.2.200", all, text(60, "blue")))

	// Reservations and classes.
	printer := mac(0x101)
	p.same("reserved", printer, discover(printer, all))
	p.same("reserved, SELECTING", printer, selecting(printer, all))
	p.same("reserved, with a name", printer, rebooting(printer, "192.0.2.10", all, text(12, "my-own-name")))
	p.same("reserved, another address", printer, rebooting(printer, "192.0.2.130"))
	p.same("reserved, hint for another address", printer, discover(printer, addrOpt(50, "192.0.2.130")))
	p.same("reserved, unicast flag", printer, discover(printer, dhcpv4.WithBroadcast(true)))
	byID := mac(0x102)
	p.same("by client-id", byID, discover(byID, opt(61, 1, 2, 3, 4, 5), all))
	p.same("by client-id, SELECTING", byID, selecting(byID, opt(61, 1, 2, 3, 4, 5), all))
	p.same("its address, another client", mac(5), rebooting(mac(5), "192.0.2.105", addrOpt(54, "192.0.2.1")))
	p.same("its address, another client's hint", mac(5), discover(mac(5), addrOpt(50, "192.0.2.105"), opt(61, 9, 9)))
	byDUID := mac(0x105)
	p.same("by DUID", byDUID, discover(byDUID, opt(61, 255, 0, 0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7), all))
	named := mac(0x103)
	p.same("only a name", named, discover(named, addrOpt(50, "192.0.2.131"), all, prl(12)))
	p.same("only a name, SELECTING", named, selecting(named, prl(12, 15)))
	inBlue := mac(0x104)
	p.same("class by reservation", inBlue, discover(inBlue, addrOpt(50, "192.0.2.151"), all))
	p.same("class by reservation, SELECTING", inBlue, selecting(inBlue, all))
	blue := mac(6)
	p.same("class", blue, discover(blue, text(60, "blue"), addrOpt(50, "192.0.2.152"), prl(15, 66, 67, 70, 6)))
	p.same("class, SELECTING", blue, selecting(blue, text(60, "blue"), prl(15, 66, 67, 70, 6)))
	p.differs("class lost", blue, unicast(blue, request, "192.0.2.152", prl(15, 66, 67, 70, 6)),
		"NAK to 192.0.2.152", "NAK to 255.255.255.255", broadcastNak)
	p.same("class lost, INIT-REBOOT", blue, rebooting(blue, "192.0.2.152"))
	p.same("dropped", mac(0xdd), discover(mac(0xdd)))
	short := mac(7)
	p.same("lifetime of a class", short, discover(short, text(77, "short"), addrOpt(50, "192.0.2.132")))
	for _, wish := range []uint32{10, 45, 100, 0, 0xffffffff} {
		p.same(fmt.Sprintf("lifetime of a class, %d wanted", wish), short, discover(short, text(77, "short"), addrOpt(50, "192.0.2.132"), u32(51, wish)))
	}
	p.same("lifetime of a class, SELECTING", short, selecting(short, text(77, "short"), u32(51, 40)))
	for _, wish := range []uint32{0, 1, 999, 1000, 4000, 5001, 0xffffffff} {
		p.same(fmt.Sprintf("lifetime %d wanted", wish), short, unicast(short, request, "192.0.2.132", u32(51, wish)))
	}
	p.differs("lifetime of the wrong length", short, unicast(short, request, "192.0.2.132", opt(51, 1, 2)),
		"silence", "ACK 192.0.2.132 to 192.0.2.132", unreadable)

	// Through relay agents.
	there := "198.51.100.1"
	far := mac(0x201)
	p.same("relayed", far, relayed(discover(far, addrOpt(50, "198.51.100.100"), all), there, ""))
	p.same("relayed, agent information", far, relayed(discover(far, addrOpt(50, "198.51.100.100"), all), there, "\x01\x06port 9\x02\x02ab\x97\x01z"))
	p.same("relayed, SELECTING", far, relayed(selecting(far, all), there, "\x01\x06port 9\x02\x02ab"))
	p.same("relayed, INIT-REBOOT", far, relayed(rebooting(far, "198.51.100.100"), there, ""))
	p.same("relayed, INIT-REBOOT, unknown client", mac(0x202), relayed(rebooting(mac(0x202), "198.51.100.101"), there, ""))
	p.same("relayed, INIT-REBOOT, wrong network", mac(0x202), relayed(rebooting(mac(0x202), "192.0.2.101"), there, "\x01\x01x"))
	p.same("relayed, INIT-REBOOT, outside of the pools", mac(0x202), relayed(rebooting(mac(0x202), "198.51.100.201"), there, ""))
	p.same("relayed, RENEWING what nobody has", mac(0x202), unicast(mac(0x202), request, "198.51.100.120"))
	p.same("RENEWING from behind the relay agent", far, unicast(far, request, "198.51.100.100"))
	p.same("client-id does not count", far, unicast(far, request, "198.51.100.100", opt(61, 1, 2, 3)))
	p.same("relayed, hint", mac(0x203), relayed(discover(mac(0x203), addrOpt(50, "198.51.100.130"), dhcpv4.WithBroadcast(true)), there, ""))
	p.same("relayed from an unknown network", mac(0x204), relayed(discover(mac(0x204)), "10.77.0.1", ""))
	seven := mac(0x205)
	p.same("by circuit", seven, relayed(discover(seven, all), there, "\x01\x06port 7"))
	p.same("by circuit, SELECTING", seven, relayed(selecting(seven, prl(12)), there, "\x01\x06port 7"))
	p.differs("by circuit, RENEWING", seven, unicast(seven, request, "198.51.100.7", prl(12)),
		"NAK to 198.51.100.7", "NAK to 255.255.255.255", broadcastNak)
	p.same("another client on the circuit", mac(0x206), relayed(discover(mac(0x206), addrOpt(50, "198.51.100.110")), there, "\x01\x06port 7"))
	p.same("link selection", mac(0x207), relayed(discover(mac(0x207), addrOpt(50, "198.51.100.140")), "203.0.113.129", "\x05\x04\xc6\x33\x64\x00"))
	p.same("link selection of nothing", mac(0x207), relayed(discover(mac(0x207)), there, "\x05\x04\x0a\x63\x00\x00"))
	p.same("subnet selection", mac(0x208), relayed(discover(mac(0x208), addrOpt(118, "198.51.100.0"), addrOpt(50, "198.51.100.141")), "203.0.113.129", ""))
	p.same("subnet selection without a relay agent", mac(0x209), discover(mac(0x209), addrOpt(118, "198.51.100.0"), addrOpt(50, "198.51.100.142")))
	p.differs("server identifier override", mac(0x20a), relayed(discover(mac(0x20a), addrOpt(50, "198.51.100.143")), there, "\x0b\x04\xc6\x33\x64\x01"),
		"OFFER 198.51.100.143 to 198.51.100.1", "OFFER 198.51.100.143 to 198.51.100.1", overridden)
	p.differs("server identifier override, SELECTING", mac(0x20a), relayed(selecting(mac(0x20a)), there, "\x0b\x04\xc6\x33\x64\x01"),
		"ACK 198.51.100.143 to 198.51.100.1", "ACK 198.51.100.143 to 198.51.100.1", overridden)
	p.same("empty agent information", mac(0x20b), relayed(discover(mac(0x20b), addrOpt(50, "198.51.100.144"), opt(82)), there, ""))

	// A shared network.
	p.same("shared", mac(0x301), relayed(discover(mac(0x301), all), "203.0.113.129", ""))
	p.same("shared, SELECTING", mac(0x301), relayed(selecting(mac(0x301), all), "203.0.113.129", ""))
	p.same("shared, guarded subnet", mac(0x302), relayed(discover(mac(0x302), all, text(60, "blue")), "203.0.113.129", ""))
	p.same("shared, guarded subnet, SELECTING", mac(0x302), relayed(selecting(mac(0x302), all, text(60, "blue")), "203.0.113.129", ""))
	p.same("shared, class lost", mac(0x302), relayed(rebooting(mac(0x302), "203.0.113.10"), "203.0.113.129", ""))
	p.same("shared, hint of the other subnet", mac(0x303), relayed(discover(mac(0x303), all, addrOpt(50, "203.0.113.155")), "203.0.113.129", ""))
	p.same("shared, SELECTING it", mac(0x303), relayed(selecting(mac(0x303)), "203.0.113.129", ""))
	p.same("shared, first pool full", mac(0x304), relayed(discover(mac(0x304), addrOpt(50, "203.0.113.141")), "203.0.113.129", ""))
	p.same("shared, INIT-REBOOT in the other subnet", mac(0x303), relayed(rebooting(mac(0x303), "203.0.113.155"), "203.0.113.130", ""))

	// Names.
	names := func(what, giaddr, hint string, mods ...dhcpv4.Modifier) {
		n := mac(0x400 + int(p.steps))
		with := append([]dhcpv4.Modifier{prl(12, 81, 15)}, mods...)
		p.same(what, n, relayed(discover(n, append(with, addrOpt(50, hint))...), giaddr, ""))
		p.same(what+", SELECTING", n, relayed(selecting(n, with...), giaddr, ""))
	}
	names("name", there, "198.51.100.121", text(12, "Alpha"))
	names("full name", there, "198.51.100.122", text(12, "alpha.example.com."))
	names("name with odd characters", "203.0.113.129", "203.0.113.156", text(12, "al_pha beta"))
	names("empty name", there, "198.51.100.123", opt(12))
	names("name with a null", there, "198.51.100.124", text(12, "alpha\x00"))
	names("FQDN, client updates", there, "198.51.100.125", text(81, "\x04\x00\x00\x05gamma\x07example\x03com\x00"))
	names("FQDN, server updates", there, "198.51.100.126", text(81, "\x05\x00\x00\x05gamma\x07example\x03com\x00"))
	names("FQDN, no updates", there, "198.51.100.127", text(81, "\x08\x00\x00gamma"))
	p.differs("FQDN, N and S", mac(0x402), discover(mac(0x402), addrOpt(50, "192.0.2.135"), text(81, "\x09\x00\x00gamma")),
		"silence", "OFFER 192.0.2.135 to 192.0.2.135", unreadable)
	names("FQDN, partial", there, "198.51.100.129", text(81, "\x05\x00\x00\x05gamma"))
	names("FQDN, ASCII", there, "198.51.100.133", text(81, "\x01\x00\x00gamma.example.com"))
	names("FQDN, empty", there, "198.51.100.131", text(81, "\x05\x00\x00"))
	names("FQDN and name", there, "198.51.100.132", text(12, "alpha"), text(81, "\x05\x00\x00\x05gamma\x00"))
	names("FQDN, not requested", there, "198.51.100.134", prl(1), text(81, "\x05\x00\x00\x05gamma\x00"))
	names("replaced name", "10.9.9.9", "10.5.0.10", text(12, "alpha"))
	p.same("the pool is empty", mac(0x403), relayed(discover(mac(0x403)), "10.9.9.9", ""))
	p.same("the pool is empty, SELECTING", mac(0x403), relayed(rebooting(mac(0x403), "10.5.0.10", addrOpt(54, "192.0.2.1")), "10.9.9.9", ""))
	p.same("the pool is empty, INIT-REBOOT", mac(0x403), relayed(rebooting(mac(0x403), "10.5.0.10"), "10.9.9.9", ""))

	// Forms of messages.
	odd := mac(0x501)
	p.same("BOOTP", odd, func(s *side) query { return s.from(odd) })
	p.same("no type, with options", odd, func(s *side) query { return s.from(odd, all) })
	for _, k := range []dhcpv4.MessageType{dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak, 10, 13, 200} {
		p.same(fmt.Sprintf("message type %d", k), odd, func(s *side) query { return s.from(odd, kind(k)) })
	}
	hint := 135
	field := func(f func(m []byte)) func(*side) query {
		hint++
		return func(s *side) query {
			q := discover(odd, addrOpt(50, fmt.Sprintf("192.0.2.%d", hint)))(s)
			f(q.message)
			return q
		}
	}
	p.same("as sent", odd, field(func([]byte) {}))
	p.same("secs, hops, flags", odd, field(func(m []byte) { m[3], m[9], m[11] = 2, 9, 1 }))
	p.same("no hardware address", odd, field(func(m []byte) { m[2] = 0 }))
	p.differs("short hardware address", odd, field(func(m []byte) { m[2] = 4 }),
		"OFFER 192.0.2.139 to 192.0.2.139", "OFFER 192.0.2.139 to 192.0.2.139", "the frame is broadcast: the link has no such addresses")
	p.differs("long hardware address", odd, field(func(m []byte) { m[2] = 16 }),
		"OFFER 192.0.2.140 to 192.0.2.140", "OFFER 192.0.2.140 to 192.0.2.140", "the frame is broadcast: the link has no such addresses")
	p.differs("hardware address too long", odd, field(func(m []byte) { m[2] = 17 }),
		"OFFER 192.0.2.141 to 192.0.2.141", "silence", "chaddr has 16 bytes; Kea makes do with zeros")
	p.same("other hardware", odd, field(func(m []byte) { m[1] = 32 }))
	p.differs("a reply", odd, field(func(m []byte) { m[0] = 2 }),
		"OFFER 192.0.2.143 to 192.0.2.143", "silence", "clients send BOOTREQUEST (RFC 2131, table 1)")
	p.same("no cookie", odd, field(func(m []byte) { m[236] = 0 }))
	p.same("boot fields", odd, field(func(m []byte) { copy(m[44:], "server"); copy(m[108:], "file"); m[20] = 9 }))
	p.same("address in yiaddr", odd, field(func(m []byte) { copy(m[16:], []byte{192, 0, 2, 134}) }))
	p.same("client-id of one byte", odd, discover(odd, addrOpt(50, "192.0.2.147"), opt(61, 9)))
	p.same("list twice over", odd, discover(odd, addrOpt(50, "192.0.2.133"), prl(6, 6, 15, 15, 1)))
	p.differs("empty list", odd, discover(odd, addrOpt(50, "192.0.2.133"), prl()),
		"silence", "OFFER 192.0.2.133 to 192.0.2.133", unreadable)
	p.same("rapid commit", odd, discover(odd, addrOpt(50, "192.0.2.133"), opt(80)))
	p.differs("DISCOVER with ciaddr", odd, discover(odd, ciaddr("192.0.2.133"), addrOpt(50, "192.0.2.133")),
		"OFFER 192.0.2.133 to 192.0.2.133", "OFFER 192.0.2.133 to 192.0.2.133", "a client with an address is asked by ARP for its hardware address")
	p.same("DISCOVER with a server", odd, discover(odd, addrOpt(50, "192.0.2.133"), addrOpt(54, "192.0.2.2")))
	p.same("DISCOVER to this server", odd, discover(odd, addrOpt(50, "192.0.2.133"), addrOpt(54, "192.0.2.1")))
	// Options that do not fit into what the client takes, 576 bytes unless it
	// says more (RFC 2132, section 9.10). Kea sends all of them all the same.
	list := make([]byte, 254)
	for i := range list {
		list[i] = byte(i + 1)
	}
	for what, mods := range map[string][]dhcpv4.Modifier{
		"all options":   {prl(list...)},
		"a long option": {prl(224, 6, 15)},
		"small message": {prl(224, 6, 15), opt(57, 2, 64)},
		"tiny message":  {prl(224, 6, 15), opt(57, 1, 0)},
	} {
		kea, ours := p.ask(odd, discover(odd, append(mods, addrOpt(50, "192.0.2.133"))...), func(kea, ours *reply) bool { return kea != nil && ours != nil })
		require.NotNil(t, kea, what)
		require.NotNil(t, ours, what)
		require.Greater(t, kea.length, 548, what)
		require.LessOrEqual(t, ours.length, 548, what)
		delete(kea.options, 224)
		delete(kea.options, 52)
		delete(ours.options, 52)
		require.Equal(t, kea.String(), ours.String(), what)
	}
	mods := []dhcpv4.Modifier{addrOpt(50, "192.0.2.133"), prl(224, 6, 15)}
	p.same("large message", odd, discover(odd, append(mods, opt(57, 0x05, 0xdc))...))
}
