package engine

import "slices"

// HostID is one of the things that a client may be known by: its kind, in
// Kea's words, and its bytes.
type HostID struct{ Kind, Value string }

// Hosts are the reservations of a subnet, or the global ones. Nil is none.
type Hosts[H any] struct {
	list []*H
	byID map[HostID]*H
}

// Add adds a reservation. The first of an identifier is the one that counts.
func (hs *Hosts[H]) Add(id HostID, h *H) {
	if hs.byID == nil {
		hs.byID = map[HostID]*H{}
	}
	hs.list = append(hs.list, h)
	if hs.byID[id] == nil {
		hs.byID[id] = h
	}
}

// Find returns the reservation of a client that is known by these, most
// important first, or nil.
func (hs *Hosts[H]) Find(ids []HostID) *H {
	if hs == nil || len(hs.byID) == 0 {
		return nil
	}
	for _, id := range ids {
		if h := hs.byID[id]; h != nil {
			return h
		}
	}
	return nil
}

// ForOther says whether there are reservations, of one address or prefix say,
// and none is for a client that is known by these.
func ForOther[H any](hosts []*H, id func(*H) HostID, ids []HostID) bool {
	return len(hosts) > 0 && !slices.ContainsFunc(hosts, func(h *H) bool { return slices.Contains(ids, id(h)) })
}
