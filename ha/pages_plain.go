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

// plainPages leaves leases in newer states out of the pages that mux returns,
// unless all peers are known to be of this kind: a Kea that cannot read the
// last lease of a page takes the page for the last one. Once it has fetched all
// others it is told of these as it can be, see replica.fetched: which version
// asks, a page does not tell.
func (s *Service) plainPages(mux *ctrl.Mux) {
	name := fmt.Sprintf("lease%d-get-page", s.opts.Family)
	h := mux.Handler(name)
	mux.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
		response := h(ctx, args)
		page, ok := response.Arguments.(*ctrl.LeaseList)
		if !ok || s.amongOurs() {
			return response
		}
		// Others come in their place: a page that is not full is the last.
		for rest := page.Leases; slices.ContainsFunc(rest, newer); {
			last := rest[len(rest)-1].Addr
			out := len(page.Leases)
			page.Leases = slices.DeleteFunc(page.Leases, newer)
			out -= len(page.Leases)
			rest = s.store.Page(last, out)
			page.Leases = append(page.Leases, rest...)
		}
		*page.Count = len(page.Leases)
		response.Text = fmt.Sprintf("%d IPv%d lease(s) found.", len(page.Leases), s.opts.Family)
		if len(page.Leases) == 0 {
			response.Result = ctrl.Empty
		}
		return response
	})
}

func newer(l lease.Lease) bool { return onlyNewer(l.State) }

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
