package ha_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// file makes a file with a text.
func file(t testing.TB, text string) string {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Credentials that cannot be loaded are told of where they are: those of the
// relationship once.
func TestBadTLSFiles(t *testing.T) {
	tls := object{"trust-anchor": "/nonexistent", "cert-file": "/nonexistent", "key-file": "/nonexistent"}
	for path, r := range map[string]object{
		"high-availability[0]":          loadBalancing(tls),
		"high-availability[0].peers[1]": secondPeer(tls),
	} {
		_, err := ha.ParseConfigs(text(t, r), nil)
		var e *ha.ConfigError
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Problems, 1)
		require.Equal(t, path, e.Problems[0].Path)
		require.Contains(t, e.Problems[0].Text, "/nonexistent")
	}
}
