package dhcp4

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// compared is a configuration that touches on much; client 0xee has a
// reservation for the test's own use.
const compared = `
	"client-classes": [
		{"name": "phones", "test": "substring(option[60].hex, 0, 5) == 'phone'", "next-server": "198.51.100.7", "boot-file-name": "phone.img", "valid-lifetime": 1000, "min-valid-lifetime": 500, "max-valid-lifetime": 1500,
		 "option-data": [{"name": "tftp-server-name", "data": "class"}, {"name": "domain-name", "data": "class"}]},
		{"name": "late", "test": "member('ALL')", "only-if-required": true, "option-data": [{"name": "root-path", "data": "late"}]},
		{"name": "barred", "test": "hexstring(pkt4.mac, ':') == '02:00:00:00:00:66'"},
		{"name": "DROP", "test": "member('barred')"}],
	"option-data": [{"name": "domain-name-servers", "data": "198.51.100.53"}, {"name": "ntp-servers", "data": "198.51.100.123"}, {"name": "tftp-server-name", "data": "global"},
		{"name": "log-servers", "data": "198.51.100.9", "always-send": true}],
	"valid-lifetime": 4000, "min-valid-lifetime": 2000, "max-valid-lifetime": 6000, "calculate-tee-times": true,
	"ddns-qualifying-suffix": "example.org.", "store-extended-info": true,
	"shared-networks": [{"name": "link", "option-data": [{"name": "domain-name", "data": "network"}], "subnet4": [
		{"id": 1, "subnet": "198.51.100.0/24", "option-data": [{"name": "routers", "data": "198.51.100.1"}], "next-server": "198.51.100.8", "server-hostname": "subnet",
		 "require-client-classes": ["late"],
		 "pools": [{"pool": "198.51.100.10-198.51.100.19", "option-data": [{"name": "merit-dump", "data": "pool"}]}, {"pool": "198.51.100.20-198.51.100.29", "client-class": "phones"}],
		 "reservations": [
			{"hw-address": "02:00:00:00:00:01", "ip-address": "198.51.100.101", "hostname": "Reserved", "option-data": [{"name": "merit-dump", "data": "host"}]},
			{"hw-address": "02:00:00:00:00:02", "ip-address": "198.51.100.12"},
			{"circuit-id": "'port7'", "ip-address": "198.51.100.107"},
			{"client-id": "01:aa", "ip-address": "198.51.100.108"},
			{"duid": "00:01:02", "ip-address": "198.51.100.109"},
			{"hw-address": "02:00:00:00:00:ee", "ip-address": "198.51.100.238"}]},
		{"id": 2, "subnet": "203.0.113.0/24", "pools": [{"pool": "203.0.113.10-203.0.113.11"}]}]}]`

// The same queries to Kea 2.2 and to an engine with the same configuration get
// the same replies, and leave the same leases. Not compared is what Kea 2.2 does
// not know (RFC 5107 and RFC 8925) and where it lets a client leave its reserved
// address.
func TestEngineAnswersAsKea(t *testing.T) {
	testnet.Require(t, "kea-dhcp4")
	n := testnet.New(t)
	lan, server, agent := n.LAN(), n.Host("server"), n.Host("agent")
	server.Join(lan, "eth0", "198.51.100.1/24")
	agent.Join(lan, "eth0", "198.51.100.2/24")
	kea := server.StartKea("kea-dhcp4", `{"Dhcp4": {"interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},
		"multi-threading": {"enable-multi-threading": false}, "hooks-libraries": [{"library": "`+testnet.KeaHook(t, "libdhcp_lease_cmds.so")+`"}],`+compared+`}}`)
	var conn net.PacketConn
	agent.Do(func() {
		var err error
		conn, err = net.ListenPacket("udp4", "198.51.100.2:67")
		require.NoError(t, err)
	})
	defer conn.Close()
	b := newBench(t, compared, nil)
	here := []mod{relay("198.51.100.2"), onInterface("eth0", "198.51.100.1")}
	r := &keaRelay{t, conn, here}

	us, other := toServer("198.51.100.1"), toServer("198.51.100.99")
	all := prl(1, 3, 6, 7, 12, 14, 15, 17, 42, 51, 54, 58, 59, 66, 67, 81)
	phone := opt(optVendorClass, []byte("phone-1")...)
	circuit := opt(optRelayInfo, []byte("\x01\x05port7\x02\x01x")...)
	for i, s := range []struct {
		typ    dhcpv4.MessageType
		client byte
		mods   []mod
	}{
		{discover, 7, []mod{requested("198.51.100.15"), all}},
		{request, 7, []mod{requested("198.51.100.15"), us, all, hostname("Seven_x")}},
		{request, 7, []mod{ciaddr("198.51.100.15"), all, hostname("Seven.lan")}}, // renewed
		{discover, 7, []mod{all}},
		{discover, 8, []mod{requested("198.51.100.25"), phone, all}}, // guarded pool
		{request, 8, []mod{requested("198.51.100.25"), us}},          // not without the class
		{request, 8, []mod{requested("198.51.100.25"), us, phone, all, lifetimeWish(100000)}},
		{discover, 9, []mod{requested("198.51.100.16"), lifetimeWish(3000)}},
		{discover, 9, []mod{requested("198.51.100.16"), lifetimeWish(100)}},
		{request, 9, []mod{requested("198.51.100.15"), us}},                     // another's
		{request, 9, []mod{requested("198.51.100.12"), us}},                     // reserved for another
		{request, 9, []mod{requested("198.51.100.15"), other}},                  // another server
		{request, 9, []mod{requested("198.51.100.16")}},                         // rebooting, unknown
		{request, 7, []mod{requested("198.51.100.16")}},                         // rebooting, wrong
		{request, 7, []mod{requested("198.51.100.15"), all}},                    // rebooting, right
		{request, 9, []mod{ciaddr("198.51.100.15")}},                            // rebinding what another has
		{request, 9, []mod{ciaddr("192.0.2.77")}},                               // rebinding what is nowhere
		{discover, 1, []mod{all, hostname("mine"), requested("198.51.100.17")}}, // reserved, outside of the pools
		{request, 1, []mod{requested("198.51.100.101"), us, all}},
		{discover, 2, []mod{all}}, // reserved, in the pool
		{discover, 0x30, []mod{circuit, all}},
		{request, 0x30, []mod{circuit, requested("198.51.100.107"), us}},
		{discover, 0x31, []mod{clientID("\x01\xaa")}},
		{discover, 0x32, []mod{clientID("\xff\x00\x00\x00\x01\x00\x01\x02")}},
		{discover, 0x66, nil},                                   // dropped
		{discover, 0x33, []mod{requested("203.0.113.10"), all}}, // other subnet of the network
		{request, 0x33, []mod{requested("203.0.113.10"), us, all}},
		{request, 0x33, []mod{ciaddr("203.0.113.10"), all}},
		{discover, 0x35, []mod{opt(optClientFQDN, []byte("\x05\x00\x00\x04Host\x03lan\x00")...), all, requested("198.51.100.18")}},
		{request, 0x35, []mod{opt(optClientFQDN, []byte("\x04\x00\x00\x04Host")...), requested("198.51.100.18"), us}},
		{request, 0x36, []mod{opt(optClientFQDN, []byte("\x00\x00\x00Text")...), requested("198.51.100.19"), us}},
		{decline, 0x36, []mod{requested("198.51.100.19"), us}},
		{request, 0x36, []mod{requested("198.51.100.19"), us}},
		{release, 0x35, []mod{ciaddr("198.51.100.18"), us}},
		{discover, 7, []mod{optAddr(optSubnetSelect, "198.51.100.0"), opt(optRelayInfo, 1, 1, 'y', 5, 4, 198, 51, 100, 0)}},
		{discover, 7, []mod{us}},                 // a DISCOVER for a server is none
		{discover, 7, []mod{relay("192.0.2.1")}}, // no subnet; the reply would go elsewhere
	} {
		mods := append(here[:len(here):len(here)], s.mods...)
		want := r.ask(queryOf(s.typ, s.client, mods...))
		got := b.ask(s.typ, s.client, mods...)
		require.Equal(t, summary(want), summary(got), "query %d: %v of client %x", i, s.typ, s.client)
	}

	for l := range b.store.All() {
		answer, err := kea.Command(t.Context(), "lease4-get", map[string]string{"ip-address": l.Addr.String()})
		require.NoError(t, err)
		var theirs lease.Lease
		require.NoError(t, theirs.UnmarshalJSON(answer.Arguments), "%s", answer.Arguments)
		require.InDelta(t, theirs.CLTT, l.CLTT, 5)
		theirs.CLTT, theirs.Revision = l.CLTT, l.Revision
		if len(l.UserContext) > 0 {
			require.JSONEq(t, string(theirs.UserContext), string(l.UserContext))
			theirs.UserContext = l.UserContext
		}
		require.Equal(t, asJSON(t, theirs), asJSON(t, l))
	}
}

// reply is what of a reply is compared.
type reply struct {
	What           string
	Client, Server string // ciaddr, siaddr
	Name, File     string
	Broadcast      bool
	Options        map[uint8]string
}

func summary(m *dhcpv4.DHCPv4) *reply {
	if m == nil {
		return nil
	}
	r := &reply{short(m), m.ClientIPAddr.String(), m.ServerIPAddr.String(), m.ServerHostName, m.BootFileName, m.Flags&broadcastFlag != 0, map[uint8]string{}}
	if m.MessageType() == dhcpv4.MessageTypeNak {
		r.Broadcast = true // RFC 2131, section 4.3.2, demands it, and Kea does not set it
	}
	for code, v := range m.Options {
		if code == optClientFQDN {
			// RFC 4702, section 2.2, wants 255 in the two bytes behind the
			// flags, and Kea sends back what the client sent.
			v = append(append([]byte{}, v[:1]...), v[fqdnHead:]...)
		}
		r.Options[code] = string(v)
	}
	return r
}

// keaRelay is a relay agent that asks a Kea server.
type keaRelay struct {
	t    testing.TB
	conn net.PacketConn
	here []mod
}

// ask returns the reply to a query. Kea answers in the order of the queries, so
// there is none if one to a second query comes first.
func (r *keaRelay) ask(q *Query) *dhcpv4.DHCPv4 {
	second := queryOf(discover, 0xee, r.here...)
	for _, q := range []*Query{q, second} {
		wire, _, err := encoded(q.Message, nil, maxMessage)
		require.NoError(r.t, err)
		_, err = r.conn.WriteTo(wire, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("198.51.100.1:67")))
		require.NoError(r.t, err)
	}
	var answer *dhcpv4.DHCPv4
	for {
		b := make([]byte, maxMessage)
		require.NoError(r.t, r.conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		n, _, err := r.conn.ReadFrom(b)
		require.NoError(r.t, err)
		m, err := decoded(b[:n])
		require.NoError(r.t, err)
		if m.TransactionID == second.Message.TransactionID {
			return answer
		}
		answer = m
	}
}
