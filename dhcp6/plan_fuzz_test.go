package dhcp6

import (
	"net"
	"slices"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

// FuzzExchange finds out what there is to know of clients that, like their
// relay agents, send anything. The server gives an exchange only what is well
// formed, other handlers may give it what they like.
func FuzzExchange(f *testing.F) {
	p := planOf(f, `"hooks-libraries": [{"library": "libdhcp_flex_id.so", "parameters": {"identifier-expression": "relay6[0].option[18].hex"}}],
		"host-reservation-identifiers": ["flex-id", "hw-address", "duid"],
		"relay-supplied-options": ["1001", "1002"], "option-data": [`+text(1001, "ours", `, "always-send": true`)+`,
			{"space": "vendor-4491", "code": 33, "csv-format": false, "data": "'file'"}],
		"client-classes": [{"name": "a", "test": "vendor[4491].option[36].exists or vendor-class[*].data[1] == 'x' or relay6[-1].option[37].option[1].exists"},
			{"name": "b", "test": "substring(option[3].option[5].hex, 0, 4) == relay6[0].linkaddr or member('KNOWN')"}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface-id": "port7",
			"reservations": [{"hw-address": "02:00:00:00:00:01", "prefixes": ["2001:db8:f000::/56"]}, {"flex-id": "'port7'", "ip-addresses": ["2001:db8:1::1"]}]}]`)
	f.Add([]byte("\x00\x01\x00\x0a\x00\x03\x00\x01\x02\x00\x00\x00\x00\x01\x00\x06\x00\x02\x03\xe9"), []byte{}, []byte{}, []byte{})
	f.Add([]byte("\x00\x10\x00\x13\x00\x00\x22\xb8\x00\x05phone\x00\x06router\x00\x11\x00\x14\x00\x00\x11\x8b\x00\x01\x00\x02\x00\x21\x00\x24\x00\x06\x02\x00\x00\x00\x00\x01"),
		[]byte("\x00\x12\x00\x05port7\x00\x42\x00\x0c\x03\xea\x00\x03two\x00\x41\x00\x01e"), []byte("\x00\x4f\x00\x08\x00\x01\x02\x00\x00\x00\x00\x01"), []byte("\x20\x01\x0d\xb8\x00\x01"))
	f.Add([]byte("\x00\x01\x00\x03\x00\x02\x00"), []byte("\x00\x25\x00\x0a\x00\x00\x00\x09\x02\x00\x00\x00\x00\x01"),
		[]byte("\x00\x42\x00\x0a\x03\xea\x00\x03two\x03\xea\x00\x04"), []byte("\xfe\x80\x00\x00\x00\x00\x00\x00\x02\x00\x5e\xff\xfe\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, client, near, far, addr []byte) {
		list := func(b []byte) (o dhcpv6.Options) {
			for code, value := range option.V6.Suboptions(b) {
				o = append(o, raw(dhcpv6.OptionCode(code), value))
			}
			return o
		}
		q := &Query{Message: &dhcpv6.Message{MessageType: solicit}, Interface: "eth0"}
		q.Message.Options.Options = list(client)
		for _, options := range [][]byte{far, near} {
			if len(options) > 0 {
				r := &dhcpv6.RelayMessage{MessageType: dhcpv6.MessageTypeRelayForward, LinkAddr: net.IP(addr), PeerAddr: net.IP(addr)}
				r.Options.Options = list(options)
				q.Relays = append(q.Relays, r)
			}
		}
		x := locatedBy(t, p, q)
		classes := slices.Clone(x.classes)
		slices.Sort(classes)
		require.Equal(t, len(classes), len(slices.Compact(classes)), "no class twice")
		require.LessOrEqual(t, len(x.client.HWAddr), maxHWAddr)
		require.Equal(t, len(x.client.HWAddr) > 0, x.hwSource != 0)
		require.NotEqual(t, x.subnet != nil && x.classes.Has("KNOWN"), x.classes.Has("UNKNOWN"))

		x.begin(dhcpv6.MessageTypeReply)
		begun := len(x.reply)
		x.addOptions(x.subnet, nil, x.hostIn(x.subnet))
		codes := map[dhcpv6.OptionCode]int{}
		for code := range options(x.reply[begun:]) {
			codes[code]++
			require.Contains(t, []dhcpv6.OptionCode{65, 1001, 1002, dhcpv6.OptionVendorOpts}, code)
		}
		require.Equal(t, 1, codes[1001])
		require.LessOrEqual(t, codes[1002], 1)
		require.LessOrEqual(t, codes[dhcpv6.OptionVendorOpts], 1)
	})
}
