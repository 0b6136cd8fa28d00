package lease_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestOpenMemfileTakesTheLeasesOverOnce(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "kea-leases4.csv")
	recorded, err := os.ReadFile("testdata/memfile-v4.csv")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, recorded, 0o600))

	store, result, err := lease.OpenMemfile(t.Context(), name, false, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{name}, result.Files)
	require.Equal(t, 3, store.Count(1, lease.Assigned, lease.V4))
	first := store.Page(netip.IPv4Unspecified(), 1)[0]
	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: first, Delete: true}))
	require.NoError(t, store.Close())

	// What happens to Kea's file afterwards does not matter.
	store, result, err = lease.OpenMemfile(t.Context(), name, false, nil, nil)
	require.NoError(t, err)
	require.Nil(t, result)
	require.Equal(t, 2, store.Count(1, lease.Assigned, lease.V4))
	require.NoError(t, store.Close())
}

// Clients of DHCPv6 renew what they have with the server of the DUID.
func TestOpenMemfileTakesTheServersDUIDOver(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/memfile-v6.csv")
	require.NoError(t, err)
	folder := func(leases, duid string) (name string) {
		dir := t.TempDir()
		name = filepath.Join(dir, "kea-leases6.csv")
		require.NoError(t, os.WriteFile(name, []byte(leases), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "kea-dhcp6-serverid"), []byte(duid), 0o600))
		return name
	}
	name := folder(string(recorded), "00:01:00:01:32:95:ae:cc:02:00:00:00:00:01")
	store, _, err := lease.OpenMemfile(t.Context(), name, true, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 1, 0, 1, 0x32, 0x95, 0xae, 0xcc, 2, 0, 0, 0, 0, 1}, store.ServerID())
	require.NoError(t, store.SetServerID(t.Context(), []byte{0, 2, 0, 0, 0, 1, 7}))
	require.NoError(t, store.Close())
	store, _, err = lease.OpenMemfile(t.Context(), name, true, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 2, 0, 0, 0, 1, 7}, store.ServerID(), "only once")
	require.NoError(t, store.Close())

	for _, damaged := range []string{"", "00:01:0x", "00:01", "what", strings.Repeat("00:", 130) + "00"} {
		name = folder(string(recorded), damaged)
		_, _, err = lease.OpenMemfile(t.Context(), name, true, nil, nil)
		require.ErrorContains(t, err, "server identifier of Kea in "+filepath.Dir(name)+"/kea-dhcp6-serverid: ", damaged)
		require.NoFileExists(t, name+".db")
	}

	recorded, err = os.ReadFile("testdata/memfile-v4.csv")
	require.NoError(t, err)
	store, _, err = lease.OpenMemfile(t.Context(), folder(string(recorded), "00:01:00:01:32"), false, nil, nil)
	require.NoError(t, err)
	require.Nil(t, store.ServerID(), "DHCPv4 has none")
	require.NoError(t, store.Close())
}

func TestOpenMemfileStartsEmptyWithoutOne(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "kea-leases4.csv")
	store, result, err := lease.OpenMemfile(t.Context(), name, false, nil, nil)
	require.NoError(t, err)
	require.Nil(t, result)
	require.NoError(t, store.Close())
	require.FileExists(t, name+".db")
}

func TestOpenMemfileNamesTheFolderThatIsMissing(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "kea")
	_, _, err := lease.OpenMemfile(t.Context(), filepath.Join(folder, "kea-leases4.csv"), false, nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "the folder "+folder+" must be there and writable")
	require.NotContains(t, err.Error(), "tmp-", "a name nobody has chosen")
}

func TestOpenMemfileRefusesTheOtherFamily(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "kea-leases.csv")
	recorded, err := os.ReadFile("testdata/memfile-v6.csv")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, recorded, 0o600))
	_, _, err = lease.OpenMemfile(t.Context(), name, false, nil, nil)
	require.ErrorContains(t, err, name+": it has leases of DHCPv6")
	require.NoFileExists(t, name+".db")

	store, result, err := lease.OpenMemfile(t.Context(), name, true, nil, nil)
	require.NoError(t, err)
	require.NotZero(t, result.Rows)
	require.NoError(t, store.Close())
	_, _, err = lease.OpenMemfile(t.Context(), name, false, nil, nil)
	require.ErrorContains(t, err, name+".db: it has leases of DHCPv6", "nor is what was made of it taken")

	// A file that says nothing is nobody's.
	empty := filepath.Join(t.TempDir(), "kea-leases6.csv")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	store, _, err = lease.OpenMemfile(t.Context(), empty, true, nil, nil)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

func TestOpenMemfileTakesOverAllOrNothing(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "kea-leases4.csv")
	recorded, err := os.ReadFile("testdata/memfile-v4.csv")
	require.NoError(t, err)
	header, _, _ := strings.Cut(string(recorded), "\n")
	bad := header + "\n" + strings.Repeat("nonsense,,,,,,,,,,\n", 3)
	require.NoError(t, os.WriteFile(name, []byte(bad), 0o600))

	_, result, err := lease.OpenMemfile(t.Context(), name, false, nil, &lease.ImportOptions{MaxRowErrors: 1})
	require.ErrorContains(t, err, name)
	require.NotEmpty(t, result.Errors)
	left, err := filepath.Glob(name + ".*")
	require.NoError(t, err)
	require.Empty(t, left)
}
