package engine

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func rules(t testing.TB, replace, suffix, charSet string) *NameRules {
	t.Helper()
	r, err := NewNameRules(NameParams{
		Replace: &replace, Prefix: new("myhost"), Suffix: &suffix, CharSet: &charSet, Replacement: new("x"),
	})
	require.NoError(t, err)
	return &r
}

func TestGeneratedName(t *testing.T) {
	t.Parallel()
	r := rules(t, "always", "lan.", "")
	require.Equal(t, "myhost-192-0-2-1.lan", r.Hostname("", "", netip.MustParseAddr("192.0.2.1")))
	require.Equal(t, "myhost-2001-db8--1.lan", r.Hostname("", "", netip.MustParseAddr("2001:db8::1")))
	r = rules(t, "always", strings.Repeat("a", 64), "")
	require.Empty(t, r.Hostname("", "", netip.MustParseAddr("192.0.2.1")), "no name")
}

func TestNameRulesRefused(t *testing.T) {
	t.Parallel()
	_, err := NewNameRules(NameParams{Replace: new(""), Prefix: new(""), Suffix: new(""), Replacement: new(""), CharSet: new("[")})
	require.ErrorContains(t, err, "hostname-char-set")
}

func TestAnswerFQDN(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		name, replace string
		asked         FQDN
		reserved      string
		want          string // empty: no answer
		override      bool
	}{
		{"complete", "never", FQDN{Name: "A.hq."}, "", "a.hq.", false},
		{"partial", "never", FQDN{Name: "a"}, "", "a.lan.", false},
		{"has the suffix", "never", FQDN{Name: "a.lan"}, "", "a.lan.", false},
		{"odd characters", "never", FQDN{Name: "a_b."}, "", "axb.", false},
		{"updates wanted", "never", FQDN{Name: "a", Updates: true}, "", "a.lan.", true},
		{"updates refused", "never", FQDN{Name: "a", None: true}, "", "a.lan.", false},
		{"none", "never", FQDN{}, "", "myhost-2001-db8--1.lan.", false},
		{"replaced", "when-present", FQDN{Name: "a."}, "", "myhost-2001-db8--1.lan.", false},
		{"reserved", "always", FQDN{Name: "a."}, "Mine", "mine.lan.", false},
		{"contradiction", "never", FQDN{Name: "a", Updates: true, None: true}, "", "", false},
		{"no name", "never", FQDN{Name: "a..b"}, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer, ok := rules(t, c.replace, "lan", "[^A-Za-z.-]").AnswerFQDN(c.asked, c.reserved, addr)
			require.Equal(t, c.want != "", ok)
			require.Equal(t, FQDN{Name: c.want, Override: c.override, None: ok}, answer)
		})
	}
	answer, ok := rules(t, "never", "", "[^a-z]").AnswerFQDN(FQDN{Name: "a.b."}, "", addr)
	require.True(t, ok)
	require.Equal(t, "axb.", answer.Name, "the dot that ends it is no character of it")
}

func FuzzLabelName(f *testing.F) {
	f.Add([]byte("\x01A\x02hq\x00"))
	f.Add([]byte("\x01A\x02hq"))
	f.Add([]byte("\x09a"))
	f.Add([]byte("\xc0\x00"))
	f.Add([]byte("\x03a.b\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		name, ok := LabelName(b)
		if !ok || name == "" {
			return
		}
		again := AppendLabels(nil, name)
		back, ok := LabelName(again)
		require.True(t, ok)
		require.Equal(t, strings.TrimSuffix(name, ".")+".", back)
		text, ok := TextName([]byte(name))
		if ok && strings.TrimSpace(name) == name {
			require.Equal(t, name, text)
		}
	})
}
