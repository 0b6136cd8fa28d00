package ha

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// received makes the lease updates of other servers, as a Kea sends them, this
// server's leases. They are durable here when they are answered, and told to
// nobody else.
//
// An update can come late: one that its sender has given up is still delivered
// when a partition ends. One that is older than what is known here is therefore
// not made, whoever's lease it is. Its sender is told that it was, since it has
// or will get the newer lease, and would count a refusal as a failure.
type received struct {
	store  *lease.Store
	offset func() time.Duration // the sender's clock − this one's; nil: 0
	told   func(lease.Change)   // of each change that was made; nil: nobody
	passed func(lease.Change)   // of each that was not, as it is too old; nil: nobody
	log    *slog.Logger
}

// handle has mux run the commands by which servers read and update each other's
// leases. Who adds a lease means that there is none, and is no server.
func (r *received) handle(mux *ctrl.Mux, family ctrl.Family, subnets ctrl.Subnets) {
	commands := ctrl.NewMux()
	ctrl.HandleLeases(commands, family, r.store, r, subnets)
	for _, name := range []string{"get-all", "get-page", "update", "del", "bulk-apply"} {
		name = fmt.Sprintf("lease%d-%s", family, name)
		h := commands.Handler(name)
		if h == nil {
			continue // bulk-apply is of DHCPv6
		}
		mux.Handle(name, h)
	}
	for _, name := range []string{"del", "bulk-apply"} {
		name = fmt.Sprintf("lease%d-%s", family, name)
		if h := mux.Handler(name); h != nil {
			mux.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
				return h(context.WithValue(ctx, removalsKey{}, removals(args)), args)
			})
		}
	}
}

// Commit commits what is not older than what is known here.
func (r *received) Commit(ctx context.Context, changes ...lease.Change) error {
	slack := tolerance
	if r.offset != nil {
		slack += r.offset().Abs()
	}
	seconds := int64(slack / time.Second)
	removed, _ := ctx.Value(removalsKey{}).(map[lease.Key]int64)
	foreign := make([]lease.Change, len(changes))
	for i, c := range changes {
		if c.Delete {
			c.Lease.CLTT = 0 // decided now, for all that is known
		}
		c.Source = lease.Foreign
		foreign[i] = c
	}
	made, err := commitNewer(ctx, r.store, foreign, func(c, here lease.Change) bool {
		cltt := c.Lease.CLTT
		if c.Delete {
			var told bool
			if cltt, told = removed[c.Lease.Key()]; !told {
				return true
			}
		}
		if cltt+seconds >= here.Lease.CLTT && !overtaken(&c, &here) {
			return true
		}
		r.log.Info("lease update of a peer is older than what is known here, and was not made",
			"address", here.Lease.Addr, "cltt", cltt, "known", here.Lease.CLTT, "removal", c.Delete)
		if r.passed != nil {
			r.passed(here)
		}
		return false
	})
	if err == nil && r.told != nil {
		for _, c := range made {
			r.told(c)
		}
	}
	return err
}

// tolerance is by how much an update may seem older than what is known without
// being so: times are in whole seconds.
const tolerance = 2 * time.Second

// overtaken says whether an update has come after a newer one of the same client,
// though there is no doubt which is newer: another server has told both. A Kea
// has several connections and answers a client that has asked twice from two
// threads. What is older by more is of a clock that was set back.
func overtaken(c, here *lease.Change) bool {
	was, is := &c.Lease, &here.Lease
	return !c.Delete && !here.Delete && here.Source == lease.Foreign && was.State == is.State &&
		was.CLTT < is.CLTT && is.CLTT-was.CLTT <= int64(tolerance/time.Second) &&
		was.IAID == is.IAID && bytes.Equal(was.ClientID, is.ClientID) && bytes.Equal(was.HWAddr, is.HWAddr)
}

type removalsKey struct{}

// removals returns of what age the leases were that a command removes: a server
// sends them whole, with the time of their client's last transaction.
func removals(args json.RawMessage) map[lease.Key]int64 {
	var bulk struct {
		Deleted []json.RawMessage `json:"deleted-leases"`
	}
	if json.Unmarshal(args, &bulk) != nil || bulk.Deleted == nil {
		bulk.Deleted = []json.RawMessage{args}
	}
	found := make(map[lease.Key]int64, len(bulk.Deleted))
	for _, raw := range bulk.Deleted {
		var l lease.Lease
		if l.UnmarshalJSON(raw) == nil {
			found[l.Key()] = l.CLTT
		}
	}
	return found
}
