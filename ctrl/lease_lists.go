package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// LeaseList are the arguments of a response with leases.
type LeaseList struct {
	Count  *int          `json:"count,omitempty"` // in pages only
	Leases []lease.Lease `json:"leases"`
}

// AppendJSON appends the list as it is encoded. A page has tens of thousands of
// leases, which the JSON library would go through several times.
func (l *LeaseList) AppendJSON(b []byte) ([]byte, error) {
	b = append(slices.Grow(b, 64+leaseLength*len(l.Leases)), '{')
	if l.Count != nil {
		b = append(strconv.AppendInt(append(b, ` "count": `...), int64(*l.Count), 10), ',')
	}
	b = append(b, ` "leases": [`...)
	for i := range l.Leases {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = l.Leases[i].AppendJSON(append(b, ' ')); err != nil {
			return b, err
		}
	}
	return append(b, " ] }"...), nil
}

// leaseLength is about as long as a lease is as JSON.
const leaseLength = 350

// found is the response with leases. What a store returns may be of both
// families.
func (c *leaseCommands) found(leases []lease.Lease) Response {
	list := LeaseList{Leases: leases}
	if leases == nil {
		list.Leases = []lease.Lease{} // not null
	}
	r := Response{Arguments: &list, Text: fmt.Sprintf("%d %s lease(s) found.", len(leases), c.family)}
	if len(leases) == 0 {
		r.Result = Empty
	}
	return r
}

// maxListed is how many leases an answer has at most, some 90 MB of text. Kea's
// has no bound.
const maxListed = 250_000

// gather appends the leases of the family, by address, to others of an answer.
func (c *leaseCommands) gather(leases []lease.Lease, more iter.Seq[lease.Lease]) ([]lease.Lease, error) {
	before := len(leases)
	for l := range c.ofFamily(more) {
		if len(leases) == maxListed {
			return nil, failf("there are more than %d leases to list; ask for pages by lease%d-get-page", maxListed, c.family)
		}
		leases = append(leases, l)
	}
	slices.SortFunc(leases[before:], byAddress)
	return leases, nil
}

// ofFamily leaves out leases of the other family: a subnet there may have the
// same ID.
func (c *leaseCommands) ofFamily(leases iter.Seq[lease.Lease]) iter.Seq[lease.Lease] {
	return func(yield func(lease.Lease) bool) {
		for l := range leases {
			if c.family.hasType(l.Type) && !yield(l) {
				return
			}
		}
	}
}

// foundAll is the response with all leases of the family.
func (c *leaseCommands) foundAll(leases iter.Seq[lease.Lease]) (Response, error) {
	list, err := c.gather(nil, leases)
	if err != nil {
		return Response{}, err
	}
	return c.found(list), nil
}

func (c *leaseCommands) getAll(_ context.Context, raw json.RawMessage) (Response, error) {
	if raw == nil {
		return c.foundAll(c.store.All())
	}
	args, ok := parseArguments(raw)
	if !ok {
		return Response{}, failf("get(string) called on a non-map Element")
	}
	if !args.has("subnets") {
		return Response{}, failf("'subnets' parameter not specified")
	}
	var ids []json.RawMessage
	if kind(args["subnets"]) != '[' || json.Unmarshal(args["subnets"], &ids) != nil {
		return Response{}, failf("'subnets' parameter must be a list")
	}
	var leases []lease.Lease
	listed := map[int64]bool{}
	for _, raw := range ids {
		id, ok := integer(raw)
		if !ok {
			return Response{}, failf("listed subnet identifiers must be numbers")
		}
		// Unlike Kea's, a response has no lease twice: a short command would make
		// it any number of times as long as all leases are.
		if id > 0 && id <= math.MaxUint32 && !listed[id] {
			listed[id] = true
			var err error
			if leases, err = c.gather(leases, c.store.BySubnet(uint32(id))); err != nil {
				return Response{}, err
			}
		}
	}
	return c.found(leases), nil
}

func (c *leaseCommands) getPage(_ context.Context, raw json.RawMessage) (Response, error) {
	if raw == nil {
		return Response{}, failf("no parameters specified for the lease%d-get-page command", c.family)
	}
	args, ok := parseArguments(raw)
	if !ok {
		return Response{}, failf("get(string) called on a non-map Element")
	}
	from, err := c.parseFrom(args)
	if err != nil {
		return Response{}, err
	}
	if !args.has("limit") {
		return Response{}, failf("'limit' parameter not specified")
	}
	limit, ok := integer(args["limit"])
	switch {
	case !ok:
		return Response{}, failf("'limit' parameter must be a number")
	case limit == 0:
		return Response{}, failf("page size of retrieved leases must not be 0")
	case limit < 0 || limit > math.MaxUint32:
		return Response{}, failf("page size of retrieved leases must not be greater than %d", uint32(math.MaxUint32))
	case limit > maxListed:
		return Response{}, failf("page size of retrieved leases must not be greater than %d", maxListed)
	}
	r := c.found(c.store.Page(from, int(limit)))
	list := r.Arguments.(*LeaseList)
	list.Count = new(len(list.Leases))
	return r, nil
}

// parseFrom reads the address that a page begins after.
func (c *leaseCommands) parseFrom(args arguments) (netip.Addr, error) {
	if !args.has("from") {
		return netip.Addr{}, failf("'from' parameter not specified")
	}
	text, ok := keatext.Unquote(args["from"])
	if !ok {
		return netip.Addr{}, failf("'from' parameter must be a string")
	}
	if text == "start" {
		return c.family.first(), nil
	}
	addr, ok := parseAddr(text)
	if !ok {
		return netip.Addr{}, failf("'from' parameter value is neither 'start' keyword nor a valid %s address", c.family)
	}
	if !c.family.has(addr) {
		return netip.Addr{}, failf("'from' parameter value %s is not an %s address", text, c.family)
	}
	return addr, nil
}

// getBy runs a command that looks leases up by one text.
func (c *leaseCommands) getBy(name string, look func(text string) ([]lease.Lease, error)) func(context.Context, json.RawMessage) (Response, error) {
	return func(_ context.Context, raw json.RawMessage) (Response, error) {
		args, ok := parseArguments(raw)
		if !ok {
			return Response{}, failf("Command arguments missing or a not a map.")
		}
		if !args.has(name) {
			return Response{}, failf("'%s' parameter not specified", name)
		}
		text, ok := keatext.Unquote(args[name])
		if !ok {
			return Response{}, failf("'%s' parameter must be a string", name)
		}
		leases, err := look(text)
		if err != nil {
			return Response{}, err
		}
		return c.foundAll(slices.Values(leases))
	}
}

// getByState takes the state's number or its name.
func (c *leaseCommands) getByState(_ context.Context, raw json.RawMessage) (Response, error) {
	args, ok := parseArguments(raw)
	if !ok {
		return Response{}, failf("Command arguments missing or a not a map.")
	}
	if !args.has("state") {
		return Response{}, failf("'state' parameter not specified")
	}
	state, ok := integer(args["state"])
	if name, isText := keatext.Unquote(args["state"]); isText {
		if name == "assigned" {
			name = "default"
		}
		state = int64(slices.Index(c.stateNames(), name))
	} else if !ok {
		return Response{}, failf("'state' parameter must be a number or a string")
	}
	if state < 0 || state >= int64(len(c.stateNames())) {
		return Response{}, failf("unknown state %s", keatext.Encode(args["state"]))
	}
	subnet, err := args.uint("subnet-id", math.MaxUint32, 0)
	if err != nil {
		return Response{}, err
	}
	return c.foundAll(c.store.ByState(lease.State(state), subnet))
}
