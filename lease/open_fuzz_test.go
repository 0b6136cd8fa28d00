package lease

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOpen opens a lease file of which some bytes have been changed, four bytes
// of the input for each: where, and by what; and whose end may be cut off. It
// has all leases, or it is refused; or, where a meta page is hit, it may have
// those of the transaction before, as after a write that was cut off.
func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "leases.db")
	s, err := Open(path, nil)
	require.NoError(f, err)
	var states []map[Key]Lease
	for round := range 4 {
		var changes []Change
		for n := range 30 {
			l := v4(n*(round+1) + round)
			changes = append(changes, Change{Lease: l, Delete: n%9 == 0})
		}
		require.NoError(f, s.Commit(ctx, changes...))
		states = append(states, leasesOf(s))
	}
	require.NoError(f, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)

	f.Add([]byte{}, uint32(0))
	f.Add([]byte{}, uint32(1))
	f.Add([]byte{}, uint32(len(whole)-4096))
	pageSize := os.Getpagesize()
	for page := range len(whole) / pageSize {
		for _, at := range []int{0, 8, 10, 12, 16, 24, 32, 60, 100} {
			f.Add(binary.BigEndian.AppendUint32(nil, uint32((page*pageSize+at)<<8|1)), uint32(0))
		}
	}
	f.Fuzz(func(t *testing.T, patches []byte, cut uint32) {
		b := bytes.Clone(whole)
		atMeta := false
		for ; len(patches) >= 4; patches = patches[4:] {
			at := int(binary.BigEndian.Uint32(patches)>>8) % len(b)
			b[at] ^= patches[3]
			atMeta = atMeta || at < 2*pageSize
		}
		require.NoError(t, os.WriteFile(path, b[:len(b)-int(cut%uint32(len(b)))], 0o600))
		s, err := Open(path, nil)
		if err != nil {
			short := len(b)-int(cut%uint32(len(b))) < 2*pageSize // bbolt says so itself
			require.True(t, errors.Is(err, ErrDamaged) || errors.Is(err, errForeign) || atMeta || short || isNewer(err), "%v", err)
			return
		}
		defer s.Close()
		got := leasesOf(s)
		for i := range states {
			if reflect.DeepEqual(states[i], got) {
				require.True(t, i == len(states)-1 || atMeta, "the end was lost without a word")
				return
			}
		}
		require.Truef(t, atMeta && len(got) == 0, "%d leases that there never were together", len(got))
	})
}

func isNewer(err error) bool { return bytes.Contains([]byte(err.Error()), []byte("newer version")) }

func leasesOf(s *Store) map[Key]Lease {
	return maps.Collect(func(yield func(Key, Lease) bool) {
		for l := range s.All() {
			if !yield(l.Key(), l) {
				return
			}
		}
	})
}

// A header that is read is the one that was written.
func FuzzHeader(f *testing.F) {
	h := header{1, 2, 3, 4, 5, 6, 7}
	f.Add(h.encode())
	f.Add(resealed(h.encode()[:headerLen2]))
	f.Add(resealed(h.encode()[:headerLen1]))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, resealed(b)} {
			h, err := parseHeader(b)
			if err != nil {
				continue
			}
			again := h.encode()
			require.Equal(t, b[:len(b)-checksumLen], again[:len(b)-checksumLen])
			same, err := parseHeader(again)
			require.NoError(t, err)
			require.Equal(t, h, same)
		}
	})
}

// resealed is a header with the checksum that it should have.
func resealed(b []byte) []byte {
	if len(b) < checksumLen {
		return b
	}
	end := len(b) - checksumLen
	return binary.LittleEndian.AppendUint32(bytes.Clone(b[:end]), uint32(sumOf(b[:end])))
}
