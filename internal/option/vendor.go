package option

import (
	"encoding/binary"
	"slices"
)

// addEach adds the vendor classes, or the vendor information, of every
// enterprise that a level offers them for.
func (c *chooser) addEach(code uint16) {
	if c.never(code) {
		return
	}
	for _, l := range c.levels {
		if l == nil {
			continue
		}
		for i := range l.main.options {
			o := &l.main.options[i]
			if o.Code != code || len(o.Value) < 4 || !o.appliesTo(c.q.Member) {
				continue
			}
			number := binary.BigEndian.Uint32(o.Value)
			if c.has(code, number) {
				continue
			}
			if code == c.family.vendorInfo() && len(o.Value) == 4 {
				// Configured as the bare number: what it carries is
				// configured in the enterprise's space.
				whole := *o
				whole.Value = c.family.vendorValue(number, c.vendorOptions(number))
				o = &whole
			}
			c.out = append(c.out, o)
		}
	}
}

// addVendor adds the information of an enterprise that the client named.
func (c *chooser) addVendor(number uint32) {
	code := c.family.vendorInfo()
	if c.has(code, number) || c.never(code) {
		return
	}
	if options := c.vendorOptions(number); len(options) > 0 {
		c.out = append(c.out, &Option{Space: c.family.mainSpace(), Code: code, Value: c.family.vendorValue(number, options)})
	}
}

// vendorOptions returns the options of an enterprise that are requested or
// always sent, in the order of their codes.
func (c *chooser) vendorOptions(number uint32) []*Option {
	var codes, never []uint16
	for i := range c.q.Vendors {
		if v := &c.q.Vendors[i]; v.Enterprise == number {
			codes = append(codes, v.Requested...)
		}
	}
	for _, l := range c.levels {
		if l != nil {
			s := l.vendors[number]
			codes = append(codes, s.always...)
			never = append(never, s.never...)
		}
	}
	slices.Sort(codes)
	var options []*Option
	for _, code := range slices.Compact(codes) {
		if slices.Contains(never, code) {
			continue
		}
		for _, l := range c.levels {
			if l == nil {
				continue
			}
			s := l.vendors[number]
			if o := s.find(code, c.q.Member); o != nil {
				options = append(options, o)
				break
			}
		}
	}
	return options
}

func (c *chooser) never(code uint16) bool {
	return slices.ContainsFunc(c.levels, func(l *List) bool { return l != nil && slices.Contains(l.main.never, code) })
}

// has tells whether a vendor option of an enterprise was chosen already.
func (c *chooser) has(code uint16, number uint32) bool {
	return slices.ContainsFunc(c.out[c.start:], func(o *Option) bool {
		return o.Code == code && binary.BigEndian.Uint32(o.Value) == number
	})
}

// vendorValue encodes options of an enterprise behind its number. In DHCPv4
// their length stands before them (RFC 3925, section 4), in a single byte: what
// does not fit follows behind the number once more.
func (f Family) vendorValue(number uint32, options []*Option) []byte {
	value := binary.BigEndian.AppendUint32(nil, number)
	if f == V6 {
		for _, o := range options {
			value = f.appendOption(value, o.Code, o.Value)
		}
		return value
	}
	length := len(value) // where the length of the current block stands
	value = append(value, 0)
	for _, o := range options {
		if len(value)-length-1+2+len(o.Value) > 255 {
			value = binary.BigEndian.AppendUint32(value, number)
			length = len(value)
			value = append(value, 0)
		}
		value = f.appendOption(value, o.Code, o.Value)
		value[length] = byte(len(value) - length - 1)
	}
	return value
}
