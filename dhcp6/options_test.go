package dhcp6

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

// sent are the configured options of a reply, as "code value".
func sent(m *dhcpv6.Message) (list []string) {
	for _, o := range m.Options.Options {
		switch o.Code() {
		case dhcpv6.OptionClientID, dhcpv6.OptionServerID, dhcpv6.OptionIANA, dhcpv6.OptionIAPD:
		default:
			list = append(list, fmt.Sprintf("%d %s", o.Code(), o.ToBytes()))
		}
	}
	return list
}

// text is an entry of option-data whose value is text.
func text(code int, value string, more ...string) string {
	return fmt.Sprintf(`{"code": %d, "csv-format": false, "data": "'%s'"%s}`, code, value, strings.Join(more, ""))
}

func TestOptionLevels(t *testing.T) {
	t.Parallel()
	// Every level has options that only the levels before it have too.
	level := func(name string, codes ...int) string {
		list := `"option-data": [`
		for i, code := range codes {
			if i > 0 {
				list += ", "
			}
			list += text(code, name)
		}
		return list + "]"
	}
	b := newBench(t, level("global", 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008)+`,
		"client-classes": [{"name": "first", "test": "member('ALL')", `+level("first", 1001, 1002, 1003, 1004, 1005, 1006, 1007)+`},
			{"name": "second", "test": "member('ALL')", `+level("second", 1001, 1007, 1006)+`}],
		"shared-networks": [{"name": "net", "interface": "eth0", `+level("network", 1001, 1002, 1003, 1004, 1005)+`, "subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", `+level("subnet", 1001, 1002, 1003, 1004)+`,
			 "pools": [{"pool": "2001:db8:1::/112", `+level("pool", 1001, 1002, 1003)+`}],
			 "pd-pools": [{"prefix": "2001:db8:0::", "prefix-len": 48, "delegated-len": 56, `+level("pd-pool", 1001, 1002)+`}],
			 "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", `+level("host", 1001)+`}]}]}]`, nil)
	ask := oro(1008, 1007, 1006, 1005, 1004, 1003, 1002, 1001)
	require.Equal(t, []string{
		"1008 global", "1007 first", "1006 first", "1005 network", "1004 subnet", "1003 pool", "1002 pd-pool", "1001 host",
	}, sent(b.ask(solicit, 7, na(1), pd(1), ask)), "of two pools that with lower addresses counts first")
	require.Equal(t, []string{
		"1008 global", "1007 first", "1006 first", "1005 network", "1004 subnet", "1003 subnet", "1002 subnet", "1001 subnet",
	}, sent(b.ask(information, 8, ask)))
	require.Equal(t, []string{"1008 global", "1001 first"},
		sent(b.ask(information, 8, relayed(agent("2001:db8:77::1", "fe80::9")), oro(1008, 1001))), "without subnet")
}

func TestOptionsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "option-data": [`+text(1001, "asked")+`, `+text(1002, "always", `, "always-send": true`)+`, `+
		text(1003, "never", `, "never-send": true, "always-send": true`)+`, `+text(1, "wrong", `, "always-send": true`)+`, `+text(2, "wrong")+`, `+
		text(1004, "phone", `, "client-classes": ["phones"]`)+`], "client-classes": [{"name": "phones", "test": "option[15].exists"}]`), nil)
	require.Equal(t, []string{"1002 always"}, sent(b.ask(solicit, 7, na(1))))
	reply := b.ask(solicit, 7, na(1), oro(1003, 1001, 1, 2, 1001, 1004, 1002), oro(1001, 9))
	require.Equal(t, []string{"1001 asked", "1002 always"}, sent(reply))
	require.Equal(t, duid(7), reply.GetOneOption(dhcpv6.OptionClientID).ToBytes(), "what the reply has stays")
	require.Len(t, reply.GetOption(dhcpv6.OptionServerID), 1)
	phone := opt(dhcpv6.OptionUserClass, 0, 1, 'p')
	require.Equal(t, []string{"1004 phone", "1002 always"}, sent(b.ask(solicit, 7, na(1), phone, oro(1004))))
	require.Equal(t, []string{"1002 always"}, sent(b.ask(solicit, 7, na(1), with(raw(dhcpv6.OptionORO, []byte{3})))), "half a code")
}

func TestVendorOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "option-data": [
		{"space": "vendor-4491", "code": 33, "csv-format": false, "data": "'file'"},
		{"space": "vendor-4491", "code": 34, "csv-format": false, "data": "20010db8000000000000000000000034"},
		{"space": "vendor-4491", "code": 2, "csv-format": false, "data": "'type'", "always-send": true},
		{"space": "vendor-99", "code": 1, "csv-format": false, "data": "'one'", "always-send": true},
		{"space": "vendor-98", "code": 1, "csv-format": false, "data": "'asked'"}]`), nil)
	cable := "17 \x00\x00\x11\x8b\x00\x02\x00\x04type"
	file, ninetyNine := "\x00\x21\x00\x04file", "17 \x00\x00\x00\x63\x00\x01\x00\x03one"
	vendor := func(v string) mod { return with(raw(dhcpv6.OptionVendorOpts, []byte(v))) }
	for name, c := range map[string]struct {
		mods []mod
		want []string
	}{
		"unknown client":     {nil, nil},
		"named":              {[]mod{vendor("\x00\x00\x11\x8b")}, []string{cable}},
		"asks":               {[]mod{vendor("\x00\x00\x11\x8b\x00\x01\x00\x02\x00\x21")}, []string{cable + file}},
		"by its class":       {[]mod{with(&dhcpv6.OptVendorClass{EnterpriseNumber: 99, Data: [][]byte{{1}}})}, []string{ninetyNine}},
		"two":                {[]mod{vendor("\x00\x00\x00\x63"), vendor("\x00\x00\x11\x8b\x00\x01\x00\x02\x00\x21")}, []string{ninetyNine, cable + file}},
		"others cannot ask":  {[]mod{vendor("\x00\x00\x00\x62\x00\x01\x00\x02\x00\x01")}, nil},
		"damaged":            {[]mod{vendor("\x00\x00\x11")}, nil},
		"damaged inside":     {[]mod{vendor("\x00\x00\x11\x8b\x00\x01\x00\x09\x00\x21")}, []string{cable}},
		"half a code inside": {[]mod{vendor("\x00\x00\x11\x8b\x00\x01\x00\x03\x00\x21\x00")}, []string{cable + file}},
		"nobody's":           {[]mod{vendor("\x00\x00\x00\x61")}, nil},
	} {
		require.Equal(t, c.want, sent(b.ask(information, 7, c.mods...)), name)
	}
}

// RFC 6422, section 6.
func TestRelaySuppliedOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "relay-supplied-options": ["1001", "bootfile-url", "1002"],
		"option-data": [`+text(1001, "ours")+`, `+text(1002, "always", `, "always-send": true`)+`]`), nil)
	supplied := func(v string) dhcpv6.Option { return raw(dhcpv6.OptionRSOO, []byte(v)) }
	by := func(relays ...*dhcpv6.RelayMessage) mod { return relayed(relays...) }
	at := func(options ...dhcpv6.Option) *dhcpv6.RelayMessage {
		return agent("2001:db8:1::1", "fe80::9", options...)
	}
	for name, c := range map[string]struct {
		mods []mod
		want []string
	}{
		"whether asked for or not": {[]mod{by(at(supplied("\x00\x3b\x00\x03url\x00\x41\x00\x01e")))}, []string{"1002 always", "59 url", "65 e"}},
		"not what may not be":      {[]mod{by(at(supplied("\x00\x17\x00\x03dns\x00\x3b\x00\x03url")))}, []string{"1002 always", "59 url"}},
		"not what there is":        {[]mod{by(at(supplied("\x03\xe9\x00\x01x\x03\xea\x00\x01x"))), oro(1001)}, []string{"1001 ours", "1002 always"}},
		"what there could be":      {[]mod{by(at(supplied("\x03\xe9\x00\x01x")))}, []string{"1002 always", "1001 x"}},
		"the first of two":         {[]mod{by(at(supplied("\x00\x3b\x00\x01a\x00\x3b\x00\x01b")))}, []string{"1002 always", "59 a"}},
		"the client's agent first": {[]mod{by(at(supplied("\x00\x3b\x00\x03far\x00\x41\x00\x01e")), at(supplied("\x00\x3b\x00\x04near")))}, []string{"1002 always", "59 near", "65 e"}},
		"empty":                    {[]mod{by(at(supplied("\x00\x3b\x00\x00")))}, []string{"1002 always", "59 "}},
		"damaged":                  {[]mod{by(at(supplied("\x00\x41\x00\x01e\x00\x3b\x00\x09url")))}, []string{"1002 always", "65 e"}},
		"from the client":          {[]mod{with(supplied("\x00\x41\x00\x01e"))}, []string{"1002 always"}},
	} {
		require.Equal(t, c.want, sent(b.ask(information, 7, c.mods...)), name)
	}
	_, err := suppliedOptions([]string{"nothing"}, b.e.plan.Load().defs)
	require.ErrorContains(t, err, `"nothing" is neither a code nor the name of an option`)
}

// A handler around the engine reads replies by the library's accessors, some of
// which take an option of another type for a mistake.
func TestConfiguredOptionsAreTyped(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [
		{"name": "preference", "data": "9", "always-send": true},
		{"name": "dns-servers", "data": "2001:db8::53, 2001:db8::54"},
		{"name": "domain-search", "data": "example.org, sub.example.org"},
		{"name": "information-refresh-time", "data": "3600"},
		{"name": "bootfile-url", "data": "tftp://boot"},
		{"name": "vendor-opts", "data": "9", "always-send": true},
		{"space": "vendor-9", "code": 32, "csv-format": false, "data": "0a0b", "always-send": true}]`), nil)
	m := b.ask(solicit, 7, na(1), oro(23, 24, 32, 59), fqdn(0, "\x04host\x07example\x03org\x00"))
	require.EqualValues(t, 9, m.Options.Preference())
	require.Equal(t, []net.IP{net.ParseIP("2001:db8::53"), net.ParseIP("2001:db8::54")}, m.Options.DNS())
	require.Equal(t, []string{"example.org", "sub.example.org"}, m.Options.DomainSearchList().Labels)
	require.Equal(t, time.Hour, m.Options.InformationRefreshTime(0))
	require.Equal(t, "tftp://boot", m.Options.BootFileURL())
	require.Equal(t, []byte{10, 11}, m.Options.VendorOpt(9).GetOne(32).ToBytes())
	require.Equal(t, []string{"host.example.org"}, m.Options.FQDN().DomainName.Labels)
	require.Equal(t, unhex(serverDUIDText), m.Options.ServerID().ToBytes())
	for _, o := range m.Options.Options {
		ours, err := appendOption(nil, o)
		require.NoError(t, err)
		require.Equal(t, o.ToBytes(), ours[optionHeader:], o.Code())
	}
}

// What is configured is sent byte for byte, also what the library cannot read or
// would be written differently.
func TestConfiguredOptionsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, o := range []*option.Option{
		{Code: uint16(dhcpv6.OptionPreference), Value: []byte{1, 2}},
		{Code: uint16(dhcpv6.OptionDomainSearchList), Value: []byte("\x03org")}, // which lacks its end
		{Code: uint16(dhcpv6.OptionDNSRecursiveNameServer)},
		{Code: 65000, Value: []byte("x")},
	} {
		wire, err := appendOption(nil, replyOption(dhcpv6.OptionCode(o.Code), o.Value))
		require.NoError(t, err)
		require.Equal(t, string(o.Value), string(wire[optionHeader:]), o.Code)
	}
}
