package lease

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowsOf returns leases that use all of a row.
func rowsOf() []Lease {
	full := pd(3)
	full.HWType, full.HWSource, full.PoolID = 6, 2, 9
	full.FQDNFwd, full.FQDNRev, full.State = true, true, Released
	full.ValidLft, full.CLTT = Infinite, maxCLTT
	full.UserContext = []byte(`{"ISC":{"relay-info":[{"hop":0}]}}`)
	bare := Lease{Type: V4, Addr: v4(1).Addr, SubnetID: 1}
	return []Lease{v4(1), v6(2), pd(3), full, bare}
}

// sources are those of a row.
var sources = []uint64{0, 1, 1 << 40, math.MaxUint64 - 1, Foreign}

func TestRows(t *testing.T) {
	t.Parallel()
	for _, l := range rowsOf() {
		require.NoError(t, l.valid())
		l.Revision = 7
		for _, source := range sources {
			r, err := verifyRow(7, sealRow(7, appendLease(nil, &l, source)))
			require.NoError(t, err)
			require.Equal(t, Change{Lease: l, Source: source}, r.change(7))
			r, err = verifyRow(9, sealRow(9, appendRemoved(nil, l.Key(), l.CLTT, source)))
			require.NoError(t, err)
			require.Equal(t, row{Key: l.Key(), removed: true, cltt: l.CLTT, source: source}, r)
		}
		s := sealRow(7, appendLease(nil, &l, Foreign))
		_, err := verifyRow(7, s)
		require.NoError(t, err)

		_, err = verifyRow(8, s)
		require.ErrorIs(t, err, errRowChecksum, "under another revision")
		for i := range len(s) {
			b := bytes.Clone(s)
			b[i] ^= 0x40
			_, err := verifyRow(7, b)
			require.Error(t, err)
			_, err = verifyRow(7, s[:i])
			require.Error(t, err)
		}
		s = sealRow(9, appendRemoved(nil, l.Key(), 0, 0))
		s = sealRow(9, s[:len(s)-checksumLen-1]) // as format 1 has it
		r, err := verifyRow(9, s)
		require.NoError(t, err)
		require.Equal(t, row{Key: l.Key(), removed: true}, r)
	}
	// What the memory of a million leases is planned with.
	l := v4(1)
	require.Len(t, appendLease(nil, &l, 0), 36)
	require.Len(t, appendLease(nil, &l, Foreign), 37)
}

func FuzzRow(f *testing.F) {
	for _, l := range rowsOf() {
		for _, source := range sources {
			f.Add(appendLease(nil, &l, source))
			f.Add(appendRemoved(nil, l.Key(), l.CLTT, source))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := verifyRow(1, sealRow(1, b))
		if err != nil {
			return
		}
		l := r.lease(1)
		again := appendLease(nil, &l, r.source)
		if r.removed {
			again = appendRemoved(nil, r.Key, r.cltt, r.source)
		}
		r2, err := parseRow(sealRow(1, again))
		require.NoError(t, err)
		require.Equal(t, r, r2)
	})
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h := header{1, 2, 3, 4, 5, 6, 7}
	got, err := parseHeader(h.encode())
	require.NoError(t, err)
	require.Equal(t, h, got)
	for i := range headerLen {
		b := h.encode()
		b[i]++
		_, err := parseHeader(b)
		require.Error(t, err)
		_, err = parseHeader(b[:i])
		require.Error(t, err)
	}
}
