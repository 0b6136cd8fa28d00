package lease

// MarshalJSON returns the lease as Kea's lease commands return it.
func (l Lease) MarshalJSON() ([]byte, error) { panic("unfinished") }

// AppendUpdate appends the lease as servers send it to each other in updates: like
// MarshalJSON, but with the end ("expire") instead of the client's last
// transaction time ("cltt").
func (l *Lease) AppendUpdate(b []byte) []byte { panic("unfinished") }

// UnmarshalJSON reads a lease as Kea's servers emit it, in answers ("cltt")
// or in updates ("expire").
func (l *Lease) UnmarshalJSON(b []byte) error { panic("unfinished") }
