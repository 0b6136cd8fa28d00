package lease

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

// ending is a lease and when it ends.
type ending struct {
	at int64
	id uint32
}

// appendBetween appends those that end from one time until another, the
// earliest first, to some, until there are enough; more says that there are
// more, from the time next on.
func (e *ends) appendBetween(some []ending, from, until int64, enough int) (all []ending, next int64, more bool) {
	e.lists.ascend(endList{at: from}, func(list endList) bool {
		if list.at > until {
			return false
		}
		if len(some) >= enough {
			next, more = list.at, true
			return false
		}
		for id := list.first; id != 0; id = e.slab.at(id).ending.next {
			some = append(some, ending{list.at, id})
		}
		return true
	})
	return some, next, more
}
