package ha

import (
	"context"
	"hash/fnv"

	"github.com/dhcpha/dhcpha/lease"
)

// adopt sees to it that the sources in the store are those of the servers that
// there are now, before anything is exchanged with one of them. A backup that has
// become a standby has the revisions of a server that may be gone, and so has who
// has been given another partner: compared with those of the new one they would
// mean that it has leases that it has never been told of, or that an older one of
// its own replaces a newer. What has a source becomes this server's own, and the
// new partner is told; of what both have the newer stays.
func (r *receiver) adopt(ctx context.Context, server string) error {
	if r.opts.sources == "" || r.opts.backup(server) {
		return nil
	}
	select {
	case r.adopting <- struct{}{}:
		defer func() { <-r.adopting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if r.adopted {
		return nil
	}
	names := fnv.New64a()
	names.Write([]byte(r.opts.sources))
	now := lease.Position{Epoch: names.Sum64(), Revision: 1}
	if was := r.store.Mark(r.opts.sourcesMark); was != now {
		given := 0
		if was != (lease.Position{}) {
			var err error
			if given, err = r.giveBack(ctx, partners); err != nil {
				return err
			}
		}
		if err := r.store.CommitMark(ctx, r.opts.sourcesMark, now); err != nil {
			return err
		}
		if given > 0 {
			r.opts.log.Info("leases that other servers have told of are this server's own now", "changes", given, "sources", r.opts.sources)
		}
	}
	r.adopted = true
	return nil
}
