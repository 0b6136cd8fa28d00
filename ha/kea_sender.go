package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// bulkLeases is how many leases one lease6-bulk-apply has at most. Kea does
// nothing else meanwhile.
const bulkLeases = 100

// keaSender tells a Kea of changes by its lease commands, over several
// connections. Of a lease only one command is under way at a time, so nothing
// is overtaken.
type keaSender struct {
	peer    *peer
	feed    *feed
	family  ctrl.Family
	workers int
	log     *slog.Logger
	version keaVersionOnce
	refused refusalLog

	forgotten func() uint64 // of the store
}

func newKeaSender(p *peer, store *lease.Store, f *feed, opts replicaOptions) *keaSender {
	return &keaSender{
		peer: p, feed: f, family: opts.family, workers: opts.cfg.clientThreads(), log: opts.log,
		forgotten: store.Forgotten,
	}
}

// run sends until ctx ends or Kea cannot be reached.
func (s *keaSender) run(ctx context.Context) error {
	if from := s.feed.acked(); from != 0 && from < s.forgotten() {
		s.log.Warn("some removed leases are no longer known: the peer keeps them until they expire", "peer", s.peer.Name)
	}
	taking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() {
			for {
				batch, _, err := s.feed.take(taking, s.batch())
				if err != nil {
					return
				}
				if len(batch) == 0 {
					continue
				}
				results := s.send(ctx, batch)
				if err := s.judge(batch, results); err != nil {
					stop(err) // the others finish what they have begun
				}
				s.feed.done(batch, func(i int) error { return results[i] })
			}
		})
	}
	workers.Wait()
	return context.Cause(taking)
}

// judge logs what Kea has refused. It returns why Kea was not reached, if so.
func (s *keaSender) judge(batch []lease.Change, results []error) error {
	for i, err := range results {
		switch {
		case err == nil:
		case errors.Is(err, errRejected) || errors.Is(err, errUnacknowledged):
			s.refused.log(s.log, s.peer.Name, &batch[i], err)
		default:
			return err
		}
	}
	return nil
}

// batch returns how many leases one command has at most.
func (s *keaSender) batch() int {
	if s.family == ctrl.V6 {
		return bulkLeases
	}
	return 1
}

// send sends changes and returns what has become of each, as feed.done wants it.
func (s *keaSender) send(ctx context.Context, batch []lease.Change) []error {
	if s.family == ctrl.V6 {
		return s.sendBulk(ctx, batch)
	}
	args, del := s.args4(ctx, &batch[0])
	command := "lease4-update"
	if del {
		command = "lease4-del"
	}
	_, err := s.call(ctx, command, args)
	return []error{keaOutcome(err)}
}

// sendBulk sends changes in one command.
func (s *keaSender) sendBulk(ctx context.Context, batch []lease.Change) []error {
	reply, err := s.call(ctx, "lease6-bulk-apply", s.args6(ctx, batch))
	results := make([]error, len(batch))
	if reply != nil && (reply.Result == ctrl.Success || reply.Result == ctrl.Empty) {
		failed := bulkFailures(reply, batch)
		for i := range batch {
			results[i] = failed[batch[i].Lease.Key()]
		}
		return results
	}
	// One lease that Kea cannot make sense of spoils all.
	if refused := (*ctrl.ResultError)(nil); errors.As(err, &refused) && len(batch) > 1 {
		for i := range batch {
			results[i] = s.sendBulk(ctx, batch[i:i+1])[0]
		}
		return results
	}
	for i := range results {
		results[i] = keaOutcome(err)
	}
	return results
}

// call sends a command, and again if the connection turns out to have been
// closed: to say the last state of a lease twice does no harm.
func (s *keaSender) call(ctx context.Context, command string, args json.RawMessage) (*ctrl.Reply, error) {
	start := time.Now()
	reply, err := s.peer.call(ctx, command, args)
	if err != nil && unreached(err) && ctx.Err() == nil && time.Since(start) < s.peer.timeout/4 {
		reply, err = s.peer.call(ctx, command, args)
	}
	return reply, err
}

// unreached says whether an error of a call is that of the way to the server:
// it has not answered.
func unreached(err error) bool {
	refused := (*ctrl.ResultError)(nil)
	return !errors.As(err, &refused) && !errors.Is(err, ctrl.ErrReply)
}

// keaOutcome says what feed.done is told of the end of a call.
func keaOutcome(err error) error {
	refused := (*ctrl.ResultError)(nil)
	switch {
	case err == nil || unreached(err):
		return err
	case errors.As(err, &refused) && refused.Code == ctrl.Conflict:
		return fmt.Errorf("%w: %w", errRejected, err)
	default:
		return fmt.Errorf("%w: %w", errUnacknowledged, err)
	}
}
