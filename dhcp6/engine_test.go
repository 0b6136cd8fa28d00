package dhcp6

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// The DUID survives restarts, unless the configuration says another.
func TestServerIDIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	start := func(cfg *Config) []byte {
		store, err := lease.Open(path, nil)
		require.NoError(t, err)
		defer store.Close()
		e, err := NewEngine(cfg, store, nil)
		require.NoError(t, err)
		defer e.Close()
		return e.ServerID()
	}
	first := start(&Config{})
	require.Equal(t, first, start(&Config{}))
	en := start(&Config{ServerID: &ServerID{Type: "EN"}})
	require.NotEqual(t, first, en)
	require.Equal(t, en, start(&Config{}))
	require.Equal(t, en, start(&Config{ServerID: &ServerID{Type: "EN"}}))
	once := start(&Config{ServerID: &ServerID{Type: "UUID", Persist: new(false)}})
	require.EqualValues(t, duidUUID, duidType(once))
	require.Equal(t, en, start(&Config{}))
}
