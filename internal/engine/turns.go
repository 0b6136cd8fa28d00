package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Turns lets one query of a client at a time pass. It takes memory for the
// clients only that have queries in flight. The zero Turns is ready for use.
type Turns struct {
	mu sync.Mutex
	// clients are those with a query that has the turn; nil: no other waits.
	clients map[string]*waiting
}

// waiting are the queries that wait for a turn, each for its channel to be
// closed, in the order in which they came.
type waiting struct{ queries []chan struct{} }

// MaxTurns is how many queries of one client there may be at a time, also by
// way of several relay agents. Otherwise one that sends faster than its lease
// can be committed would in the end have all the queries in flight.
const MaxTurns = 8

// ErrBusy is returned by Take for a client that has MaxTurns queries.
var ErrBusy = errors.New("too many queries of the client at a time")

// Take waits for the client's turn, which Leave then gives up.
func (ts *Turns) Take(ctx context.Context, client string) error {
	turn, err := ts.join(client)
	if turn == nil {
		return err
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		ts.giveUp(client, turn)
		return context.Cause(ctx)
	}
}

// join takes the client's turn or, if that cannot be, returns what is closed
// when it can.
func (ts *Turns) join(client string) (turn chan struct{}, err error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	w, taken := ts.clients[client]
	switch {
	case !taken:
		if ts.clients == nil {
			ts.clients = map[string]*waiting{}
		}
		ts.clients[client] = nil
		return nil, nil
	case w == nil:
		w = new(waiting)
		ts.clients[client] = w
	case len(w.queries) == MaxTurns-1:
		return nil, ErrBusy
	}
	turn = make(chan struct{})
	w.queries = append(w.queries, turn)
	return turn, nil
}

// Leave gives up the turn that Take has got.
func (ts *Turns) Leave(client string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.leave(client)
}

// leave is Leave with the lock held.
func (ts *Turns) leave(client string) {
	w := ts.clients[client]
	if w == nil || len(w.queries) == 0 {
		delete(ts.clients, client)
		return
	}
	close(w.queries[0])
	w.queries = slices.Delete(w.queries, 0, 1)
}

// giveUp ends the waiting for a turn, which may just have come.
func (ts *Turns) giveUp(client string, turn chan struct{}) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	w := ts.clients[client] // somebody has waited, so it is there
	if i := slices.Index(w.queries, turn); i >= 0 {
		w.queries = slices.Delete(w.queries, i, i+1)
	} else {
		ts.leave(client)
	}
}

// Len returns how many clients have queries in flight.
func (ts *Turns) Len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.clients)
}
