package dhcp4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostname(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, more, sent string
		want             string // in reply and lease; empty: none
	}{
		{"none", "", "", ""},
		{"lower case", "", "Alpha", "alpha"},
		{"with domain", `, "ddns-qualifying-suffix": "example.org."`, "Alpha.Lan", "alpha.lan"},
		{"made complete", `, "ddns-qualifying-suffix": "example.org."`, "Alpha", "alpha.example.org"},
		{"odd characters", "", "a_b c!", "abc"},
		{"odd characters replaced", `, "hostname-char-replacement": "x"`, "a_b", "axb"},
		{"odd characters allowed", `, "hostname-char-set": ""`, "a_b", "a_b"},
		{"nothing left", "", "!!", ""},
		{"no name", "", "a..b", ""},
		{"terminated", "", "alpha\x00", "alpha"},
		{"blank", "", "  ", ""},
		{"replaced always", `, "ddns-replace-client-name": "always"`, "alpha", "myhost-192-0-2-10"},
		{"replaced when present", `, "ddns-replace-client-name": "when-present", "ddns-qualifying-suffix": "lan"`, "alpha", "myhost-192-0-2-10.lan"},
		{"replaced when present, absent", `, "ddns-replace-client-name": "when-present"`, "", ""},
		{"replaced when absent", `, "ddns-replace-client-name": "when-not-present", "ddns-generated-prefix": "h"`, "", "h-192-0-2-10"},
		{"replaced when absent, present", `, "ddns-replace-client-name": "when-not-present"`, "alpha", "alpha"},
		{"reserved", `, "reservations": [{"hw-address": "02:00:00:00:00:07", "hostname": "Mine"}], "ddns-qualifying-suffix": "lan"`, "alpha", "mine.lan"},
		{"reserved, none sent", `, "reservations": [{"hw-address": "02:00:00:00:00:07", "hostname": "mine.lan"}], "ddns-qualifying-suffix": "lan"`, "", "mine.lan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(c.more), nil)
			var mods []mod
			if c.sent != "" {
				mods = append(mods, hostname(c.sent))
			}
			ack := b.ask(request, 7, append(mods, requested("192.0.2.10"), toServer("192.0.2.1"))...)
			value, ok := ack.Options[optHostname]
			require.Equal(t, c.want, string(value))
			require.Equal(t, c.want != "", ok)
			require.Equal(t, c.want, b.stored("192.0.2.10").Hostname)
		})
	}
}

// RFC 4702: the answer to the client FQDN option of a server that makes no
// updates.
func TestClientFQDN(t *testing.T) {
	t.Parallel()
	const suffix = `, "ddns-qualifying-suffix": "lan"`
	for _, c := range []struct {
		name, more string
		sent       string
		want       string // empty: no answer
		stored     string
	}{
		{"labels, complete", suffix, "\x05\x00\x00\x01A\x02hq\x00", "\x0e\xff\xff\x01a\x02hq\x00", "a.hq."},
		{"labels, partial", suffix, "\x04\x00\x00\x01a", "\x0c\xff\xff\x01a\x03lan\x00", "a.lan."},
		{"text", suffix, "\x00\x00\x00a", "\x08\xff\xffa.lan.", "a.lan."},
		{"no updates wanted", suffix, "\x0c\x00\x00\x01a", "\x0c\xff\xff\x01a\x03lan\x00", "a.lan."},
		{"no name", suffix, "\x05\x00\x00", "\x0e\xff\xff\x11myhost-192-0-2-10\x03lan\x00", "myhost-192-0-2-10.lan."},
		{"always replaced", `, "ddns-replace-client-name": "always"`, "\x04\x00\x00\x01a", "\x0c\xff\xff\x11myhost-192-0-2-10\x00", "myhost-192-0-2-10."},
		{"reserved", suffix + `, "reservations": [{"hw-address": "02:00:00:00:00:07", "hostname": "mine"}]`, "\x04\x00\x00\x01a\x00", "\x0c\xff\xff\x04mine\x03lan\x00", "mine.lan."},
		{"contradiction of flags", suffix, "\x0d\x00\x00\x01a\x00", "", ""},
		{"too short", suffix, "\x01\x00", "", ""},
		{"label beyond the end", suffix, "\x05\x00\x00\x09a", "", ""},
		{"compressed", suffix, "\x05\x00\x00\xc0\x00", "", ""},
		{"dot in a label", suffix, "\x05\x00\x00\x03a.b\x00", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(c.more), nil)
			ack := b.ask(request, 7, opt(optClientFQDN, []byte(c.sent)...), hostname("ignored"), requested("192.0.2.10"), toServer("192.0.2.1"))
			require.Equal(t, c.want, string(ack.Options[optClientFQDN]))
			require.NotContains(t, ack.Options, uint8(optHostname))
			require.Equal(t, c.stored, b.stored("192.0.2.10").Hostname)
			require.False(t, b.stored("192.0.2.10").FQDNFwd)
		})
	}
}

func FuzzClientFQDN(f *testing.F) {
	f.Add([]byte("\x05\x00\x00\x01A\x02hq\x00"), "")
	f.Add([]byte("\x00\x00\x00host.example."), "lan.")
	f.Add([]byte("\x04\x00\x00\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "example.org")
	f.Fuzz(func(t *testing.T, sent []byte, suffix string) {
		rules, err := nameRulesOf(new(Params{DDNSQualifyingSuffix: &suffix}.inherit(DefaultParams())))
		require.NoError(t, err)
		asked, labels, ok := readFQDN(sent)
		if !ok {
			return
		}
		answer, ok := rules.AnswerFQDN(asked, "", serverAddr)
		if !ok {
			return
		}
		option := appendFQDN(nil, answer, labels)
		require.LessOrEqual(t, len(option), 255+fqdnHead)
		back, backLabels, ok := readFQDN(option)
		require.True(t, ok)
		require.Equal(t, labels, backLabels)
		require.Equal(t, answer, back)
	})
}
