package dhcp4

import (
	"net/netip"
	"time"
)

// incoming is a query as server and engine see it: what a Query says, with the
// message taken apart.
type incoming struct {
	message
	received time.Time
	iface    string
	local    netip.Addr
	source   netip.AddrPort
	unicast  bool
	length   int
	classes  []string
}

// take takes a query apart, which has to stay as it is as long as in is used.
// An address that is none counts as not set.
func (in *incoming) take(q *Query) {
	_ = in.message.take(q.Message)
	in.received, in.iface, in.local, in.source = q.Received, q.Interface, q.Local, q.Source
	in.unicast, in.length, in.classes = q.Unicast, q.Length, q.Classes
}

// query returns the query for a handler, with memory of its own.
func (in *incoming) query() *Query {
	return &Query{
		Message: in.library(), Received: in.received, Interface: in.iface, Local: in.local, Source: in.source,
		Unicast: in.unicast, Length: in.length, Classes: in.classes,
	}
}
