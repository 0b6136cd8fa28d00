package lease

// record is a row in the index. Records refer to each other by number: half
// the size of a pointer, and nothing for the garbage collector to follow.
type record struct {
	row   string
	rev   uint64
	pos   uint32 // where its group has it
	chain [chains]link
}

// link is a record's place in a hash chain.
type link struct{ prev, next uint32 }

// slab hands out records. Number 0 is nobody's.
type slab struct {
	pages [][]record
	used  uint32   // numbers handed out so far, whether or not returned since
	free  []uint32 // returned
}

const slabPage = 1 << 10

func (s *slab) at(id uint32) *record {
	return &s.pages[id/slabPage][id%slabPage]
}

func (s *slab) get() uint32 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	s.used++
	if int(s.used/slabPage) == len(s.pages) {
		s.pages = append(s.pages, make([]record, slabPage))
	}
	return s.used
}

func (s *slab) put(id uint32) {
	*s.at(id) = record{}
	s.free = append(s.free, id)
}
