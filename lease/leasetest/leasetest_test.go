package leasetest_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
	"github.com/dhcpha/dhcpha/lease/leasetest"
)

func TestStore(t *testing.T) {
	leasetest.TestCommitter(t, func(t *testing.T) (lease.Committer, *lease.Store) {
		s, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s, s
	})
}
