package class_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// mistakes are conditions that are refused, and why.
var mistakes = map[string]string{
	``:                                     `column 1: the end, expected a value or a condition`,
	`known`:                                `column 1: known is no keyword of an expression`,
	`true`:                                 `column 1: true is no keyword of an expression`,
	`'a'`:                                  `column 4: the end, expected == (bytes are no condition by themselves)`,
	`option[60].hex`:                       `column 15: the end, expected == (bytes are no condition by themselves)`,
	`option[bogus].exists`:                 `column 8: no option has the name bogus`,
	`option[43].option[circuit-id].exists`: `column 19: circuit-id, expected an integer`,
	`option[a-].exists`:                    `column 9: '-' is not part of an expression`,
	`option[256].exists`:                   `column 8: 256 is out of range, expected 0 to 255`,
	`option[-1].exists`:                    `column 8: -1 is out of range, expected 0 to 255`,
	`option[60] == 'a'`:                    `column 12: ==, expected .`,
	`option[60].Exists`:                    `column 12: Exists, expected option, hex, text or exists`,
	`Option[60].exists`:                    `column 1: Option is no keyword of an expression`,
	`option[60].text.hex == 'a'`:           `column 16: ., expected == (bytes are no condition by themselves)`,
	`option[60].exists == 'true'`:          `column 19: ==, expected and, or, or the end: a condition is not compared`,
	`option[60].exists + 'a' == 'a'`:       `column 19: +, expected and, or, or the end: a condition is not joined`,
	`option[60].exists or`:                 `column 21: the end, expected a value or a condition`,
	`option[60].exists option[61].exists`:  `column 19: option, expected the end`,
	`option[60].exists AND 'a' == 'a'`:     `column 19: AND, expected the end`,
	`(option[60].exists`:                   `column 19: the end, expected )`,
	`option[60].exists)`:                   `column 18: ), expected the end`,
	`'a' == 'b' == 'c'`:                    `column 12: ==, expected the end`,
	`'a' == ('b' == 'c')`:                  `column 8: a condition, expected bytes`,
	`'a' + ('b' == 'c') == 'a'`:            `column 7: a condition, expected bytes`,
	`'a' and 'b' == 'b'`:                   `column 5: and, expected == (bytes are no condition by themselves)`,
	`'b' == 'b' and 'a'`:                   `column 19: the end, expected == (bytes are no condition by themselves)`,
	`not 'a'`:                              `column 8: the end, expected == (bytes are no condition by themselves)`,
	`not`:                                  `column 4: the end, expected a value or a condition`,
	`and`:                                  `column 1: and is no keyword of an expression`,
	`'a' = 'b'`:                            `column 5: '=' is not part of an expression`,
	`'a' != 'b'`:                           `column 5: '!' is not part of an expression`,
	`'a == b`:                              `column 1: the text has no closing quote on its line`,
	"'a\n' == 'b'":                         `column 1: the text has no closing quote on its line`,
	`"a" == 'b'`:                           `column 1: '"' is not part of an expression`,
	`0x == 'a'`:                            `column 2: x, expected == (bytes are no condition by themselves)`,
	`256.1.1.1 == 'a'`:                     `column 1: 256.1.1.1 is not an IP address`,
	`1.2.3 == 'a'`:                         `column 2: ., expected == (bytes are no condition by themselves)`,
	`1::2::3 == 'a'`:                       `column 1: 1::2::3 is not an IP address`,
	`4294967296 == 'a'`:                    `column 1: 4294967296 is out of range, expected 0 to 4294967295`,
	`99999999999999999999 == 'a'`:          `column 1: 99999999999999999999 is out of range, expected 0 to 4294967295`,
	`-1 == 'a'`:                            `column 1: -1 is out of range, expected 0 to 4294967295`,
	`substring('foobar', 0x1, 2) == 'x'`:   `column 21: 0x1, expected an integer`,
	`substring('foobar', 'a', 2) == 'x'`:   `column 21: 'a', expected an integer`,
	`substring('foobar', 1, 'a') == 'x'`:   `column 24: 'a', expected an integer or all`,
	`substring('foobar', 1) == 'x'`:        `column 22: ), expected ,`,
	`substring('a' == 'a', 1, 2) == 'x'`:   `column 11: a condition, expected bytes`,
	`split('a.b', '.', all) == 'b'`:        `column 19: all, expected an integer`,
	`concat('a', 'b', 'c') == 'ab'`:        `column 16: ,, expected )`,
	`ifelse('a', 'c', 'd') == 'd'`:         `column 11: ,, expected == (bytes are no condition by themselves)`,
	`ifelse('a' == 'a', 'c') == 'd'`:       `column 23: ), expected ,`,
	`addrtotext 1.2.3.4 == 'a'`:            `column 12: 1.2.3.4, expected (`,
	`pkt.foo == 1`:                         `column 5: pkt has no field foo`,
	`pkt.mac == 1`:                         `column 5: pkt has no field mac`,
	`pkt6.msgtype == 1`:                    `column 1: pkt6 is only for DHCPv6`,
	`relay6[0].peeraddr == ::1`:            `column 1: relay6 is only for DHCPv6`,
	`relay4[circuit-id].exists`:            `column 8: circuit-id, expected an integer`,
	`vendor[4294967296].exists`:            `column 8: 4294967296 is out of range, expected 0 to 4294967295`,
	`vendor[4491].hex == 'a'`:              `column 14: hex, expected exists`,
	`vendor.exists`:                        `column 8: exists, expected enterprise`,
	`vendor-class[4491].data[256] == 'a'`:  `column 25: 256 is out of range, expected 0 to 255`,
	`vendor-class.data == 4491`:            `column 14: data, expected enterprise`,
	`vendor-class[4491].option[1].exists`:  `column 20: option, expected exists`,
	`member(FOO)`:                          `column 8: FOO, expected the name of a class in quotes`,
	`match('(', 'a')`:                      "column 7: '(' is not a regular expression: error parsing regexp: missing closing ): `\\A(?:()\\z`",
	`match(option[60].hex, 'a')`:           `column 7: option, expected a regular expression in quotes`,
	`exists`:                               `column 1: exists is no keyword of an expression`,
	"option[60].exists\n and option[].hex": `column 31: ], expected an integer`,
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for expr, text := range mistakes {
		_, err := class.ParseTest(expr, option.NewDefs(option.V4))
		assert.EqualError(t, err, text, expr)
	}
	for _, expr := range []string{`pkt4.mac == 0x00`, `relay4[1].exists`, `relay6[32].peeraddr == ::1`, `relay6[0].foo == ::1`, `option[65536].exists`} {
		_, err := class.ParseTest(expr, option.NewDefs(option.V6))
		require.Error(t, err, expr)
	}
}

func FuzzParse(f *testing.F) {
	for _, expr := range tests {
		f.Add(expr)
	}
	for _, expr := range tests6 {
		f.Add(expr)
	}
	for expr := range mistakes {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, p := range []struct {
			family option.Family
			packet *class.Packet
		}{{option.V4, query()}, {option.V6, query6()}} {
			defs := option.NewDefs(p.family)
			if test, err := class.ParseTest(expr, defs); err == nil {
				opposite, err := class.ParseTest("not ("+expr+")", defs)
				require.NoError(t, err)
				for _, packet := range []*class.Packet{p.packet, {}} {
					is, err := test.Match(packet)
					isNot, errToo := opposite.Match(packet)
					require.Equal(t, err == nil, errToo == nil)
					if err != nil {
						continue
					}
					require.Equal(t, !is, isNot)
					// What can be said without the packet is so.
					switch judged := test.Judge(func(name string) class.Truth {
						if packet.Member != nil && packet.Member(name) {
							return class.True
						}
						return class.False
					}); judged {
					case class.True:
						require.True(t, is)
					case class.False:
						require.False(t, is)
					}
				}
			} else {
				var mistake *class.Error
				require.ErrorAs(t, err, &mistake)
				require.LessOrEqual(t, mistake.Column, len(expr)+1)
				require.Positive(t, mistake.Column)
			}
			if text, err := class.ParseText(expr, defs); err == nil {
				s, _ := text.Eval(p.packet)
				require.LessOrEqual(t, len(s), 1<<16+len(expr))
			}
		}
	})
}
