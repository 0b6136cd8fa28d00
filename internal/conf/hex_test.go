package conf

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHex(t *testing.T) {
	for text, want := range map[string]string{
		"1a1b1c": "1a1b1c", "87ABEF": "87abef", "1a:1b:1c": "1a1b1c", " 0x1a ": "1a", "": "",
	} {
		var h Hex
		require.NoError(t, h.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, h.String())
		written, err := h.MarshalText()
		require.NoError(t, err)
		var again Hex
		require.NoError(t, again.UnmarshalText(written))
		require.Equal(t, h, again)
	}
	for _, text := range []string{"1g", "'port 7'", "1::2", ":"} {
		require.Error(t, new(Hex).UnmarshalText([]byte(text)), text)
	}
}
