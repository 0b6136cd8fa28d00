package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// newerStates are the states that only newer versions of Kea know. A lease in
// one of them is unreadable to others. In either nobody was given the address
// by a server.
var newerStates = []lease.State{lease.Released, lease.Registered}

func onlyNewer(s lease.State) bool { return slices.Contains(newerStates, s) }

// plainPages makes all leases of the pages that mux returns readable to every
// Kea: one in a newer state is shown as expired and reclaimed. A Kea that
// cannot read the last lease of a page would take the page for the last one.
// Once it has fetched all it is told of these leases as it can be, see
// replica.fetched: which version asks, a page does not tell.
func (s *Service) plainPages(mux *ctrl.Mux) {
	name := fmt.Sprintf("lease%d-get-page", s.opts.Family)
	h := mux.Handler(name)
	mux.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
		response := h(ctx, args)
		if page, ok := response.Arguments.(*ctrl.LeaseList); ok && !s.amongOurs() {
			for i := range page.Leases {
				if onlyNewer(page.Leases[i].State) {
					page.Leases[i].State = lease.ExpiredReclaimed
				}
			}
		}
		return response
	})
}

// amongOurs says whether all peers are known to be of this kind.
func (s *Service) amongOurs() bool {
	for _, r := range s.relationships {
		for _, m := range r.members {
			if ours, _ := m.ours(); !ours {
				return false
			}
		}
	}
	return true
}
