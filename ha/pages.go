package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// walks notices that another server has fetched all leases: pages from "start"
// to one that is not full, then ha-sync-complete-notify. A Kea that cannot read
// the last lease of a page believes that it has all and says so as well, but
// has not come to the end.
//
// Pages do not tell who asks for them. When several walk at the same time one
// is taken for another where that does no harm: nobody is believed to have seen
// more than he has.
type walks struct {
	now func() time.Time // nil: time.Now

	mu  sync.Mutex
	all []walk
}

type walk struct {
	revision uint64     // of the store, before the first page
	next     netip.Addr // what the next page will follow; not valid: there is none
	seen     time.Time  // the last page
}

const (
	maxWalks = 16
	walkIdle = 10 * time.Minute // who has not gone on for so long never will
)

// watch makes the pages that mux returns be noticed.
func (w *walks) watch(mux *ctrl.Mux, family ctrl.Family, store *lease.Store) {
	name := fmt.Sprintf("lease%d-get-page", family)
	h := mux.Handler(name)
	mux.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
		revision := store.Revision()
		response := h(ctx, args)
		page, ok := response.Arguments.(*ctrl.LeaseList)
		var asked map[string]json.RawMessage // not a struct: names are taken literally, as by h
		if ok && json.Unmarshal(args, &asked) == nil {
			from, _ := keatext.Unquote(asked["from"])
			limit, err := strconv.ParseInt(string(asked["limit"]), 10, 64)
			if err == nil {
				w.page(from, limit, page.Leases, revision)
			}
		}
		return response
	})
}

// page notes an answer: what follows from, at most limit leases.
func (w *walks) page(from string, limit int64, leases []lease.Lease, revision uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock()
	w.all = slices.DeleteFunc(w.all, func(old walk) bool { return now.Sub(old.seen) > walkIdle })
	next := netip.Addr{}
	if int64(len(leases)) >= limit {
		next = leases[len(leases)-1].Addr
	}
	if from == "start" {
		// If there is no room the new one is left out: those that stay
		// have all seen less.
		if len(w.all) < maxWalks {
			w.all = append(w.all, walk{revision, next, now})
		}
		return
	}
	after, err := netip.ParseAddr(from)
	if err != nil {
		return
	}
	// The latest: an earlier one that has come as far may have been given up.
	for i := range slices.Backward(w.all) {
		if w.all[i].next == after {
			w.all[i].next, w.all[i].seen = next, now
			return
		}
	}
}

// completed is called when a server says that it has all leases. It returns the
// revision of the store as of which that is so; false: it is not.
func (w *walks) completed() (revision uint64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// In the order in which they began. The first is believed and the last
	// forgotten: what remains for others has not seen more than they have.
	last := -1
	for i, old := range w.all {
		if old.next.IsValid() {
			continue
		}
		if last < 0 {
			revision = old.revision
		}
		last = i
	}
	if last < 0 {
		return 0, false
	}
	w.all = slices.Delete(w.all, last, last+1)
	return revision, true
}

func (w *walks) clock() time.Time {
	if w.now != nil {
		return w.now()
	}
	return time.Now()
}
