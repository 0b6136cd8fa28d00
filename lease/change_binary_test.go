package lease

import (
	"encoding"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	_ encoding.BinaryAppender    = (*Change)(nil)
	_ encoding.BinaryUnmarshaler = (*Change)(nil)
)

// binaryChanges returns changes that use all of what is written of one.
func binaryChanges() []Change {
	var all []Change
	for i, l := range rowsOf() {
		l.Revision = uint64(i) << (12 * i)
		gone := Lease{Type: l.Type, Addr: l.Addr, CLTT: l.CLTT, Revision: l.Revision}
		all = append(all, Change{Lease: l}, Change{Lease: gone, Delete: true})
	}
	return all
}

func TestChangeBinary(t *testing.T) {
	t.Parallel()
	for _, want := range binaryChanges() {
		c := want
		c.If, c.Source = 5, 6
		b, err := c.AppendBinary([]byte("before"))
		require.NoError(t, err)
		require.Equal(t, "before", string(b[:6]))
		b = b[6:]
		got := Change{Source: 1, If: 2}
		require.NoError(t, got.UnmarshalBinary(b))
		require.Equal(t, want, got)

		kept := got
		for i := range b {
			require.Error(t, got.UnmarshalBinary(b[:i]), "cut after %d bytes", i)
		}
		require.Error(t, got.UnmarshalBinary(append(b, 3)), "followed by something")
		require.Equal(t, kept, got, "as it was after an error")
	}
}

func TestChangeBinaryOfARemovalHasNothingElse(t *testing.T) {
	t.Parallel()
	c := Change{Lease: v4(1), Delete: true}
	b, err := c.AppendBinary(nil)
	require.NoError(t, err)
	require.NoError(t, c.UnmarshalBinary(b))
	require.Equal(t, Change{Lease: Lease{Type: V4, Addr: v4(1).Addr, CLTT: v4(1).CLTT}, Delete: true}, c)
}

func TestChangeBinaryRefusesWhatNoStoreTakes(t *testing.T) {
	t.Parallel()
	noSubnet, badState, context, prefix := v4(1), v4(1), v4(1), pd(1)
	noSubnet.SubnetID = 0
	badState.State = 7
	context.UserContext = []byte(`{"a":`)
	prefix.PrefixLen = 3 // not the first address of one
	mapped := v6(1)
	mapped.Addr = netipAddr("::ffff:192.0.2.1")
	for _, l := range []Lease{noSubnet, badState, context, prefix, mapped} {
		c := Change{Lease: l}
		_, err := c.AppendBinary(nil)
		require.Error(t, err)
		require.Error(t, c.UnmarshalBinary(appendLease([]byte{1}, &l, 0)))
	}
	l := v4(1)
	require.Error(t, new(Change).UnmarshalBinary(appendLease([]byte{1}, &l, 9)), "with a source")
	require.Error(t, new(Change).UnmarshalBinary(appendRemoved([]byte{1}, l.Key(), maxCLTT+1, 0)))
}

func FuzzChangeBinary(f *testing.F) {
	for _, c := range binaryChanges() {
		b, err := c.AppendBinary(nil)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again Change
		if c.UnmarshalBinary(b) != nil {
			return
		}
		b, err := c.AppendBinary(nil)
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalBinary(b))
		require.Equal(t, c, again)
	})
}

func BenchmarkChangeAppendBinary(b *testing.B) {
	c, buf := Change{Lease: v4(1)}, make([]byte, 0, 256)
	c.Lease.Revision = 1_000_000
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.AppendBinary(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChangeUnmarshalBinary(b *testing.B) {
	c := Change{Lease: v4(1)}
	c.Lease.Revision = 1_000_000
	buf, err := c.AppendBinary(nil)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.UnmarshalBinary(buf); err != nil {
			b.Fatal(err)
		}
	}
}
