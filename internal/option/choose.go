package option

// List is what one level of the configuration (a host, pool, subnet, shared
// network, client class, or the global one) offers. It is never changed.
type List struct{ options []Option }

// NewList assembles the options of one level: sub-options go into the options
// of the same level that encapsulate their space.
func NewList(options ...Option) *List { return &List{options} }

// Query is what the choice of options depends on.
type Query struct {
	// Requested are the codes that the client asks for, in its order.
	Requested []uint16
	// Member tells whether the client is in a class.
	Member func(class string) bool
	// Vendors are the enterprise numbers of the client's vendor options, and
	// the codes that it asks for from each.
	Vendors []Vendor
}

// Vendor is an enterprise that the client named in a vendor class or vendor
// information option.
type Vendor struct {
	Enterprise uint32
	Requested  []uint16
}

// Choose appends to dst what is sent to a client, given the levels in order of
// precedence: of every code the first that applies. Requested options come
// first, in the order of the request, then those that are always sent. Nil
// levels are skipped.
func Choose(dst []Option, q *Query, levels ...*List) []Option { return dst }
