package class_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// tests are conditions that are true of query.
var tests = []string{
	`'a' == 'a'`,
	`not 'a' == 'b'`,
	`not ('a' == 'b') and 'c' == 'c'`,
	`not not 'a' == 'a'`,
	`'a' == 'b' and 'a' == 'b' or 'a' == 'a'`,
	`'a' == 'a' or 'a' == 'b' and 'a' == 'b'`,
	`not ('a' == 'a' and ('a' == 'b' or 'b' == 'c'))`,
	`'a' + 'b' + 'c' == 'ab' + 'c'`,
	`('a' + 'b') == ('ab')`,
	`'' == ''`,
	"'a' ==\n\t'a'",
	`1 == 0x00000001`,
	`0x1 == 0x01`,
	`0X414a == 'AJ'`,
	`4294967295 == 0xffffffff`,
	`192.0.2.1 == 0xc0000201`,
	`2001:db8::1 == 0x20010db8000000000000000000000001`,
	`::ffff:1.2.3.4 == 0x00000000000000000000ffff01020304`,
	`fe80::1 == 0xfe800000000000000000000000000001`,

	`option[12].hex == 'Host.example'`,
	`option[host-name].text == 'Host.example'`,
	`option [ host-name ] . exists`,
	`option[80].exists and option[80].hex == ''`,
	`not option[99].exists`,
	`option[99].hex == ''`,
	`option[99].text == ''`,
	`not option[66].exists`, // a string of zeros is none
	`option[60].hex == 'PXEClient:Arch:00007'`,
	`option[200].hex == 0xdead`,
	`option[200].text == 'type=200, len=002: de:ad'`,
	`option[vendor-encapsulated-options].option[2].hex == 'c'`,
	`option[43].option[1].exists and not option[43].option[3].exists`,
	`not option[12].option[1].exists`,
	`not option[200].option[222].exists`,
	`option[125].option[1].hex == ''`,

	`relay4[1].hex == 'port'`,
	`relay4[2].hex == 0x0007`,
	`relay4[6].text == 'sub'`,
	`not relay4[5].exists and relay4[5].hex == ''`,
	`option[82].option[1].hex == relay4[1].hex`,

	`vendor[4491].exists and vendor[9].exists and vendor[*].exists and vendor[0].exists`,
	`not vendor[10].exists`,
	`vendor.enterprise == 9`,
	`vendor[4491].option[1].hex == 0x020506`,
	`vendor[4491].option[2].hex == ''`,
	`vendor[9].option[1].exists and not vendor[9].option[2].exists`,
	`vendor-class[4491].exists and vendor-class[*].exists and not vendor-class[9].exists`,
	`vendor-class.enterprise == 4491`,
	`vendor-class[4491].data == 'docsis3.0'`,
	`vendor-class[*].data[1] == 'x'`,
	`vendor-class[4491].data[2] == ''`,
	`vendor-class[9].data == ''`,

	`pkt.iface == 'eth0'`,
	`pkt.src == 192.0.2.2 and pkt.dst == 192.0.2.1`,
	`pkt.len == 366`,
	`pkt4.mac == 0x0200000000ff`,
	`pkt4.hlen == 6 and pkt4.htype == 1`,
	`pkt4.giaddr == 192.0.2.2`,
	`pkt4.ciaddr == 0.0.0.0 and pkt4.yiaddr == 0.0.0.0 and pkt4.siaddr == 0.0.0.0`,
	`pkt4.msgtype == 1 and pkt4.transid == 16909060`,

	`member('ALL') and member('KNOWN')`,
	`match('PXE.*', option[60].hex) and not match('PXE', option[60].hex)`,

	`substring('foobar', 0, 6) == 'foobar'`,
	`substring('foobar', 3, 3) == 'bar'`,
	`substring('foobar', 3, all) == 'bar'`,
	`substring('foobar', 1, 4) == 'ooba'`,
	`substring('foobar', -5, 4) == 'ooba'`,
	`substring('foobar', -1, -3) == 'oba'`,
	`substring('foobar', 4, -2) == 'ob'`,
	`substring('foobar', 2, -5) == 'fo'`,
	`substring('foobar', 10, 2) == ''`,
	`substring('foobar', -7, 2) == ''`,
	`substring('foobar', 1, 2147483647) == 'oobar'`,
	`substring(option[99].hex, 0, 1) == ''`,
	`substring(option[60].hex, 0, 9) == 'PXEClient'`,
	`concat('foo', 'bar') == 'foobar'`,
	`ifelse('a' == 'b', 'x', 'y') == 'y'`,
	`ifelse(option[60].exists, option[60].hex, 'none') == option[60].hex`,
	`sifelse('a' == 'a', 'x', 'y') == 'x'`,
	`'a' == 'b' sand 'a' == 'a' sor 'a' == 'a'`,
	`hexstring(pkt4.mac, ':') == '02:00:00:00:00:ff'`,
	`hexstring('', ':') == ''`,
	`hexstring('foo', '') == '666f6f'`,
	`lcase('aB-Z') == 'ab-z' and ucase('aB-z') == 'AB-Z'`,
	`split('a.b-c', '.', 2) == 'b-c'`,
	`split('a.b-c', '.-', 3) == 'c'`,
	`split('a..c', '.', 2) == ''`,
	`split('a.b', '.', 3) == '' and split('a.b', '.', 0) == '' and split('a.b', '.', -1) == ''`,
	`split('a.b', '', 7) == 'a.b'`,
	`addrtotext(10.0.0.1) == '10.0.0.1' and addrtotext(2003:db8::) == '2003:db8::'`,
	`addrtotext('') == ''`,
	`int8totext(0xff) == '-1' and uint8totext(0xff) == '255'`,
	`int16totext(0xfffe) == '-2' and uint16totext(option[57].hex) == '1500'`,
	`int32totext(4294967295) == '-1' and uint32totext(4294967295) == '4294967295'`,
	`int32totext('') == ''`,
}

// tests6 are conditions that are true of query6.
var tests6 = []string{
	`pkt6.msgtype == 1 and pkt6.transid == 0x00010203`,
	`relay6[0].peeraddr == fe80::1 and relay6[0].linkaddr == 2001:db8::1`,
	`relay6[-1].peeraddr == fe80::2 and relay6[1].linkaddr == 2001:db8::2`,
	`relay6[-2].peeraddr == fe80::1`,
	`relay6[2].peeraddr == '' and relay6[-3].linkaddr == ''`,
	`relay6[0].option[18].hex == 'near' and relay6[-1].option[18].hex == 'far'`,
	`not relay6[0].option[37].exists and not relay6[5].option[18].exists`,
	`option[clientid].hex == 0x00030001020000000001`,
	`option[3].option[13].exists and option[3].option[13].hex == 0x0000`,
	`not option[3].option[5].exists`,
	`vendor[4491].option[36].hex == 'id' and vendor.enterprise == 4491`,
	`not vendor[9].option[36].exists and not vendor[9].exists`,
	`vendor-class[4491].data[0] == 'docsis3.0' and vendor-class[*].data[1] == 'x'`,
	`vendor-class[4491].exists and not vendor-class[9].exists`,
}

func TestMatch(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	for _, expr := range tests {
		check(t, expr, defs, query())
	}
	defs = option.NewDefs(option.V6)
	for _, expr := range tests6 {
		check(t, expr, defs, query6())
	}
}

func check(t *testing.T, expr string, defs *option.Defs, p *class.Packet) {
	t.Helper()
	test, err := class.ParseTest(expr, defs)
	require.NoError(t, err, expr)
	ok, err := test.Match(p)
	require.NoError(t, err, expr)
	require.True(t, ok, expr)
	test, err = class.ParseTest("not ("+expr+")", defs)
	require.NoError(t, err, expr)
	ok, err = test.Match(p)
	require.NoError(t, err, expr)
	require.False(t, ok, "not (%s)", expr)
}

// An empty packet has nothing, and nothing of it makes evaluation fail.
func TestMatchEmptyPacket(t *testing.T) {
	t.Parallel()
	for _, expr := range tests {
		test, err := class.ParseTest(expr, option.NewDefs(option.V4))
		require.NoError(t, err)
		_, err = test.Match(&class.Packet{})
		require.NoError(t, err, expr)
	}
}

func TestMatchErrors(t *testing.T) {
	t.Parallel()
	long := "option[60].hex"
	for range 20 {
		long = "hexstring(" + long + ", '::::::::')"
	}
	for expr, text := range map[string]string{
		`addrtotext('abc') == 'x'`:                        `addrtotext: "abc" is not 4 or 16 bytes of an address`,
		`int16totext('a') == 'x'`:                         `int16totext: "a" is not 2 bytes`,
		`not uint8totext('ab') == 'x'`:                    `uint8totext: "ab" is not 1 bytes`,
		`ifelse(int8totext('ab') == '', 'x', 'y') == 'x'`: `int8totext: "ab" is not 1 bytes`,
		`'a' == 'a' and int8totext('ab') == ''`:           `int8totext: "ab" is not 1 bytes`,
		long + ` == ''`:                                   `a value is longer than 65536 bytes`,
	} {
		test, err := class.ParseTest(expr, option.NewDefs(option.V4))
		require.NoError(t, err, expr)
		ok, err := test.Match(query())
		require.EqualError(t, err, text)
		require.False(t, ok)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	text, err := class.ParseText(`substring(option[60].hex, 0, 3) + '-' + hexstring(pkt4.mac, '')`, option.NewDefs(option.V4))
	require.NoError(t, err)
	got, err := text.Eval(query())
	require.NoError(t, err)
	require.Equal(t, "PXE-0200000000ff", got)

	_, err = class.ParseText(`option[60].exists`, option.NewDefs(option.V4))
	require.EqualError(t, err, "column 1: a condition, expected bytes")
}

func TestClasses(t *testing.T) {
	t.Parallel()
	test, err := class.ParseTest(`member('A') and ifelse(member('B'), 'a', 'b') == 'a'`, option.NewDefs(option.V4))
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B"}, test.Classes())
}

// An option is named as the configuration defines it.
func TestConfiguredName(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	require.NoError(t, defs.Add(option.Def{Name: "mine", Code: 200, Type: option.Uint8, Encapsulate: "inner"}))
	require.NoError(t, defs.Add(option.Def{Name: "deep", Code: 5, Type: option.String, Space: "inner"}))
	p := query()
	p.Option = options(map[uint16]string{200: "\x09\x05\x02hi"})
	check(t, `option[mine].option[5].text == 'hi' and option[200].hex == 0x0905026869`, defs, p)
}

func BenchmarkMatch(b *testing.B) {
	test, err := class.ParseTest(`substring(option[60].hex, 0, 9) == 'PXEClient' and not member('UNKNOWN') and pkt4.giaddr == 192.0.2.2`, option.NewDefs(option.V4))
	require.NoError(b, err)
	p := query()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := test.Match(p); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"(", "not ", "lcase(", "ifelse('a' == 'a', "} {
		_, err := class.ParseTest(strings.Repeat(open, 100_000), option.NewDefs(option.V4))
		require.ErrorContains(t, err, "nests more than 100 levels deep")
	}
}
