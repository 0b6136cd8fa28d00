package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/dhcpha/dhcpha/lease"
)

// Exchange is a query while it is being answered, with the kind of reply it
// has.
type Exchange[Reply any] interface {
	Asker
	// Begin finds out what the query is about and for whose turn it has to
	// wait. Empty: it is not answered; why has been counted.
	Begin() (client string)
	// Answer answers it; nil: by silence. It is called anew if a lease has
	// changed between the decision and its commit.
	Answer(ctx context.Context) (*Reply, error)
}

// Asker is a query as it is logged.
type Asker interface {
	Client() slog.LogValuer
	Type() fmt.Stringer // of the message
}

// MaxTries bounds how often a decision is made anew because a lease changed
// between the decision and its commit.
const MaxTries = 3

// Begin finds out whether a query is to be answered, which it is while the
// service is on, and for whose turn it has to wait. Empty: it is not answered;
// why has been counted. Begin itself waits for nothing.
func Begin[Reply any](c *Core, x Exchange[Reply]) (client string) {
	if !c.Service.Enabled() {
		c.Stats.Disabled.Add(1)
		c.Stats.Dropped.Add(1)
		return ""
	}
	return x.Begin()
}

// Answer answers a query that has begun in its client's turn.
func Answer[Reply any](ctx context.Context, c *Core, x Exchange[Reply], client string) (*Reply, error) {
	err := c.Turns.Take(ctx, client)
	if errors.Is(err, ErrBusy) {
		c.Drop(x, err)
		return nil, nil
	}
	if err != nil {
		c.Stats.Dropped.Add(1)
		return nil, fmt.Errorf("dhcp: wait for the client's query before: %w", err)
	}
	defer c.Turns.Leave(client)
	for try := 1; ; try++ {
		reply, err := x.Answer(ctx)
		switch {
		case err == nil:
			return reply, nil
		case !errors.Is(err, lease.ErrConflict):
			c.Stats.Dropped.Add(1)
			return nil, err
		case try == MaxTries:
			// Somebody else changed the lease each time: the client will ask again.
			c.Log.Warn("lease kept changing, query dropped", "client", x.Client(), "error", err)
			c.Stats.Dropped.Add(1)
			return nil, nil
		}
	}
}

// Filtered says whether a query in these classes is in the class DROP, and drops
// it then.
func (c *Core) Filtered(x Asker, set ClassSet) bool {
	if !set.Has(ClassDrop) {
		return false
	}
	c.Stats.Filtered.Add(1)
	c.Drop(x, "class DROP")
	return true
}

// Drop logs and counts a query that is not answered, and why.
func (c *Core) Drop(x Asker, reason any) {
	if c.Log.Enabled(context.Background(), slog.LevelDebug) {
		c.Log.Debug("query dropped", "client", x.Client(), "type", x.Type(), "reason", reason)
	}
	c.Stats.Dropped.Add(1)
}
