package lease

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// openTest opens a store in a folder of the test, checks it when the test ends,
// and closes it.
func openTest(t testing.TB) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "leases.db"))
}

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		if !s.queue.isClosed() {
			check(t, s)
		}
		require.NoError(t, s.Close())
	})
	return s
}

// check compares the index with the file, and the parts of the index with each
// other.
func check(t testing.TB, s *Store) {
	t.Helper()
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	require.NotNil(t, s.db)
	require.NoError(t, checkFile(s))
	require.NoError(t, checkIndex(s.index))
}

func checkFile(s *Store) error {
	n := 0
	err := s.db.View(func(tx *bbolt.Tx) error {
		st, err := readState(tx)
		if err != nil {
			return err
		}
		if st.header != s.header || s.failed == nil && st.sealed() != s.sealed() {
			return fmt.Errorf("in the file %+v, in memory %+v", st, s.state)
		}
		return tx.Bucket(rowsBucket).ForEach(func(k, v []byte) error {
			n++
			item := s.index.revs.get(revAt(revOf(k), 0))
			if item == nil || !bytes.Equal(s.index.slab.row(item.id), v) {
				return fmt.Errorf("row %d is in the file and not in memory", revOf(k))
			}
			return nil
		})
	})
	if err == nil && (n != s.index.revs.len() || n != int(s.header.rows)) {
		err = fmt.Errorf("%d rows in the file, %d in memory, %d in the header", n, s.index.revs.len(), s.header.rows)
	}
	return err
}

func checkIndex(x *index) error {
	var err error
	fail := func(format string, args ...any) {
		if err == nil {
			err = fmt.Errorf(format, args...)
		}
	}
	var chained [chains]int
	ends, live := 0, 0
	ending := map[uint32]int64{}
	x.ends.ascend(endPlace{}, func(p endPlace) bool {
		ending[p.id] = p.at
		return true
	})
	totals := [Registered + 1][PD + 1]int{}
	x.revs.ascend(revItem{}, func(item revItem) bool {
		rec := x.slab.at(item.id)
		r, parseErr := verifyRow(item.rev(), x.slab.row(item.id))
		if parseErr != nil || rec.rev != item.rev() {
			fail("record of revision %d has %d: %v", item.rev(), rec.rev, parseErr)
			return false
		}
		if r.removed {
			if id, _ := x.gone.find(r.Key); id != item.id {
				fail("removed %v not known as such", r.Key)
			}
			if _, ok := x.addrs.find(r.Key); ok {
				fail("%v is there and removed", r.Key)
			}
			return err == nil
		}
		live++
		totals[r.state][r.Type]++
		if id, ok := x.addrs.find(r.Key); !ok || id != item.id {
			fail("%v not found by address", r.Key)
		}
		if at, has := r.end(); has {
			ends++
			if ending[item.id] != at {
				fail("%v not found by expiry", r.Key)
			}
		}
		if g := x.groups[r.group()]; g == nil || g.ids[rec.pos] != item.id {
			fail("%v not in its group", r.Key)
		}
		for c := range chains {
			hash, has := x.hash(c, &r)
			if !has {
				continue
			}
			chained[c]++
			found, prev := false, uint32(0)
			for id := x.heads[c].get(hash); id != 0; id = x.slab.at(id).chain[c].next {
				if x.slab.at(id).chain[c].prev != prev {
					fail("chain %d of %v is broken", c, r.Key)
				}
				found, prev = found || id == item.id, id
			}
			if !found {
				fail("%v not in chain %d", r.Key, c)
			}
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	grouped := 0
	for k, g := range x.groups {
		grouped += len(g.ids)
		if len(g.ids) == 0 {
			fail("group %v is empty", k)
		}
	}
	if live != x.addrs.len() || live != grouped || ends != x.ends.n || totals != x.totals {
		fail("%d leases, %d by address, %d in groups, %d of %d by expiry", live, x.addrs.len(), grouped, x.ends.n, ends)
	}
	if x.gone.len() != x.goneRevs.len() || live+x.gone.len() != x.revs.len() {
		fail("%d removed, %d by revision, %d in all", x.gone.len(), x.goneRevs.len(), x.revs.len())
	}
	for c := range chains {
		n := 0
		for id := range x.heads[c].all {
			for ; id != 0; id = x.slab.at(id).chain[c].next {
				n++
			}
		}
		if n != chained[c] {
			fail("chain %d has %d, should have %d", c, n, chained[c])
		}
	}
	return err
}

// v4 returns an ordinary lease, a different one for each n.
func v4(n int) Lease {
	b := [4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}
	hw := []byte{2, 0, b[0], b[1], b[2], b[3]}
	return Lease{
		Type: V4, Addr: netip.AddrFrom4(b),
		ClientID: append([]byte{1}, hw...), HWAddr: hw,
		SubnetID: 1, CLTT: 1_700_000_000 + int64(n), ValidLft: 3600,
		Hostname: fmt.Sprintf("host%d", n),
	}
}

// v6 returns an ordinary IA_NA lease, a different one for each n.
func v6(n int) Lease {
	l := v4(n)
	l.Type, l.IAID, l.PreferredLft, l.SubnetID = NA, uint32(n), 1800, 6
	a := netip.MustParseAddr("2001:db8::").As16()
	copy(a[12:], l.HWAddr[2:])
	l.Addr = netip.AddrFrom16(a)
	return l
}

// pd returns an ordinary IA_PD lease, a different one for each n.
func pd(n int) Lease {
	l := v6(n)
	l.Type, l.PrefixLen = PD, 56
	l.Addr = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb9, byte(n >> 16), byte(n >> 8), byte(n)})
	return l
}

func keyOf(l Lease) Key { return l.Key() }

func netipAddr(s string) netip.Addr { return netip.MustParseAddr(s) }
