package lease

// record is a row in the index. Records refer to each other by number: half
// the size of a pointer, and nothing for the garbage collector to follow.
type record struct {
	rev    uint64
	row    rowPlace
	pos    uint32 // where its group has it
	ending link
	chain  [chains]link
}

// link is a record's place in a list.
type link struct{ prev, next uint32 }

// slab hands out records. Number 0 is nobody's.
type slab struct {
	pages [][]record
	rows  *rows
	used  uint32   // numbers handed out so far, whether or not returned since
	free  []uint32 // returned
}

const slabPage = 1 << 10

func newSlab() *slab {
	s := new(slab)
	s.rows = newRows(func(id uint32, at rowPlace) { s.at(id).row = at })
	return s
}

func (s *slab) at(id uint32) *record {
	return &s.pages[id/slabPage][id%slabPage]
}

// row returns the row of a record, see rows.at.
func (s *slab) row(id uint32) []byte { return s.rows.at(s.at(id).row) }

// get hands out a record for a row.
func (s *slab) get(rev uint64, row []byte) uint32 {
	var id uint32
	if n := len(s.free); n > 0 {
		id = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		s.used++
		id = s.used
		if int(id/slabPage) == len(s.pages) {
			s.pages = append(s.pages, make([]record, slabPage))
		}
	}
	*s.at(id) = record{rev: rev, row: s.rows.put(id, row)}
	return id
}

// set gives a record another row.
func (s *slab) set(id uint32, rev uint64, row []byte) {
	rec := s.at(id)
	rec.rev, rec.row = rev, s.rows.replace(rec.row, id, row)
}

func (s *slab) put(id uint32) {
	s.rows.drop(s.at(id).row)
	*s.at(id) = record{}
	s.free = append(s.free, id)
}

// has says whether a number is a record's at present.
func (s *slab) has(id uint32) bool { return s.at(id).rev != 0 }
