package conf

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"1a:1b:1c": "1a:1b:1c", "1:a:1C": "01:0a:1c", "1a1b1c": "1a:1b:1c", "0x1A1b": "1a:1b", "123": "01:23",
		"'port 7'": "70:6f:72:74:20:37", "''7'": "27:37",
	} {
		var id Identifier
		require.NoError(t, id.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, id.String())

		var again Identifier
		require.NoError(t, again.UnmarshalText([]byte(id.String())))
		require.Equal(t, id, again)
	}
	for _, text := range []string{"", "''", "'", "1g", "1::2", ":", "123:4", "0x", "1a-1b"} {
		require.Error(t, new(Identifier).UnmarshalText([]byte(text)), text)
	}
}
