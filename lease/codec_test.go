package lease

import (
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

func TestRows(t *testing.T) {
	t.Parallel()
	for _, l := range rowsOf() {
		require.NoError(t, l.valid())
		s := sealRow(7, appendLease(nil, &l))
		r, err := verifyRow(7, s)
		require.NoError(t, err)
		l.Revision = 7
		require.Equal(t, l, r.lease(7))

		_, err = verifyRow(8, s)
		require.ErrorIs(t, err, errRowChecksum, "under another revision")
		for i := range len(s) {
			b := []byte(s)
			b[i] ^= 0x40
			_, err := verifyRow(7, string(b))
			require.Error(t, err)
			_, err = verifyRow(7, s[:i])
			require.Error(t, err)
		}
		s = sealRow(9, appendRemoved(nil, l.Key()))
		r, err = verifyRow(9, s)
		require.NoError(t, err)
		require.Equal(t, row{Key: l.Key(), removed: true}, r)
	}
	// What the memory of a million leases is planned with.
	l := v4(1)
	require.Len(t, appendLease(nil, &l), 36)
}

func FuzzRow(f *testing.F) {
	for _, l := range rowsOf() {
		f.Add(string(appendLease(nil, &l)))
		f.Add(string(appendRemoved(nil, l.Key())))
	}
	f.Fuzz(func(t *testing.T, b string) {
		r, err := verifyRow(1, sealRow(1, []byte(b)))
		if err != nil {
			return
		}
		l := r.lease(1)
		again := appendLease(nil, &l)
		if r.removed {
			again = appendRemoved(nil, r.Key)
		}
		r2, err := parseRow(sealRow(1, again))
		require.NoError(t, err)
		require.Equal(t, r, r2)
	})
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h := header{1, 2, 3, 4}
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
