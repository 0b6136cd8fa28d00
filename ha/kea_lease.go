package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// args4 returns the arguments of lease4-update or, del, of lease4-del.
func (s *keaSender) args4(ctx context.Context, c *lease.Change) (args json.RawMessage, del bool) {
	b := make([]byte, 0, 512)
	if s.removes(ctx, c) {
		b = append(b, `{"ip-address":"`...)
		b = c.Lease.Addr.AppendTo(b)
		return append(b, `","origin":"ha-partner"}`...), true
	}
	b = c.Lease.AppendUpdate(b)
	return append(b[:len(b)-1], `,"force-create":true,"origin":"ha-partner"}`...), false
}

// args6 returns the arguments of lease6-bulk-apply. Kea makes the removals
// first, which is all the same: each lease is in only one of the lists.
func (s *keaSender) args6(ctx context.Context, batch []lease.Change) json.RawMessage {
	b := append(make([]byte, 0, 64+512*len(batch)), `{"deleted-leases":[`...)
	end := byte('[')
	for i := range batch {
		c := &batch[i]
		if !s.removes(ctx, c) {
			continue
		}
		if b[len(b)-1] != end {
			b = append(b, ',')
		}
		b = append(b, `{"ip-address":"`...)
		b = c.Lease.Addr.AppendTo(b)
		b = append(b, `","type":"`...)
		b = append(b, c.Lease.Type.String()...)
		b = append(b, `"}`...)
	}
	b = append(b, `],"leases":[`...)
	for i := range batch {
		c := &batch[i]
		if s.removes(ctx, c) {
			continue
		}
		if b[len(b)-1] != end {
			b = append(b, ',')
		}
		b = c.Lease.AppendUpdate(b)
	}
	return append(b, `],"origin":"ha-partner"}`...)
}

// removes says whether Kea is told that there is no such lease. A state that
// it cannot read is one in which nobody has the address, so to Kea it is free.
func (s *keaSender) removes(ctx context.Context, c *lease.Change) bool {
	switch c.Lease.State {
	case lease.Released:
		return c.Delete || !s.version.atLeast(ctx, s.peer, keaReleased)
	case lease.Registered:
		return c.Delete || !s.version.atLeast(ctx, s.peer, keaRegistered)
	default:
		return c.Delete
	}
}

// bulkFailures returns which of a batch a lease6-bulk-apply has not applied, as
// feed.done wants it. One that was to be removed and is not there is none. If
// something has failed and it cannot be told what, nothing is acknowledged: a
// client that is refused asks again.
func bulkFailures(reply *ctrl.Reply, batch []lease.Change) map[lease.Key]error {
	if reply.Arguments == nil {
		return nil
	}
	failed := make(map[lease.Key]error)
	fail := func(why error) map[lease.Key]error {
		for i := range batch {
			if k := batch[i].Lease.Key(); failed[k] == nil {
				failed[k] = fmt.Errorf("%w: %w", errUnacknowledged, why)
			}
		}
		return failed
	}
	var args struct {
		Leases  []bulkFailure `json:"failed-leases"`
		Deleted []bulkFailure `json:"failed-deleted-leases"`
	}
	if err := json.Unmarshal(reply.Arguments, &args); err != nil {
		return fail(fmt.Errorf("what has failed cannot be read: %w", err))
	}
	var unknown error
	for _, f := range append(args.Leases, args.Deleted...) {
		k := lease.Key{Type: lease.NA, Addr: f.Addr}
		if f.Type == lease.PD.String() {
			k.Type = lease.PD
		}
		err := fmt.Errorf("%w: %s", errUnacknowledged, f.Message)
		switch {
		case f.Result == ctrl.Success || f.Result == ctrl.Empty:
			continue
		case f.Result == ctrl.Conflict:
			err = fmt.Errorf("%w: %s", errRejected, f.Message)
		}
		if !slices.ContainsFunc(batch, func(c lease.Change) bool { return c.Lease.Key() == k }) {
			unknown = fmt.Errorf("another lease has failed, %v: %s", k, f.Message)
			continue
		}
		failed[k] = err
	}
	if unknown != nil {
		return fail(unknown)
	}
	return failed
}

// bulkFailure is an element of the lists in the answer.
type bulkFailure struct {
	Type    string     `json:"type"`
	Addr    netip.Addr `json:"ip-address"`
	Result  int        `json:"result"`
	Message string     `json:"error-message"`
}
