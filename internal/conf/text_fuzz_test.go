package conf

import (
	"encoding"
	"testing"

	"github.com/stretchr/testify/require"
)

// A value that is read is written in a form from which it is read again.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{
		"192.0.2.1-192.0.2.9", " 192.0.2.1 -  192.0.2.1 ", "192.0.2.77/26", "2001:db8::/0", "fe80::1%eth0-fe80::2%eth0", "::ffff:192.0.2.1-::ffff:192.0.2.2",
		"1a:1b:1c", "0x1A1b", "123", "'port 7'", "''7'", "1 2", "'", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r Range
		if r.UnmarshalText([]byte(s)) == nil {
			require.False(t, r.Last.Less(r.First))
			require.True(t, r.Contains(r.First) && r.Contains(r.Last) && r.Overlaps(r))
			var again Range
			reread(t, r, &again)
			require.Equal(t, r, again)
		}
		var id Identifier
		if id.UnmarshalText([]byte(s)) == nil {
			require.NotEmpty(t, id)
			var again Identifier
			reread(t, id, &again)
			require.Equal(t, id, again)
		}
		var h Hex
		if h.UnmarshalText([]byte(s)) == nil {
			var again Hex
			reread(t, h, &again)
			require.Equal(t, string(h), string(again))
		}
	})
}

func reread(t *testing.T, from encoding.TextMarshaler, to encoding.TextUnmarshaler) {
	t.Helper()
	text, err := from.MarshalText()
	require.NoError(t, err)
	require.NoError(t, to.UnmarshalText(text), "%s", text)
}
