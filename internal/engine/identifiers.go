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

// Of returns what the sender of a query is known by, most important first. The
// value of a kind other than the flexible one is what value returns; empty: it
// has none.
func (i *Identifiers) Of(q Subject, value func(kind string) string) []HostID {
	ids := make([]HostID, 0, len(i.Kinds))
	for _, kind := range i.Kinds {
		id := HostID{Kind: kind}
		if kind == ByFlexID {
			id.Value = i.flex(q)
		} else {
			id.Value = value(kind)
		}
		if id.Value != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (i *Identifiers) flex(q Subject) string {
	if i.Flex == nil {
		return ""
	}
	value, err := i.Flex.Eval(q.Packet())
	if err != nil {
		q.Unclear(ByFlexID, err)
	}
	return value
}
