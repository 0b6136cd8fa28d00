package lease

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// storeFile returns the bytes of a store with a few hundred leases and some
// history, and the leases.
func storeFile(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leases.db")
	s, err := Open(path, nil)
	require.NoError(t, err)
	for round := range 8 {
		var changes []Change
		for n := range 60 {
			l := v4(n*(round+1) + round)
			changes = append(changes, Change{Lease: l, Delete: n%9 == 0})
		}
		require.NoError(t, s.Commit(ctx, changes...))
	}
	require.NoError(t, s.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// Whatever is done to a file, it opens with all its leases or it is refused
// with ErrDamaged; or, where the newer header is hit, with those of the
// transaction before, as after a write that was cut off.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	whole := storeFile(t)
	path := filepath.Join(t.TempDir(), "leases.db")
	open := func(b []byte) (int, error) {
		require.NoError(t, os.WriteFile(path, b, 0o600))
		s, err := Open(path, nil)
		if err != nil {
			return 0, err
		}
		check(t, s)
		defer s.Close()
		return s.index.revs.len(), nil
	}
	rows, err := open(whole)
	require.NoError(t, err)

	rnd := rand.New(rand.NewPCG(5, 6))
	refused := 0
	damage := func(b []byte, at int) {
		got, err := open(b)
		switch {
		case errors.Is(err, ErrDamaged):
			require.ErrorContains(t, err, "restore a backup")
			refused++
		case err != nil: // the mark of the format was hit
			if !errors.Is(err, errForeign) {
				require.ErrorContains(t, err, "newer version")
			}
		case got != rows:
			require.Less(t, at, 8192, "leases were lost without a word")
		}
	}
	for range 400 {
		b := bytes.Clone(whole)
		at := rnd.IntN(len(b))
		for i := range 1 << rnd.IntN(5) {
			b[min(at+i, len(b)-1)] ^= byte(1 + rnd.IntN(255))
		}
		damage(b, at)
	}
	for page := 2; page < len(whole)/4096; page++ { // each page's header, its likeliest victim
		for at := 0; at < 48; at += 5 {
			b := bytes.Clone(whole)
			b[4096*page+at] ^= byte(1 << rnd.IntN(8))
			damage(b, 4096*page+at)
		}
	}
	require.Greater(t, refused, 100)
	for _, size := range []int{0, 1, 100, 4095, 4096, 8192, 8193, 16384, len(whole) / 2} {
		_, err := open(whole[:size])
		require.Error(t, err, size)
		if size == 0 || size > 4096 {
			require.ErrorIs(t, err, ErrDamaged, size)
		}
	}
	for a := 2; a < len(whole)/4096; a++ { // a page in place of another
		b := bytes.Clone(whole)
		copy(b[4096*a:][:4096], whole[4096*(2+rnd.IntN(len(whole)/4096-2)):])
		damage(b, 4096*a)
	}
}

func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	refuse := func(text string) {
		t.Helper()
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = Open(path, nil)
		require.ErrorContains(t, err, text)
		require.ErrorContains(t, err, path)
		require.NotErrorIs(t, err, ErrDamaged)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), "the file was touched")
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("address,hwaddr\n", 1000)), 0o600))
	refuse("not a lease store")

	edit := func(fn func(tx *bbolt.Tx) error) {
		t.Helper()
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(fn))
		require.NoError(t, db.Close())
	}
	require.NoError(t, os.Remove(path))
	edit(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("somebody's")); return err })
	refuse("not a lease store")

	require.NoError(t, os.Remove(path))
	s, err := Open(path, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	edit(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(formatKey, []byte{format + 1}) })
	refuse("newer version: format 4, this version knows 3")

	_, err = Open(t.TempDir(), nil)
	require.Error(t, err)
	_, err = Open(filepath.Join(path, "below a file"), nil)
	require.Error(t, err)
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	_, err := Open(s.path, nil)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Compact(ctx))
	_, err = Open(s.path, nil)
	require.ErrorIs(t, err, ErrLocked)
}

func TestLeftoverCopies(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.Close())
	left := s.path + temporary + "123"
	require.NoError(t, os.WriteFile(left, nil, 0o600))
	openAt(t, s.path)
	require.NoFileExists(t, left)
}

// Rows that are each in order do not pass if they are not those that were
// written.
func TestOtherRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	for name, edit := range map[string]func(*bbolt.Bucket) error{
		"one is missing": func(b *bbolt.Bucket) error { return b.Delete(revKey(3)) },
		"one is old": func(b *bbolt.Bucket) error {
			l := v4(3)
			return errors.Join(b.Delete(revKey(4)), b.Put(revKey(2), sealRow(2, appendLease(nil, &l, 0))))
		},
		"one is new": func(b *bbolt.Bucket) error {
			l := v4(9)
			return b.Put(revKey(9), sealRow(9, appendLease(nil, &l, 0)))
		},
		"one is under another number": func(b *bbolt.Bucket) error {
			row := bytes.Clone(b.Get(revKey(4)))
			return errors.Join(b.Delete(revKey(4)), b.Put(revKey(2), row))
		},
	} {
		os.Remove(path)
		s, err := Open(path, nil)
		require.NoError(t, err)
		for _, n := range []int{1, 1, 2, 3} { // 1 is replaced: there is no row 1
			require.NoError(t, s.Commit(ctx, Change{Lease: v4(n)}))
		}
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)})) // nor a row 2
		require.NoError(t, s.Close())
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error { return edit(tx.Bucket(rowsBucket)) }))
		require.NoError(t, db.Close())
		_, err = Open(path, nil)
		require.ErrorIs(t, err, ErrDamaged, name)
	}
}

// A page in use that the list of free pages names too would be written over
// one day.
func TestUsedPageInFreeList(t *testing.T) {
	t.Parallel()
	b := storeFile(t)
	m, err := readMeta(bytes.NewReader(b))
	require.NoError(t, err)
	list := b[int64(m.freelist)*m.pageSize:]
	require.NotZero(t, native.Uint16(list[10:]))
	native.PutUint64(list[pageHeader:], m.root)
	path := filepath.Join(t.TempDir(), "leases.db")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, err = Open(path, nil)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "used twice")
}
