package lease

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkRows compares what a memory of rows counts with what is in it.
func checkRows(t *testing.T, m *rows) {
	t.Helper()
	total, unused := 0, 0
	for i, b := range m.blocks {
		total += len(b)
		if end := len(b); uint32(i) == m.open {
			unused += m.filled - m.used[i]
		} else {
			unused += end - m.used[i]
		}
	}
	require.Equal(t, total, m.total)
	require.Equal(t, unused, m.unused)
}

func TestRowsAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		places, twin := map[uint32]rowPlace{}, map[uint32][]byte{}
		m := newRows(func(id uint32, at rowPlace) {
			places[id] = at
		})
		for step := range 200_000 {
			id := 1 + rnd.Uint32N(5000)
			n := 30 + rnd.IntN(40)
			if rnd.IntN(2000) == 0 {
				n = rnd.IntN(70_000) // longer than a block, too
			}
			row := bytes.Repeat([]byte{byte(step), byte(id)}, n/2)
			at, ok := places[id]
			switch {
			case !ok:
				twin[id] = row
				places[id] = m.put(id, row)
			case rnd.IntN(4) == 0:
				delete(twin, id)
				delete(places, id)
				m.drop(at)
			default:
				twin[id] = row
				places[id] = m.replace(at, id, row)
			}
			if step%20_000 == 0 {
				checkRows(t, m)
				for id, row := range twin {
					require.True(t, bytes.Equal(row, m.at(places[id])))
				}
			}
		}
		require.Less(t, m.unused, m.total/4+3*rowBlock)
		for id, at := range places {
			m.drop(at)
			delete(places, id)
		}
		checkRows(t, m)
		require.LessOrEqual(t, m.total, 4*rowBlock, "what is empty is given back")
	}
}

// However rows come, grow and go, there are never more blocks than there may be,
// as long as it is asked before whether there is room.
func TestRowsHaveABound(t *testing.T) {
	t.Parallel()
	const most = 160
	for seed := range uint64(2) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		places := map[uint32]rowPlace{}
		m := newRows(func(id uint32, at rowPlace) { places[id] = at })
		m.most = most
		refused := 0
		for id := uint32(1); id < 400_000; id++ {
			n := 30 + rnd.IntN(40)
			if rnd.IntN(500) == 0 {
				n = rnd.IntN(70_000)
			}
			removal := rnd.IntN(4) == 0
			if removal {
				n = 20 // that there was a lease
			}
			if !m.roomFor(rowRoom(n), removal) {
				require.False(t, removal, "nothing can be removed any more")
				refused++
				continue
			}
			places[id] = m.put(id, make([]byte, n))
			if removal { // the lease goes, and what was remembered of an older one
				gone := 0
				for id, at := range places {
					delete(places, id)
					m.drop(at)
					if gone++; gone == 2 {
						break
					}
				}
			}
			require.LessOrEqual(t, len(m.blocks), most)
		}
		require.Positive(t, refused)
		checkRows(t, m)
	}
}

// A row that changes and stays as long stays where it is.
func TestRowsOfTheSameLengthStay(t *testing.T) {
	t.Parallel()
	m := newRows(nil)
	a, b := m.put(1, []byte("one row")), m.put(2, []byte("another"))
	require.Equal(t, a, m.replace(a, 1, []byte("other")))
	require.Equal(t, "other", string(m.at(a)))
	require.Equal(t, "another", string(m.at(b)))
}
