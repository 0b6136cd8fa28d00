package option

import "slices"

// Query is what the choice of options depends on.
type Query struct {
	// Requested are the codes that are asked for: the client's parameter
	// request list, in its order, and what the server sends in any case.
	Requested []uint16
	// Member tells whether the client is in a class. Nil: it is in none.
	Member func(class string) bool
	// Vendors are the enterprises whose options the client named.
	Vendors []Vendor
}

// Vendor is an enterprise that the client named in a vendor class or vendor
// information option.
type Vendor struct {
	Enterprise uint32
	// Requested are the codes of the enterprise's options that the client
	// asks for (CableLabs: sub-option 1 of its vendor information option).
	Requested []uint16
}

// Choose appends to dst what is sent to a client, given the levels in order of
// precedence: of every code the first level that offers it counts. Requested
// options come first, in the order of the request, then those that are always
// sent, then those of enterprises. What any level never sends is left out,
// whatever its precedence. Nil levels are skipped. Only vendor classes and
// vendor information may come several times, once for each enterprise. The
// options are those of the levels and must not be changed.
func Choose(dst []*Option, q *Query, levels ...*List) []*Option {
	c := chooser{q: q, levels: levels, start: len(dst), out: dst}
	for _, l := range levels {
		if l != nil {
			c.family = l.family
		}
	}
	for _, code := range q.Requested {
		c.add(code)
	}
	for _, l := range levels {
		if l == nil {
			continue
		}
		for _, code := range l.main.always {
			c.add(code)
		}
	}
	for i := range q.Vendors {
		c.addVendor(q.Vendors[i].Enterprise)
	}
	return c.out
}

// Lookup returns the option of a code in the space "dhcp4" or "dhcp6" that
// Choose would take, or nil.
func Lookup(code uint16, member func(class string) bool, levels ...*List) *Option {
	var found *Option
	for _, l := range levels {
		if l == nil {
			continue
		}
		if slices.Contains(l.main.never, code) {
			return nil
		}
		if found == nil {
			found = l.main.find(code, member)
		}
	}
	return found
}

type chooser struct {
	q      *Query
	levels []*List
	family Family
	start  int // where in out the choice starts
	out    []*Option
}

func (c *chooser) add(code uint16) {
	for i := c.start; i < len(c.out); i++ {
		if c.out[i].Code == code {
			return
		}
	}
	if code == c.family.vendorClass() || code == c.family.vendorInfo() {
		c.addEach(code)
		return
	}
	if o := Lookup(code, c.q.Member, c.levels...); o != nil {
		c.out = append(c.out, o)
	}
}
