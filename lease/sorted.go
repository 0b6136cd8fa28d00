package lease

import "slices"

// sorted is a set of items in order. They stand in parts of some hundred items
// one after another, and what each part begins with stands apart: so an item
// is found in two searches in memory without gaps, millions of items need
// little more than their own size, and the garbage collector has a pointer for
// hundreds of them to look at.
type sorted[T any] struct {
	less  func(a, b T) bool
	parts [][]T
	least []T // an item that is not greater than any of the part, nor less than any before
	n     int
}

// partItems is how many items a part has room for.
const partItems = 512

func newSorted[T any](less func(a, b T) bool) *sorted[T] { return &sorted[T]{less: less} }

func (s *sorted[T]) len() int { return s.n }

// search returns the part that x is in, if it is in the set, and where it is
// or belongs in it. There is at least one part.
func (s *sorted[T]) search(x T) (part, at int, found bool) {
	part = s.notGreater(x)
	items := s.parts[part]
	lo, hi := 0, len(items)
	for lo < hi {
		if mid := (lo + hi) / 2; s.less(items[mid], x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return part, lo, lo < len(items) && !s.less(x, items[lo])
}

// notGreater returns the last part that begins with x or less, or the first.
func (s *sorted[T]) notGreater(x T) int {
	lo, hi := 1, len(s.least)
	for lo < hi {
		if mid := (lo + hi) / 2; s.less(x, s.least[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// get returns the item that is equal to x, to be changed only in what does not
// count for the order, and only until the set changes; nil: there is none.
func (s *sorted[T]) get(x T) *T {
	if s.n == 0 {
		return nil
	}
	part, at, found := s.search(x)
	if !found {
		return nil
	}
	return &s.parts[part][at]
}

// set puts x in, in the place of an item that is equal.
func (s *sorted[T]) set(x T) {
	if s.n == 0 {
		s.parts, s.least = append(s.parts, make([]T, 0, partItems)), append(s.least, x)
	}
	part, at, found := s.search(x)
	if found {
		s.parts[part][at] = x
		return
	}
	s.n++
	if items := s.parts[part]; len(items) == partItems {
		// At the very end a new part begins, so that what comes in order
		// fills its parts.
		cut := partItems / 2
		if part == len(s.parts)-1 && at == partItems {
			cut = partItems
		}
		upper := append(make([]T, 0, partItems), items[cut:]...)
		s.parts[part] = items[:cut]
		first := x
		if len(upper) > 0 {
			first = upper[0]
		}
		s.parts = slices.Insert(s.parts, part+1, upper)
		s.least = slices.Insert(s.least, part+1, first)
		if at > cut || len(upper) == 0 {
			part, at = part+1, at-cut
		}
	}
	s.parts[part] = slices.Insert(s.parts[part], at, x)
	if at == 0 && s.less(x, s.least[part]) {
		s.least[part] = x
	}
}

// delete takes out the item that is equal to x, if there is one.
func (s *sorted[T]) delete(x T) {
	if s.n == 0 {
		return
	}
	part, at, found := s.search(x)
	if !found {
		return
	}
	s.n--
	s.parts[part] = slices.Delete(s.parts[part], at, at+1)
	switch n := len(s.parts[part]); {
	case n == 0:
		s.remove(part)
	case n > partItems/4:
	case part+1 < len(s.parts) && n+len(s.parts[part+1]) <= partItems*3/4:
		s.merge(part)
	case part > 0 && n+len(s.parts[part-1]) <= partItems*3/4:
		s.merge(part - 1)
	}
}

// merge puts the part behind a part into it.
func (s *sorted[T]) merge(part int) {
	s.parts[part] = append(s.parts[part], s.parts[part+1]...)
	s.remove(part + 1)
}

func (s *sorted[T]) remove(part int) {
	s.parts = slices.Delete(s.parts, part, part+1)
	s.least = slices.Delete(s.least, part, part+1)
}

// ascend has fn look at the items from x on, in order, until it returns false.
// The set may not change meanwhile.
func (s *sorted[T]) ascend(x T, fn func(T) bool) {
	if s.n == 0 {
		return
	}
	part, at, _ := s.search(x)
	for ; part < len(s.parts); part, at = part+1, 0 {
		for _, item := range s.parts[part][at:] {
			if !fn(item) {
				return
			}
		}
	}
}
