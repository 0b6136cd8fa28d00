package engine

import "slices"

// HostID is what a reservation knows its client by: a kind of identifier, in
// Kea's words, and its bytes.
type HostID struct{ Kind, Value string }

// Identity is one of the things that a client is known by. Its value may be a
// part of the query.
type Identity struct {
	Kind  string
	Value []byte
}

// Among says whether a client that is known by these is the reservation's.
func (id HostID) Among(ids []Identity) bool {
	return slices.ContainsFunc(ids, func(i Identity) bool { return i.Kind == id.Kind && string(i.Value) == id.Value })
}

// Hosts are the reservations of a subnet, or the global ones. Nil is none.
type Hosts[H any] struct {
	list  []*H
	kinds []hostsOfKind[H]
}

// hostsOfKind are reservations by their identifiers, which are of one kind. As
// that is not part of the keys no string is made to look one up.
type hostsOfKind[H any] struct {
	kind    string
	byValue map[string]*H
}

// Add adds a reservation. The first of an identifier is the one that counts.
func (hs *Hosts[H]) Add(id HostID, h *H) {
	hs.list = append(hs.list, h)
	of := hs.of(id.Kind)
	if of == nil {
		of = map[string]*H{}
		hs.kinds = append(hs.kinds, hostsOfKind[H]{id.Kind, of})
	}
	if of[id.Value] == nil {
		of[id.Value] = h
	}
}

func (hs *Hosts[H]) of(kind string) map[string]*H {
	for i := range hs.kinds {
		if hs.kinds[i].kind == kind {
			return hs.kinds[i].byValue
		}
	}
	return nil
}

// Find returns the reservation of a client that is known by these, most
// important first, or nil.
func (hs *Hosts[H]) Find(ids []Identity) *H {
	if hs == nil || len(hs.list) == 0 {
		return nil
	}
	for i := range ids {
		if h := hs.of(ids[i].Kind)[string(ids[i].Value)]; h != nil {
			return h
		}
	}
	return nil
}

// ForOther says whether there are reservations, of one address or prefix say,
// and none is for a client that is known by these.
func ForOther[H any](hosts []*H, id func(*H) HostID, ids []Identity) bool {
	return len(hosts) > 0 && !slices.ContainsFunc(hosts, func(h *H) bool { return id(h).Among(ids) })
}
