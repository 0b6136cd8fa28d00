package dhcp6

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// compared is a configuration that touches on much. Client 0xee asks only for
// the test's own use.
const compared = `
	"server-id": {"type": "EN", "enterprise-id": 62448, "identifier": "01"},
	"client-classes": [
		{"name": "phones", "test": "option[16].option[0].exists or substring(option[15].hex, 2, 5) == 'phone'", "valid-lifetime": 1000, "min-valid-lifetime": 500, "max-valid-lifetime": 1500,
		 "preferred-lifetime": 600, "option-data": [{"name": "bootfile-url", "data": "class"}, {"name": "new-posix-timezone", "data": "class"}]},
		{"name": "late", "test": "member('ALL')", "only-if-required": true, "option-data": [{"name": "new-tzdb-timezone", "data": "late"}]},
		{"name": "barred", "test": "hexstring(option[1].hex, ':') == '00:03:00:01:02:00:00:00:00:66'"},
		{"name": "DROP", "test": "member('barred')"}],
	"option-data": [{"name": "dns-servers", "data": "2001:db8::53"}, {"name": "domain-search", "data": "example.org"}, {"name": "new-posix-timezone", "data": "global"},
		{"name": "sntp-servers", "data": "2001:db8::123", "always-send": true}, {"code": 82, "csv-format": false, "data": "00000190"}, {"name": "information-refresh-time", "data": "900"},
		{"name": "preference", "data": "9"}],
	"valid-lifetime": 4000, "min-valid-lifetime": 2000, "max-valid-lifetime": 6000,
	"preferred-lifetime": 3000, "min-preferred-lifetime": 1000, "max-preferred-lifetime": 5000, "calculate-tee-times": true,
	"ddns-qualifying-suffix": "example.org.", "store-extended-info": true,
	"shared-networks": [{"name": "link", "rapid-commit": true, "option-data": [{"name": "new-tzdb-timezone", "data": "network"}], "subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "rapid-commit": true, "option-data": [{"name": "nis-servers", "data": "2001:db8::1"}], "require-client-classes": ["late"],
		 "pools": [{"pool": "2001:db8:1::10-2001:db8:1::1f", "option-data": [{"name": "nisp-servers", "data": "2001:db8::2"}]}, {"pool": "2001:db8:1::20-2001:db8:1::2f", "client-class": "phones"}],
		 "pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 40, "delegated-len": 56, "excluded-prefix": "2001:db8:f00:0:8000::", "excluded-prefix-len": 65}],
		 "reservations": [
			{"duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::101", "2001:db8:1::102"], "prefixes": ["2001:db8:aa00::/48"], "hostname": "reserved", "option-data": [{"name": "nisp-servers", "data": "2001:db8::3"}]},
			{"hw-address": "02:00:00:00:00:02", "ip-addresses": ["2001:db8:1::12"]}]},
		{"id": 2, "subnet": "2001:db8:2::/64", "rapid-commit": true, "pools": [{"pool": "2001:db8:2::10-2001:db8:2::11"}]}]}]`

// The same queries to Kea 2.2 and to an engine with the same configuration get
// the same replies, and leave the same leases, but for what is in departs.
func TestEngineAnswersAsKea(t *testing.T) {
	testnet.Require(t, "kea-dhcp6")
	n := testnet.New(t)
	lan, server, relayAgent := n.LAN(), n.Host("server"), n.Host("agent")
	server.Join(lan, "eth0", "2001:db8:9::1/64")
	relayAgent.Join(lan, "eth0", "2001:db8:9::2/64")
	kea := server.StartKea("kea-dhcp6", `{"Dhcp6": {"interfaces-config": {"interfaces": ["eth0/2001:db8:9::1"]},
		"multi-threading": {"enable-multi-threading": false}, "hooks-libraries": [{"library": "`+testnet.KeaHook(t, "libdhcp_lease_cmds.so")+`"}],`+compared+`}}`)
	var conn net.PacketConn
	relayAgent.Do(func() {
		var err error
		conn, err = net.ListenPacket("udp6", "[2001:db8:9::2]:547")
		require.NoError(t, err)
	})
	defer conn.Close()
	b := newBench(t, compared, nil)
	r := &keaRelay{t, conn}

	here := relayed(agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("port7"))))
	all := oro(7, 23, 24, 27, 28, 31, 32, 39, 41, 42, 59, 67, 82)
	phone := opt(dhcpv6.OptionUserClass, append([]byte{0, 7}, "phone-1"...)...)
	other := toServer("00020000f3f002")
	for i, s := range []struct {
		typ     dhcpv6.MessageType
		client  byte
		mods    []mod
		departs string // why Kea's reply is another; empty: it is not
	}{
		{typ: solicit, client: 7, mods: []mod{na(1, "2001:db8:1::15"), all}},
		{typ: request, client: 7, mods: []mod{na(1, "2001:db8:1::15"), all, fqdn(0, "\x05Seven")}},
		{typ: renew, client: 7, mods: []mod{na(1, "2001:db8:1::15"), all, fqdn(1, "\x05Seven\x03lan\x00")}},
		{typ: renew, client: 7, mods: []mod{na(1, "2001:db8:1::15", "2001:db8:1::16"), all}},
		{typ: rebind, client: 7, mods: []mod{na(1, "2001:db8:1::15"), all}},
		{typ: solicit, client: 7, mods: []mod{na(1)}},
		{typ: request, client: 7, mods: []mod{na(2, "2001:db8:1::17"), pd(1, "2001:db8:f00:700::/56"), all}},
		{typ: renew, client: 7, mods: []mod{na(1, "2001:db8:1::15"), na(2, "2001:db8:1::17"), pd(1, "2001:db8:f00:700::/56"), all}},
		{typ: renew, client: 7, mods: []mod{pd(1, "2001:db8:f00:700::/56", "2001:db8:f00:800::/56"), all}},
		{typ: solicit, client: 8, mods: []mod{na(1, "2001:db8:1::25"), phone, all}}, // guarded pool
		{typ: request, client: 8, mods: []mod{na(1, "2001:db8:1::25 4000 100000"), phone, all}},
		{typ: renew, client: 8, mods: []mod{na(1, "2001:db8:1::25 100 100"), phone, all}, departs: "unlike later versions it does not regard the lifetimes of classes in a Renew"},
		{typ: release, client: 8, mods: []mod{na(1, "2001:db8:1::25")}, departs: "it says Success for the IA too"},
		{typ: solicit, client: 9, mods: []mod{na(1, "2001:db8:1::16 1500 3000")}},
		{typ: solicit, client: 9, mods: []mod{na(1, "2001:db8:1::16 100 100")}},
		{typ: solicit, client: 9, mods: []mod{na(1, "2001:db8:1::16 9000 9000")}},
		{typ: solicit, client: 9, mods: []mod{pd(2, "2001:db8:f00:9900::/64"), all}},
		{typ: request, client: 9, mods: []mod{na(1, "2001:db8:1::16"), other}},
		{typ: request, client: 9, mods: []mod{na(1, "2001:db8:1::16"), without(dhcpv6.OptionServerID)}},
		{typ: solicit, client: 9, mods: []mod{na(1), toServer(serverDUIDText)}},
		{typ: solicit, client: 9, mods: []mod{na(1), without(dhcpv6.OptionClientID)}},
		{typ: solicit, client: 9, mods: []mod{all}},
		{typ: request, client: 1, mods: []mod{na(1), na(2), pd(1), oro(23, 27, 28, 41), fqdn(0, "\x04mine")}},
		{typ: renew, client: 1, mods: []mod{na(1, "2001:db8:1::101"), na(2, "2001:db8:1::102"), pd(1, "2001:db8:aa00::/48"), oro(23)}},
		{typ: renew, client: 1, mods: []mod{pd(1, "2001:db8:aa00::/48"), all}, departs: "it excludes what the pool has, of which the prefix is not"},
		{typ: request, client: 2, mods: []mod{na(1, "2001:db8:1::18"), all}},
		{typ: renew, client: 9, mods: []mod{na(1, "2001:db8:1::19"), all}}, // bound anew
		{typ: renew, client: 9, mods: []mod{na(1, "2001:db8:1::19", "2001:db8:7::1"), all}},
		{typ: rebind, client: 0x20, mods: []mod{na(1, "2001:db8:1::1a"), pd(1, "2001:db8:f00:2000::/56"), all}}, // bound anew
		{typ: solicit, client: 0x66, mods: []mod{na(1)}},                                                        // dropped
		{typ: request, client: 0x33, mods: []mod{na(1, "2001:db8:2::10"), all}},                                 // the other subnet
		{typ: renew, client: 0x33, mods: []mod{na(1, "2001:db8:2::10"), all}},
		{typ: solicit, client: 0x34, mods: []mod{na(1, "2001:db8:1::1b"), opt(dhcpv6.OptionRapidCommit), all}},
		{typ: confirm, client: 7, mods: []mod{na(1, "2001:db8:1::15"), all}},
		{typ: confirm, client: 7, mods: []mod{na(1, "2001:db8:1::15"), na(2, "2001:db8:7::15")}},
		{typ: confirm, client: 7, mods: []mod{na(1)}},
		{typ: confirm, client: 7, mods: []mod{pd(1, "2001:db8:f00:700::/56")}},
		{typ: information, client: 7, mods: []mod{all}},
		{typ: information, client: 7, mods: []mod{all, without(dhcpv6.OptionClientID)}},
		{typ: information, client: 7, mods: []mod{all, toServer(serverDUIDText)}},
		{typ: information, client: 7, mods: []mod{all, other}},
		{typ: request, client: 0x40, mods: []mod{na(1, "2001:db8:1::1c"), pd(1, "2001:db8:f00:4000::/56")}},
		{typ: release, client: 0x40, mods: []mod{na(1, "2001:db8:1::1c")}, departs: "it says Success for the IA too"},
		{typ: release, client: 0x40, mods: []mod{pd(1, "2001:db8:f00:4000::/56")}, departs: "it says Success for the IA too"},
		{typ: release, client: 0x40, mods: []mod{na(1, "2001:db8:1::1c")}, departs: "RFC 9915, section 18.3.7: the message has succeeded"},
		{typ: request, client: 0x41, mods: []mod{na(1, "2001:db8:1::1d")}},
		{typ: decline, client: 0x41, mods: []mod{na(1, "2001:db8:1::1d")}, departs: "it says Success for the IA, and nothing for the message"},
		{typ: decline, client: 0x41, mods: []mod{na(1, "2001:db8:1::1d")}, departs: "RFC 9915, section 18.3.8: the message has succeeded"},
		{typ: request, client: 0x42, mods: []mod{na(1, "2001:db8:1::1d")}},
		{typ: request, client: 0x43, mods: []mod{na(1, "2001:db8:7::1d")}, departs: "RFC 9915, section 18.3.2: NotOnLink"},
		{typ: solicit, client: 7, mods: []mod{na(1), relayed(agent("2001:db8:7::1", "fe80::99"))}},
		{typ: solicit, client: 7, mods: []mod{pd(1), relayed(agent("2001:db8:7::1", "fe80::99"))}},
		{typ: request, client: 7, mods: []mod{na(1), pd(1), relayed(agent("2001:db8:7::1", "fe80::99"))}},
		{typ: renew, client: 7, mods: []mod{na(1), pd(1), relayed(agent("2001:db8:7::1", "fe80::99"))}},
		{typ: rebind, client: 7, mods: []mod{pd(1), relayed(agent("2001:db8:7::1", "fe80::99"))}},
		{typ: rebind, client: 7, mods: []mod{na(1), relayed(agent("2001:db8:7::1", "fe80::99"))}, departs: "RFC 9915, section 18.3.5: another server may know"},
		{typ: confirm, client: 7, mods: []mod{na(1, "2001:db8:1::15"), relayed(agent("2001:db8:7::1", "fe80::99"))}, departs: "RFC 9915, section 18.3.3: MUST NOT send"},
		{typ: renew, client: 7, mods: []mod{na(1, "2001:db8:1::15"), relayed(agent("::", "2001:db8:1::77"), agent("2001:db8:1::1", "fe80::99"))}},
	} {
		mods := append([]mod{here}, s.mods...)
		want := r.ask(queryOf(s.typ, s.client, mods...))
		got := b.ask(s.typ, s.client, mods...)
		if s.departs == "" {
			require.Equal(t, summary(t, want), summary(t, got), "query %d: %v of client %x", i, s.typ, s.client)
		} else {
			require.NotEqual(t, summary(t, want), summary(t, got), "query %d: it does not depart", i)
		}
	}

	for _, l := range b.all() {
		typ := map[lease.Type]string{lease.NA: "IA_NA", lease.PD: "IA_PD"}[l.Type]
		answer, err := kea.Command(t.Context(), "lease6-get", map[string]string{"ip-address": l.Addr.String(), "type": typ})
		require.NoError(t, err)
		var theirs lease.Lease
		require.NoError(t, theirs.UnmarshalJSON(answer.Arguments), "%s %s", l.Addr, answer.Arguments)
		require.InDelta(t, theirs.CLTT, l.CLTT, 5)
		theirs.CLTT, theirs.Revision = l.CLTT, l.Revision
		if len(l.UserContext) > 0 {
			require.JSONEq(t, string(theirs.UserContext), string(l.UserContext))
			theirs.UserContext = l.UserContext
		}
		ours, err := json.Marshal(l)
		require.NoError(t, err)
		kea, err := json.Marshal(theirs)
		require.NoError(t, err)
		require.Equal(t, string(kea), string(ours))
	}
}

// summary is what of a reply is compared: all but the texts of statuses.
func summary(t testing.TB, m *dhcpv6.Message) []string {
	if m == nil {
		return []string{"silence"}
	}
	list := []string{m.MessageType.String()}
	for _, o := range m.Options.Options {
		list = append(list, inWords(t, o)...)
	}
	slices.Sort(list)
	return list
}

// inWords is an option in words, with what is in it.
func inWords(t testing.TB, o dhcpv6.Option) (list []string) {
	value := o.ToBytes()
	inside := func(name string, head int, text string) {
		list = append(list, name+" "+text)
		var options dhcpv6.Options
		require.NoError(t, options.FromBytes(value[head:]))
		for _, o := range options {
			for _, text := range inWords(t, o) {
				list = append(list, name+" "+text)
			}
		}
	}
	number := binary.BigEndian.Uint32
	switch o.Code() {
	case dhcpv6.OptionIANA, dhcpv6.OptionIAPD:
		inside(fmt.Sprintf("%v %d", o.Code(), number(value)), 12, fmt.Sprintf("T1 %d T2 %d", number(value[4:]), number(value[8:])))
	case dhcpv6.OptionIAAddr:
		inside(netip.AddrFrom16([16]byte(value[:16])).String(), 24, fmt.Sprintf("preferred %d valid %d", number(value[16:]), number(value[20:])))
	case dhcpv6.OptionIAPrefix:
		inside(netip.PrefixFrom(netip.AddrFrom16([16]byte(value[9:25])), int(value[8])).String(), 25, fmt.Sprintf("preferred %d valid %d", number(value), number(value[4:])))
	case dhcpv6.OptionStatusCode:
		list = append(list, fmt.Sprintf("status %d", binary.BigEndian.Uint16(value)))
	default:
		list = append(list, fmt.Sprintf("%v %q", o.Code(), value))
	}
	return list
}

// keaRelay is a relay agent that asks a Kea server.
type keaRelay struct {
	t    testing.TB
	conn net.PacketConn
}

// ask returns the reply to a query. Kea answers in the order of the queries, so
// there is none if one to a second query comes first.
func (r *keaRelay) ask(q *Query) *dhcpv6.Message {
	second := queryOf(information, 0xee, relayed(agent("2001:db8:1::1", "fe80::99")))
	for _, q := range []*Query{q, second} {
		var m dhcpv6.DHCPv6 = q.Message
		for _, relay := range slices.Backward(q.Relays) {
			outer := *relay
			outer.Options.Options = append(slices.Clone(relay.Options.Options), dhcpv6.OptRelayMessage(m))
			m = &outer
		}
		_, err := r.conn.WriteTo(m.ToBytes(), net.UDPAddrFromAddrPort(netip.MustParseAddrPort("[2001:db8:9::1]:547")))
		require.NoError(r.t, err)
	}
	var answer *dhcpv6.Message
	for {
		b := make([]byte, 1<<16)
		require.NoError(r.t, r.conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		n, _, err := r.conn.ReadFrom(b)
		require.NoError(r.t, err)
		m, err := dhcpv6.FromBytes(b[:n])
		require.NoError(r.t, err)
		inner, err := m.GetInnerMessage()
		require.NoError(r.t, err)
		if inner.TransactionID == second.Message.TransactionID {
			return answer
		}
		answer = inner
	}
}
