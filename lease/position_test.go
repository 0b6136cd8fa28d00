package lease

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// locate asks for a place and says "unknown" with -1.
func locate(s *Store, p Position) int {
	rev, ok := s.Locate(p)
	if !ok {
		return -1
	}
	return int(rev)
}

// commitN commits leases one by one, and returns the place after each.
func commitN(t *testing.T, s *Store, n int) (places []Position) {
	t.Helper()
	for i := range n {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(i)}))
		places = append(places, s.Position())
	}
	return places
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// inFlight commits with a write that fails, and returns the place of what is
// being written, and what Locate says of it meanwhile.
func inFlight(t *testing.T, s *Store) (place Position, meanwhile int) {
	t.Helper()
	now := s.Position()
	setUpdate(s, func(*bbolt.DB, func(*bbolt.Tx) error) error {
		place = Position{now.Epoch, s.issued}
		meanwhile = locate(s, place)
		return errDisk
	})
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(100)}, Change{Lease: v4(101)}), errDisk)
	setUpdate(s, update)
	return place, meanwhile
}

func TestLocateWithinALife(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.Equal(t, -1, locate(s, Position{}))
	require.Equal(t, -1, locate(s, Position{Epoch: 12345, Revision: 1}))
	start := s.Position()
	require.Equal(t, 0, locate(s, start))
	for i, p := range commitN(t, s, 3) {
		require.Equal(t, Position{start.Epoch, uint64(i) + 1}, p)
		require.Equal(t, i+1, locate(s, p))
	}
	require.Equal(t, 3, locate(s, Position{start.Epoch, 9}), "nobody was ever told of that")
}

func TestLocateAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	before := commitN(t, s, 3)
	require.NoError(t, s.Close())
	s = openAt(t, path)
	now := s.Position()
	require.NotEqual(t, before[2].Epoch, now.Epoch)
	require.EqualValues(t, 3, now.Revision)
	after := commitN(t, s, 2)
	require.NoError(t, s.Close())
	for range 3 { // nothing is changed
		s = openAt(t, path)
		require.NoError(t, s.Close())
	}
	s = openAt(t, path)
	for i, p := range append(before, after...) {
		require.Equal(t, i+1, locate(s, p), "what was made stays")
	}
	require.Equal(t, 3, locate(s, now))
}

// A failed commit was announced, so others may have come as far as its changes.
func TestLocateAfterAFailedCommit(t *testing.T) {
	t.Parallel()
	for _, then := range []string{"go on", "close", "crash", "fail again"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "leases.db")
			s := openAt(t, path)
			good := commitN(t, s, 3)
			lost, meanwhile := inFlight(t, s)
			require.EqualValues(t, 5, lost.Revision)
			require.Equal(t, 5, meanwhile, "while it is written it is taken for good")
			require.Equal(t, 3, locate(s, lost))
			require.NotEqual(t, good[2].Epoch, s.Position().Epoch)
			places := []Position{lost, s.Position()}
			switch then {
			case "close":
				require.NoError(t, s.Close())
				s = openAt(t, path)
			case "crash":
				crashed := filepath.Join(t.TempDir(), "crashed.db")
				copyFile(t, path, crashed)
				s = openAt(t, crashed)
				places = places[:1] // the epoch was not durable yet
			case "fail again":
				for range 3 {
					p, _ := inFlight(t, s)
					places = append(places, p, s.Position())
				}
				require.Len(t, s.history, 2, "a disk that is full for long does not push out the history")
			}
			for _, p := range places {
				require.Equal(t, 3, locate(s, p))
			}
			require.NoError(t, s.Commit(ctx, Change{Lease: v4(7)}))
			after := s.Position()
			if then != "crash" && then != "close" {
				require.Greater(t, after.Revision, places[len(places)-2].Revision, "its numbers are not used again")
			}
			require.NoError(t, s.Close())
			s = openAt(t, s.path)
			for _, p := range places {
				require.Equal(t, 3, locate(s, p), "although there are such revisions now")
			}
			require.EqualValues(t, after.Revision, locate(s, after))
			require.Equal(t, 2, locate(s, good[1]))
		})
	}
}

// A machine that fails loses what was not on its disk yet, and what others
// have of it already.
func TestLocateAfterALostEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "leases.db"))
	commitN(t, s, 3)
	disk := filepath.Join(dir, "disk.db")
	copyFile(t, s.path, disk)
	lost := commitN(t, s, 2)
	require.NoError(t, s.Close())

	s = openAt(t, disk)
	require.Equal(t, 3, locate(s, lost[1]))
	others := commitN(t, s, 4)
	require.EqualValues(t, 5, others[1].Revision)
	require.Equal(t, 3, locate(s, lost[1]), "the same number, but of another change")
	require.Equal(t, 5, locate(s, others[1]))
}

// An older copy that has been put back lives on beside what it was copied of.
func TestLocateInACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	original := openAt(t, filepath.Join(dir, "leases.db"))
	common := commitN(t, original, 3)
	f, err := os.Create(filepath.Join(dir, "backup.db"))
	require.NoError(t, err)
	_, err = original.Backup(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	ahead := commitN(t, original, 4)
	require.NoError(t, original.Close())
	original = openAt(t, original.path)
	later := commitN(t, original, 1)

	restored := openAt(t, f.Name())
	diverged := commitN(t, restored, 2)
	require.Equal(t, 2, locate(restored, common[1]))
	require.Equal(t, 3, locate(restored, ahead[3]))
	require.Equal(t, -1, locate(restored, later[0]), "of an epoch it never heard of")
	require.Equal(t, 5, locate(restored, diverged[1]))
	require.Equal(t, -1, locate(original, diverged[1]))
	require.Equal(t, 7, locate(original, ahead[3]))
}

func TestLocateAfterManyEpochs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	places := []Position{commitN(t, s, 1)[0]}
	for range maxEpochs + 10 {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)})) // so that the next failure begins an epoch
		inFlight(t, s)
		places = append(places, s.Position())
	}
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(2)}))
	check(t, s)
	require.NoError(t, s.Close())
	s = openAt(t, path)
	require.Len(t, s.history, maxEpochs)
	for i, p := range places {
		if i < 12 { // 1010 failures and one more Open
			require.Equal(t, -1, locate(s, p), i)
		} else {
			require.EqualValues(t, p.Revision, locate(s, p), i)
		}
	}
}

// If the disk takes nothing while the store is opened, the epoch begins with
// the first commit that succeeds.
func TestEpochThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, got := range []string{"before the write", "after the write"} {
		path := filepath.Join(t.TempDir(), "leases.db")
		s, err := Open(path, nil)
		require.NoError(t, err)
		p := commitN(t, s, 1)[0]
		require.NoError(t, s.Close())
		s, err = Open(path, nil)
		require.NoError(t, err)
		s.turn <- struct{}{}
		s.begin(failures[got]) // as if it had been this one
		require.NotNil(t, s.failed)
		<-s.turn
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(2)}))
		check(t, s)
		require.Equal(t, 1, locate(s, p))
		now := s.Position()
		require.NoError(t, s.Close())
		require.Equal(t, 2, locate(openAt(t, path), now))
	}
}

// oldFile puts a file of an older format where a store may be opened.
func oldFile(t *testing.T, name string) (path string) {
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	old, err := io.ReadAll(z)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "leases.db")
	require.NoError(t, os.WriteFile(path, old, 0o600))
	return path
}

// Files of the formats before are taken over.
func TestFormat1(t *testing.T) {
	t.Parallel()
	path := oldFile(t, "format1.db.gz")
	for range 2 {
		s := openAt(t, path)
		check(t, s)
		require.EqualValues(t, 4, s.Revision())
		require.Equal(t, 2, s.Count(1, Assigned, V4))
		c, ok := s.Last(Key{V4, netipAddr("192.0.2.1")})
		require.True(t, ok)
		require.Equal(t, Change{Lease: Lease{Type: V4, Addr: netipAddr("192.0.2.1"), Revision: 4}, Delete: true}, c)
		require.Equal(t, 4, locate(s, s.Position()))
		require.NoError(t, s.Close())
	}
	s := openAt(t, path)
	commitN(t, s, 1)
	require.NoError(t, s.CommitMark(ctx, "partner", Position{7, 8}))
	require.NoError(t, s.Compact(ctx))
	require.NoError(t, s.Close())
	require.Equal(t, Position{7, 8}, openAt(t, path).Mark("partner"))
}

func TestFormat2(t *testing.T) {
	t.Parallel()
	path := oldFile(t, "format2.db.gz")
	s := openAt(t, path)
	check(t, s)
	require.Equal(t, 2, s.Count(1, Assigned, V4))
	require.Equal(t, Position{7, 8}, s.Mark("partner"))
	require.Nil(t, s.ServerID())
	require.NoError(t, s.SetServerID(ctx, []byte{0, 3, 1}))
	require.NoError(t, s.Close())
	s = openAt(t, path)
	check(t, s)
	require.Equal(t, []byte{0, 3, 1}, s.ServerID())
	require.Equal(t, Position{7, 8}, s.Mark("partner"))
}

func FuzzHistory(f *testing.F) {
	f.Add(history{{1, 2, 3}, {4, 5, 6}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHistory(b)
		if err == nil {
			require.Equal(t, string(b), string(h.encode()))
			h.locate(Position{4, 5}, 9)
		}
	})
}
