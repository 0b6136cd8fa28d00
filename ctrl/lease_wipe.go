package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/lease"
)

// wipeBatch is how many leases are deleted at once: many share one write, and
// other commits still get their turn.
const wipeBatch = 1000

// wipe deletes all leases of a subnet, or of all that are configured.
func (c *leaseCommands) wipe(ctx context.Context, raw json.RawMessage) (Response, error) {
	args, ok := parseArguments(raw)
	if raw != nil && !ok {
		return Response{}, failf("contains(string) called on a non-map Element")
	}
	id, err := args.uint("subnet-id", math.MaxUint32, 0)
	if err != nil {
		return Response{}, err
	}
	ids := []uint32{id}
	if id == 0 {
		ids = nil
		for subnet := range c.subnets.Subnets() {
			ids = append(ids, subnet.ID)
		}
	}
	deleted := 0
	var names strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&names, " %d", id)
		for batch := range slices.Chunk(slices.SortedFunc(c.ofFamily(c.store.BySubnet(id)), byAddress), wipeBatch) {
			changes := make([]lease.Change, len(batch))
			for i, l := range batch {
				changes[i] = lease.Removal(l)
			}
			if err := c.committer.Commit(ctx, changes...); err != nil {
				return Response{}, fmt.Errorf("after %d leases: %w", deleted, err)
			}
			deleted += len(batch)
		}
	}
	r := Response{Text: fmt.Sprintf("Deleted %d %s lease(s) from subnet(s)%s", deleted, c.family, names.String())}
	if deleted == 0 {
		r.Result = Empty
	}
	return r, nil
}
