package engine

import (
	"context"
	"errors"
	"sync"
)

// Turns lets one query of a client at a time pass. It takes memory for the
// clients only that have queries in flight. The zero Turns is ready for use.
type Turns struct {
	mu      sync.Mutex
	clients map[string]*turn
}

type turn struct {
	token chan struct{} // full while a query has the turn
	users int           // queries that have it or wait for it
}

// MaxTurns is how many queries of one client there may be at a time, also by
// way of several relay agents. Otherwise one that sends faster than its lease
// can be committed would in the end have all the queries in flight.
const MaxTurns = 8

// ErrBusy is returned by Take for a client that has MaxTurns queries.
var ErrBusy = errors.New("too many queries of the client at a time")

// Take waits for the client's turn. The function returned gives it up.
func (ts *Turns) Take(ctx context.Context, client string) (release func(), err error) {
	ts.mu.Lock()
	t := ts.clients[client]
	if t == nil {
		t = &turn{token: make(chan struct{}, 1)}
		if ts.clients == nil {
			ts.clients = map[string]*turn{}
		}
		ts.clients[client] = t
	}
	if t.users == MaxTurns {
		ts.mu.Unlock()
		return nil, ErrBusy
	}
	t.users++
	ts.mu.Unlock()

	select {
	case t.token <- struct{}{}:
		return func() {
			<-t.token
			ts.leave(client, t)
		}, nil
	case <-ctx.Done():
		ts.leave(client, t)
		return nil, context.Cause(ctx)
	}
}

func (ts *Turns) leave(client string, t *turn) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(ts.clients, client)
	}
}

// Len returns how many clients have queries in flight.
func (ts *Turns) Len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.clients)
}
