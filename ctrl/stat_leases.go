package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// HandleLeaseStats makes mux run the command of Kea's statistics commands hook
// library: stat-lease4-get or stat-lease6-get, a table of subnets and how many
// leases they have. What the store does not know is taken from the statistics
// of the subnets (subnet[1].total-addresses).
func HandleLeaseStats(mux *Mux, family Family, store *lease.Store, stats *Stats, subnets Subnets) {
	t := &leaseTable{
		command: fmt.Sprintf("stat-lease%d-get", family), columns: leaseColumns[family],
		store: store, stats: stats, subnets: subnets,
	}
	mux.Handle(t.command, func(_ context.Context, raw json.RawMessage) Response {
		r, err := t.get(raw)
		if err != nil {
			return failure(err)
		}
		return r
	})
}

type leaseTable struct {
	command string
	columns []leaseColumn
	store   *lease.Store
	stats   *Stats
	subnets Subnets
}

// leaseColumn is a column of the table.
type leaseColumn struct {
	name  string      // also that of the statistic, where it is one
	typ   lease.Type  // of the leases that are counted; 0: it is a statistic
	state lease.State // likewise
}

// Unlike in the statistics, a declined address is none of the assigned.
var leaseColumns = map[Family][]leaseColumn{
	V4: {
		{name: "total-addresses"},
		{name: "cumulative-assigned-addresses"},
		{"assigned-addresses", lease.V4, lease.Assigned},
		{"declined-addresses", lease.V4, lease.Declined},
	},
	V6: {
		{name: "total-nas"},
		{name: "cumulative-assigned-nas"},
		{"assigned-nas", lease.NA, lease.Assigned},
		{"declined-nas", lease.NA, lease.Declined},
		{name: "total-pds"},
		{name: "cumulative-assigned-pds"},
		{"assigned-pds", lease.PD, lease.Assigned},
	},
}

func (t *leaseTable) get(raw json.RawMessage) (Response, error) {
	sel, err := parseSubnetRange(raw)
	if err != nil {
		return Response{}, err
	}
	columns := []string{"subnet-id"}
	for _, c := range t.columns {
		columns = append(columns, c.name)
	}
	var rows [][]int64
	for subnet := range t.subnets.Subnets() {
		if sel.first <= subnet.ID && subnet.ID <= sel.last {
			rows = append(rows, t.row(subnet.ID))
		}
	}
	text := fmt.Sprintf("%s[%s]: ", t.command, sel.text)
	if len(rows) == 0 {
		return Response{Result: Empty, Text: text + "no matching data, " + sel.missing, Arguments: struct{}{}}, nil
	}
	return Response{
		Text: fmt.Sprintf("%s%d rows found", text, len(rows)),
		Arguments: map[string]any{"result-set": map[string]any{
			"columns": columns, "rows": rows, "timestamp": time.Now().Local().Format("2006-01-02 15:04:05.000000"),
		}},
	}, nil
}

func (t *leaseTable) row(subnet uint32) []int64 {
	row := []int64{int64(subnet)}
	for _, c := range t.columns {
		var n int64
		if c.typ != 0 {
			n = int64(t.store.Count(subnet, c.state, c.typ))
		} else if st := t.stats.get(fmt.Sprintf("subnet[%d].%s", subnet, c.name)); st != nil {
			n = st.Value()
		}
		row = append(row, n)
	}
	return row
}

// subnetRange is which subnets are asked for.
type subnetRange struct {
	first, last   uint32
	text, missing string // what is asked for, and what to say if there is none
}

func parseSubnetRange(raw json.RawMessage) (r subnetRange, err error) {
	r = subnetRange{0, math.MaxUint32, "all subnets", "selected ID range: 0 through 0 includes no known subnets"}
	args, ok := parseArguments(raw)
	switch {
	case len(raw) > 0 && !ok:
		return r, failf("'arguments' parameter is not a map")
	case args.has("subnet-id") && args.has("subnet-range"):
		return r, failf("cannot specify both subnet-id and subnet-range")
	case args.has("subnet-id"):
		r.first, err = args.subnetID("subnet-id", "'subnet-id' parameter is not integer")
		r.last, r.text = r.first, fmt.Sprintf("subnet-id=%d", r.first)
		r.missing = fmt.Sprintf("subnet-id: %d does not exist", r.first)
	case args.has("subnet-range"):
		within, ok := parseArguments(args["subnet-range"])
		if !ok {
			return r, failf("subnet-range parameter is not a map")
		}
		if r.first, err = within.subnetID("first-subnet-id", "'first-subnet-id' parameter missing or not an integer"); err != nil {
			return r, err
		}
		r.last, err = within.subnetID("last-subnet-id", "'last-subnet-id' parameter missing or not an integer")
		if err == nil && r.last <= r.first {
			return r, failf("'last-subnet-id' must be greater than 'first-subnet-id'")
		}
		r.text = fmt.Sprintf("subnets %d through %d", r.first, r.last)
		r.missing = fmt.Sprintf("selected ID range: %d through %d includes no known subnets", r.first, r.last)
	}
	return r, err
}

// subnetID returns an ID; otherwise is what to say if there is no integer.
func (a arguments) subnetID(name, otherwise string) (uint32, error) {
	n, ok := integer(a[name])
	switch {
	case !ok:
		return 0, failf("%s", otherwise)
	case n <= 0:
		return 0, failf("'%s' parameter must be > 0", name)
	}
	return uint32(min(n, math.MaxUint32)), nil
}
