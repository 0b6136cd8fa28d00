package lease

// heads are the first records of chains by hash. It is a table of numbers in
// which one look finds a place and changes it; with a map that takes two, each
// at two places in memory. It is divided so that no growth takes long.
type heads struct {
	parts [headsParts]headsPart
	n     int
}

const (
	headsParts = 256
	headsBits  = 24 // of the hash count within a part
)

// headsPart has its entries in the place that their hash says or, if others
// are there, in the next free one.
type headsPart struct {
	slots []head // a power of two; less than 7/8 of them in use
	n     int
}

type head struct{ hash, first uint32 } // first is 0: free

// get returns the first record of a chain; 0: there is none.
func (h *heads) get(hash uint32) uint32 {
	p := &h.parts[hash>>headsBits]
	if p.n == 0 {
		return 0
	}
	return p.slots[p.find(hash)].first
}

// set changes the first record of a chain, which may be new, and returns what
// was the first before; 0: none.
func (h *heads) set(hash, first uint32) (before uint32) {
	p := &h.parts[hash>>headsBits]
	if p.n+1 > len(p.slots)/8*7 {
		p.grow()
	}
	slot := &p.slots[p.find(hash)]
	if before = slot.first; before == 0 {
		p.n++
		h.n++
	}
	*slot = head{hash, first}
	return before
}

// delete removes a chain that is there.
func (h *heads) delete(hash uint32) {
	p := &h.parts[hash>>headsBits]
	p.n--
	h.n--
	mask := uint32(len(p.slots) - 1)
	gap := p.find(hash)
	// Whoever has had to give way to what was here moves up.
	for i := (gap + 1) & mask; p.slots[i].first != 0; i = (i + 1) & mask {
		if want := p.slots[i].hash & mask; (i-want)&mask >= (i-gap)&mask {
			p.slots[gap], gap = p.slots[i], i
		}
	}
	p.slots[gap] = head{}
}

// find returns the slot of a hash, or the free one where it belongs.
func (p *headsPart) find(hash uint32) uint32 {
	mask := uint32(len(p.slots) - 1)
	i := hash & mask
	for p.slots[i].first != 0 && p.slots[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

func (p *headsPart) grow() {
	old := p.slots
	p.slots = make([]head, max(8, 2*len(old)))
	for _, slot := range old {
		if slot.first != 0 {
			p.slots[p.find(slot.hash)] = slot
		}
	}
}

// all goes through the first records.
func (h *heads) all(yield func(first uint32) bool) {
	for i := range h.parts {
		for _, slot := range h.parts[i].slots {
			if slot.first != 0 && !yield(slot.first) {
				return
			}
		}
	}
}
