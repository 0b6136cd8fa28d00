package dhcp4

// optionSet are the options of a message, each code once. The zero set is empty.
type optionSet struct {
	list []option4
	at   [256]uint8 // by code: where in the list it is, counted from 1; 0: nowhere
}

// option4 is an option of a message: its code and its value, all parts of it
// joined.
type option4 struct {
	code  uint8
	value []byte
}

// get returns the value of an option, and whether it is there.
func (s *optionSet) get(code uint8) ([]byte, bool) {
	if i := s.at[code]; i > 0 {
		return s.list[i-1].value, true
	}
	return nil, false
}

// value returns the value of an option, or nil.
func (s *optionSet) value(code uint8) []byte {
	v, _ := s.get(code)
	return v
}

func (s *optionSet) has(code uint8) bool { return s.at[code] > 0 }

// set puts an option in, or another value in its place. Pad and End are what
// frames options on the wire, and none themselves.
func (s *optionSet) set(code uint8, value []byte) {
	switch i := s.at[code]; {
	case i > 0:
		s.list[i-1].value = value
	case code != optPad && code != optEnd:
		s.list = append(s.list, option4{code, value})
		s.at[code] = uint8(len(s.list))
	}
}

// remove takes an option out. The last takes its place.
func (s *optionSet) remove(code uint8) {
	i := s.at[code]
	if i == 0 {
		return
	}
	end := len(s.list) - 1
	s.list[i-1] = s.list[end]
	s.at[s.list[i-1].code] = i
	s.at[code] = 0
	s.list = s.list[:end]
}

// reset empties the set and keeps its memory.
func (s *optionSet) reset() {
	for i := range s.list {
		s.at[s.list[i].code] = 0
	}
	clear(s.list)
	s.list = s.list[:0]
}
