package lease

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

func TestServerID(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	require.Nil(t, s.ServerID())
	id := []byte{0, 2, 0, 0, 0xf3, 0xf0, 1}
	require.NoError(t, s.SetServerID(ctx, id))
	id[0] = 99
	require.Equal(t, []byte{0, 2, 0, 0, 0xf3, 0xf0, 1}, s.ServerID(), "it is the store's own")
	require.Zero(t, s.Revision(), "it is no change of a lease")
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	require.Error(t, s.SetServerID(ctx, make([]byte, 1<<16)))
	check(t, s)

	var backup bytes.Buffer
	_, err := s.Backup(&backup)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(copied, backup.Bytes(), 0o600))
	require.NoError(t, s.Compact(ctx))
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.SetServerID(ctx, id), ErrClosed)
	for _, file := range []string{path, copied} {
		for range 2 {
			s := openAt(t, file)
			check(t, s)
			require.Equal(t, []byte{0, 2, 0, 0, 0xf3, 0xf0, 1}, s.ServerID())
			require.NoError(t, s.Close())
		}
		s := openAt(t, file)
		require.NoError(t, s.SetServerID(ctx, nil))
		require.Nil(t, s.ServerID())
		require.NoError(t, s.Close())
		require.Nil(t, openAt(t, file).ServerID())
	}
}

// An identifier that changes while a copy is made is in the copy.
func TestServerIDDuringACopy(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.SetServerID(ctx, []byte("before")))
	c, err := s.beginCopy(ctx)
	require.NoError(t, err)
	require.NoError(t, s.SetServerID(ctx, []byte("after")))
	require.NoError(t, s.fill(ctx, c))
	s.turn <- struct{}{}
	s.endCopy(c)
	require.NoError(t, c.catchUp())
	require.NoError(t, s.swap(c))
	<-s.turn
	check(t, s)
	require.NoError(t, s.Close())
	require.Equal(t, "after", string(openAt(t, s.path).ServerID()))
}

// One that could not be written is not the server's, wherever the file was
// left.
func TestFailedServerID(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t)
			require.NoError(t, s.SetServerID(ctx, []byte("good")))
			setUpdate(s, failure)
			require.Error(t, s.SetServerID(ctx, []byte("bad")))
			setUpdate(s, update)
			require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
			require.Equal(t, "good", string(s.ServerID()))
			require.NoError(t, s.Close())
			require.Equal(t, "good", string(openAt(t, s.path).ServerID()))
		})
	}
}

func TestDamagedServerID(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.SetServerID(ctx, []byte("good")))
	require.NoError(t, s.Close())
	db, err := bbolt.Open(s.path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put(serverIDKey, []byte("evil"))
	}))
	require.NoError(t, db.Close())
	_, err = Open(s.path, nil)
	require.ErrorIs(t, err, ErrDamaged)
}
