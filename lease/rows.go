package lease

import (
	"encoding/binary"
	"errors"
)

// rows is the memory that rows stand in: blocks with one row after another,
// each behind the number of its record and its length. A row is a place in it,
// not a value of its own, so that the garbage collector has nothing to look at
// but the blocks.
//
// What a row leaves behind when it goes or grows is used again by moving the
// rest of the block elsewhere, whenever more than a quarter of all is unused.
type rows struct {
	blocks [][]byte // nil: the number is free
	used   []int    // bytes of each that rows stand in
	free   []uint32 // numbers of blocks that are free
	open   uint32   // the block that is being filled
	filled int      // up to here
	total  int      // bytes of all blocks
	unused int      // bytes that rows have left behind in them
	most   int      // blocks that there may be; less than mostBlocks in tests

	// moved is told where the row of a record stands from now on.
	moved func(id uint32, at rowPlace)
}

// rowPlace is where a row stands, in units from the beginning of block 0. With
// 32 bits that is enough for 16 GiB.
type rowPlace uint32

const (
	rowUnit    = 4
	rowBlock   = 64 << 10
	rowHeader  = 8 // record, length
	mostBlocks = 1 << 32 / (rowBlock / rowUnit)
)

// errNoRoom is returned for a lease that is one too many.
var errNoRoom = errors.New("the leases that there are take all the memory that there can be for them, 14 GiB: " +
	"serve smaller pools, or divide them among several servers")

func newRows(moved func(id uint32, at rowPlace)) *rows { return &rows{moved: moved, most: mostBlocks} }

// roomFor says whether so many bytes of rows can still be put. An eighth of all
// room is only for what must always be possible: to remove a lease takes room,
// too, before it gives some back.
func (m *rows) roomFor(bytes int, needed bool) bool {
	most := m.most
	if !needed {
		most -= most / 8
	}
	// Of two blocks one after another at least one's worth is full. Some more
	// are begun when what others hold is moved.
	return len(m.blocks)-len(m.free)+2*(bytes/rowBlock)+8 <= most
}

func (at rowPlace) split() (block uint32, off int) {
	return uint32(at) / (rowBlock / rowUnit), int(at%(rowBlock/rowUnit)) * rowUnit
}

// rowRoom is how much room a row of n bytes takes.
func rowRoom(n int) int { return (rowHeader + n + rowUnit - 1) &^ (rowUnit - 1) }

// at returns the row at a place. It is not to be modified, and may be another
// one after the next change.
func (m *rows) at(at rowPlace) []byte {
	block, off := at.split()
	b := m.blocks[block][off:]
	end := rowHeader + int(binary.NativeEndian.Uint32(b[4:]))
	return b[rowHeader:end:end]
}

// put adds the row of a record.
func (m *rows) put(id uint32, row []byte) rowPlace {
	room := rowRoom(len(row))
	if len(m.blocks) == 0 || m.filled+room > len(m.blocks[m.open]) {
		m.begin(room)
	}
	at := rowPlace(m.open*(rowBlock/rowUnit) + uint32(m.filled/rowUnit))
	m.write(m.blocks[m.open][m.filled:], id, row)
	m.filled += room
	m.used[m.open] += room
	return at
}

func (m *rows) write(b []byte, id uint32, row []byte) {
	binary.NativeEndian.PutUint32(b, id)
	binary.NativeEndian.PutUint32(b[4:], uint32(len(row)))
	copy(b[rowHeader:], row)
}

// begin begins a block, which has room for at least so much.
func (m *rows) begin(room int) {
	if len(m.blocks) > 0 {
		m.unused += len(m.blocks[m.open]) - m.filled
	}
	b := make([]byte, max(room, rowBlock))
	m.total += len(b)
	m.filled = 0
	if n := len(m.free); n > 0 {
		m.open = m.free[n-1]
		m.free = m.free[:n-1]
		m.blocks[m.open] = b
		return
	}
	m.open = uint32(len(m.blocks))
	m.blocks, m.used = append(m.blocks, b), append(m.used, 0)
}

// drop removes the row at a place.
func (m *rows) drop(at rowPlace) {
	block, off := at.split()
	b := m.blocks[block][off:]
	binary.NativeEndian.PutUint32(b, 0) // nobody's
	room := rowRoom(int(binary.NativeEndian.Uint32(b[4:])))
	m.unused += room
	m.used[block] -= room
	if m.unused > m.total/4+2*rowBlock {
		m.vacate()
	}
}

// replace puts a row in the place of another of the same record.
func (m *rows) replace(at rowPlace, id uint32, row []byte) rowPlace {
	if block, off := at.split(); rowRoom(len(m.at(at))) == rowRoom(len(row)) {
		m.write(m.blocks[block][off:], id, row)
		return at
	}
	next := m.put(id, row)
	m.drop(at)
	return next
}

// vacate moves the rows out of the block that has most room unused.
func (m *rows) vacate() {
	from, most := -1, 0
	for i, b := range m.blocks {
		if unused := len(b) - m.used[i]; uint32(i) != m.open && unused > most {
			from, most = i, unused
		}
	}
	if from < 0 {
		return
	}
	b := m.blocks[from]
	for off, left := 0, m.used[from]; left > 0; {
		id, n := binary.NativeEndian.Uint32(b[off:]), int(binary.NativeEndian.Uint32(b[off+4:]))
		if id != 0 {
			m.moved(id, m.put(id, b[off+rowHeader:off+rowHeader+n]))
			left -= rowRoom(n)
		}
		off += rowRoom(n)
	}
	m.total -= len(b)
	m.unused -= most
	m.blocks[from], m.used[from] = nil, 0
	m.free = append(m.free, uint32(from))
}
