package engine

import (
	"github.com/dhcpha/dhcpha/internal/class"
)

// The kinds of identifiers that reservations of both families have.
const (
	ByHWAddress = "hw-address"
	ByDUID      = "duid"
	ByFlexID    = "flex-id"
)

// Identifiers are what reservations know clients by.
type Identifiers struct {
	Kinds []string    // in the order in which reservations are searched
	Flex  *class.Text // nil: no flexible identifiers
}

// Of appends to ids what the sender of a query is known by, most important
// first. The value of a kind other than the flexible one is what value returns;
// empty: it has none.
func (i *Identifiers) Of(ids []Identity, q Subject, value func(kind string) []byte) []Identity {
	for _, kind := range i.Kinds {
		id := Identity{Kind: kind}
		if kind == ByFlexID {
			id.Value = i.flex(q)
		} else {
			id.Value = value(kind)
		}
		if len(id.Value) > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (i *Identifiers) flex(q Subject) []byte {
	if i.Flex == nil {
		return nil
	}
	value, err := i.Flex.Eval(q.Packet())
	if err != nil {
		q.Unclear(ByFlexID, err)
	}
	return []byte(value)
}
