package lease

import "slices"

// ends are the leases by when they end, but for those that never do: a list
// for each second, linked through the records. A lease that is renewed changes
// lists without a search among a million, as leases made at the same time end
// at few different ones.
type ends struct {
	slab  *slab
	lists *sorted[endList]
	n     int
}

type endList struct {
	at    int64 // Unix seconds
	first uint32
}

func (a endList) less(b endList) bool { return a.at < b.at }

func newEnds(s *slab) *ends { return &ends{slab: s, lists: newSorted(endList.less)} }

func (e *ends) add(at int64, id uint32) {
	e.n++
	rec := e.slab.at(id)
	list := e.lists.get(endList{at: at})
	if list == nil {
		rec.ending = link{}
		e.lists.set(endList{at, id})
		return
	}
	rec.ending = link{next: list.first}
	e.slab.at(list.first).ending.prev = id
	list.first = id
}

func (e *ends) remove(at int64, id uint32) {
	e.n--
	l := &e.slab.at(id).ending
	switch {
	case l.prev != 0:
		e.slab.at(l.prev).ending.next = l.next
	case l.next != 0:
		e.lists.get(endList{at: at}).first = l.next
	default:
		e.lists.delete(endList{at: at})
	}
	if l.next != 0 {
		e.slab.at(l.next).ending.prev = l.prev
	}
	*l = link{}
}

// endPlace is where somebody who goes through leases by their ends goes on.
type endPlace struct {
	at int64
	id uint32 // in the list of that second; 0: where that begins
}

// ascend has fn look at the records from a place on, those of a second in no
// particular order, until it returns false. The place is one that there is.
func (e *ends) ascend(from endPlace, fn func(at endPlace) bool) {
	e.lists.ascend(endList{at: from.at}, func(list endList) bool {
		id := list.first
		if list.at == from.at && from.id != 0 {
			id = from.id
		}
		for ; id != 0; id = e.slab.at(id).ending.next {
			if !fn(endPlace{list.at, id}) {
				return false
			}
		}
		return true
	})
}

// has says whether a place is one that there is.
func (e *ends) has(p endPlace) bool {
	if p.id == 0 || !e.slab.has(p.id) {
		return false
	}
	r, _ := parseRow(e.slab.row(p.id))
	at, ends := r.end()
	return !r.removed && ends && at == p.at
}

// resume returns where to go on that has been at a place, and has seen others
// just before it, while leases have come and gone. If none of them is where it
// was, all that end in that second come again.
func (e *ends) resume(from endPlace, seen []endPlace) endPlace {
	if from.id == 0 || e.has(from) {
		return from
	}
	for _, p := range slices.Backward(seen) {
		if p.at != from.at {
			break
		}
		if e.has(p) {
			if next := e.slab.at(p.id).ending.next; next != 0 {
				return endPlace{from.at, next}
			}
			return endPlace{at: from.at + 1}
		}
	}
	return endPlace{at: from.at}
}
