package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// Subnet is what the lease commands know of a subnet.
type Subnet struct {
	ID       uint32
	Prefix   netip.Prefix
	ValidLft uint32 // seconds; of a lease that is given without
	Server   string // the HA server it is assigned to (ha-server-name, of the subnet or else of its shared network); empty: none
}

// Subnets are the subnets of one family that are configured. It is asked by
// every command anew, so that it may change.
type Subnets interface {
	// Subnet returns the subnet with the ID.
	Subnet(id uint32) (Subnet, bool)
	// Subnets returns all, in the order of their IDs.
	Subnets() iter.Seq[Subnet]
}

// leaseCommands runs the lease commands of one family.
type leaseCommands struct {
	family    Family
	store     *lease.Store
	committer lease.Committer
	subnets   Subnets
}

// HandleLeases makes mux run the lease commands of a family: those of Kea's
// lease commands hook library, with its texts. They read from the store and
// make their changes by the committer, which is the store itself, or what
// tells others of the changes.
//
// For IPv4 these are lease4-add, -get, -get-all, -get-page, -get-by-hw-address,
// -get-by-client-id, -get-by-hostname, -get-by-state, -update, -del, -wipe and
// -resend-ddns (which answers that there is no DDNS). For IPv6 they have a 6
// in their names, -get-by-duid stands for -get-by-client-id, and there is
// lease6-bulk-apply.
//
// An update is made only if the lease has not changed since the command looked
// at it. If it has, the answer is Conflict and nothing has been changed.
func HandleLeases(mux *Mux, family Family, store *lease.Store, committer lease.Committer, subnets Subnets) {
	c := &leaseCommands{family, store, committer, subnets}
	handle := func(name string, h func(context.Context, json.RawMessage) (Response, error)) {
		mux.Handle(fmt.Sprintf("lease%d-%s", family, name), func(ctx context.Context, args json.RawMessage) Response {
			response, err := h(ctx, args)
			if err != nil {
				return failure(err)
			}
			return response
		})
	}
	handle("add", c.add)
	handle("update", c.update)
	handle("get", c.get)
	handle("del", c.del)
	handle("wipe", c.wipe)
	handle("resend-ddns", c.resendDDNS)
	handle("get-all", c.getAll)
	handle("get-page", c.getPage)
	handle("get-by-hw-address", c.getBy("hw-address", func(text string) ([]lease.Lease, error) {
		hw, err := parseHWAddr(text)
		if err != nil || len(hw) == 0 {
			return nil, err
		}
		return store.ByHWAddr(hw), nil
	}))
	id := map[Family]string{V4: "client-id", V6: "duid"}[family]
	handle("get-by-"+id, c.getBy(id, func(text string) ([]lease.Lease, error) {
		b, err := parseID(text, family)
		if err != nil {
			return nil, err
		}
		return store.ByClientID(b), nil
	}))
	handle("get-by-hostname", c.getBy("hostname", func(text string) ([]lease.Lease, error) {
		if text == "" {
			return nil, failf("'hostname' parameter is empty")
		}
		return store.ByHostname(text), nil
	}))
	handle("get-by-state", c.getByState)
	if family == V6 {
		handle("bulk-apply", c.bulkApply)
	}
}

func (c *leaseCommands) add(ctx context.Context, raw json.RawMessage) (Response, error) {
	if raw == nil {
		return Response{}, failf("no parameters specified for the command")
	}
	l, _, err := c.parseUpdate(raw)
	if err != nil {
		return Response{}, err
	}
	err = c.committer.Commit(ctx, lease.Change{Lease: *l, If: lease.Absent})
	if errors.Is(err, lease.ErrConflict) {
		return Response{}, conflictf("%s lease already exists.", c.family)
	}
	if err != nil {
		return Response{}, err
	}
	what := "address " + l.Addr.String()
	if l.Type == lease.PD {
		what = fmt.Sprintf("prefix %s/%d", l.Addr, l.PrefixLen)
	}
	return Response{Text: fmt.Sprintf("Lease for %s, subnet-id %d added.", what, l.SubnetID)}, nil
}

func (c *leaseCommands) update(ctx context.Context, raw json.RawMessage) (Response, error) {
	if raw == nil {
		return Response{}, failf("no parameters specified for lease%d-update command", c.family)
	}
	l, create, err := c.parseUpdate(raw)
	if err != nil {
		return Response{}, err
	}
	done, err := c.replace(ctx, l, create)
	if err != nil {
		return Response{}, err
	}
	return Response{Text: fmt.Sprintf("%s lease %s.", c.family, done)}, nil
}

// replace updates a lease, or adds it if there is none and create says so. It
// returns which it was.
func (c *leaseCommands) replace(ctx context.Context, l *lease.Lease, create bool) (done string, err error) {
	change, done := lease.Change{Lease: *l, If: lease.Absent}, "added"
	if old, ok := c.store.Lookup(l.Key()); ok {
		change.If, done = old.Revision, "updated"
	} else if !create {
		return "", changed(l)
	}
	err = c.committer.Commit(ctx, change)
	if errors.Is(err, lease.ErrConflict) {
		return "", changed(l)
	}
	return done, err
}

func changed(l *lease.Lease) error {
	return conflictf("failed to update the lease with address %s either because the lease has been deleted or it has changed in the database, in both cases a retry might succeed", l.Addr)
}

// parseUpdate reads a lease, and whether it is to be added if there is none.
func (c *leaseCommands) parseUpdate(raw json.RawMessage) (l *lease.Lease, create bool, err error) {
	args, ok := parseArguments(raw)
	if !ok {
		return nil, false, failf("get(string) called on a non-map Element")
	}
	if l, err = c.parseLease(args); err != nil {
		return nil, false, err
	}
	create, err = args.bool("force-create")
	return l, create, err
}

func (c *leaseCommands) get(_ context.Context, raw json.RawMessage) (Response, error) {
	l, err := c.find(raw)
	if err != nil {
		return Response{}, err
	}
	if l == nil {
		return Response{Result: Empty, Text: "Lease not found."}, nil
	}
	return Response{Arguments: l, Text: fmt.Sprintf("%s lease found.", c.family)}, nil
}

func (c *leaseCommands) del(ctx context.Context, raw json.RawMessage) (Response, error) {
	l, err := c.find(raw)
	if err != nil {
		return Response{}, err
	}
	if l == nil {
		return Response{Result: Empty, Text: fmt.Sprintf("%s lease not found.", c.family)}, nil
	}
	if err := c.committer.Commit(ctx, lease.Removal(*l)); err != nil {
		return Response{}, err
	}
	return Response{Text: fmt.Sprintf("%s lease deleted.", c.family)}, nil
}

// resendDDNS answers as Kea with DDNS switched off.
func (c *leaseCommands) resendDDNS(_ context.Context, raw json.RawMessage) (Response, error) {
	args, ok := parseArguments(raw)
	if raw != nil && !ok {
		return Response{}, failf("get(string) called on a non-map Element")
	}
	if !args.has("ip-address") {
		return Response{}, failf("'ip-address' parameter is missing.")
	}
	if text, err := args.string("ip-address"); err == nil {
		if _, ok := parseAddr(text); !ok {
			return Response{}, failf("'%s' is not a valid IP address.", text)
		}
	}
	if _, err := c.parseAddress(args); err != nil {
		return Response{}, err
	}
	return Response{}, conflictf("DDNS updating is not enabled")
}
