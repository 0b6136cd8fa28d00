package dhcp4

import (
	"context"
	"sync"
)

// turns lets one query of a client at a time pass. It takes memory for the
// clients only that have queries in flight.
type turns struct {
	mu      sync.Mutex
	clients map[string]*turn
}

type turn struct {
	token chan struct{} // full while a query has the turn
	users int           // queries that have it or wait for it
}

// take waits for the client's turn. The function returned gives it up.
func (ts *turns) take(ctx context.Context, client string) (release func(), err error) {
	ts.mu.Lock()
	t := ts.clients[client]
	if t == nil {
		t = &turn{token: make(chan struct{}, 1)}
		if ts.clients == nil {
			ts.clients = map[string]*turn{}
		}
		ts.clients[client] = t
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

func (ts *turns) leave(client string, t *turn) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(ts.clients, client)
	}
}
