package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// query is a query of a client whose answer is a function.
type query struct {
	client string
	answer func(try int) (*int, error)
	tries  int
}

func (q *query) Client() slog.LogValuer { return LoggedDUID(lease.Client{ID: []byte(q.client)}) }
func (q *query) Type() fmt.Stringer     { return lease.NA }
func (q *query) Begin() string          { return q.client }
func (q *query) Answer(context.Context) (*int, error) {
	q.tries++
	return q.answer(q.tries)
}

// serve answers a query as a server does.
func serve(ctx context.Context, c *Core, q *query) (*int, error) {
	client := Begin[int](c, q)
	if client == "" {
		return nil, nil
	}
	return Answer[int](ctx, c, q, client)
}

func TestServe(t *testing.T) {
	t.Parallel()
	conflict, other := fmt.Errorf("lease: %w", lease.ErrConflict), errors.New("disk full")
	for _, c := range []struct {
		name    string
		client  string
		answer  func(try int) (*int, error)
		want    *int
		err     error
		tries   int
		dropped int64
	}{
		{"answered", "a", func(int) (*int, error) { return new(7), nil }, new(7), nil, 1, 0},
		{"silence", "a", func(int) (*int, error) { return nil, nil }, nil, nil, 1, 0},
		{"not answered", "", nil, nil, nil, 0, 0},
		{"failed", "a", func(int) (*int, error) { return nil, other }, nil, other, 1, 1},
		{"changed meanwhile", "a", func(try int) (*int, error) {
			if try < 3 {
				return nil, conflict
			}
			return new(try), nil
		}, new(3), nil, 3, 0},
		{"kept changing", "a", func(int) (*int, error) { return nil, conflict }, nil, nil, MaxTries, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core := newCore(t, Options{})
			q := &query{client: c.client, answer: func(try int) (*int, error) {
				require.Equal(t, 1, core.Turns.Len(), "it is the client's turn")
				return c.answer(try)
			}}
			reply, err := serve(t.Context(), core, q)
			require.Equal(t, c.want, reply)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.tries, q.tries)
			require.Equal(t, c.dropped, core.value("pkt6-receive-drop"))
			require.Zero(t, core.Turns.Len())
		})
	}
}

func TestServeInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, Options{})
		require.NoError(t, c.Turns.Take(t.Context(), "a"))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := serve(ended, c, &query{client: "a"})
		require.ErrorIs(t, err, context.Canceled)

		passed := make(chan struct{}, MaxTurns)
		for range MaxTurns - 1 {
			go serve(t.Context(), c, &query{client: "a", answer: func(int) (*int, error) {
				passed <- struct{}{}
				return nil, nil
			}})
		}
		synctest.Wait()
		require.Empty(t, passed)
		reply, err := serve(t.Context(), c, &query{client: "a"})
		require.NoError(t, err)
		require.Nil(t, reply, "too many at a time")
		require.EqualValues(t, 2, c.value("pkt6-receive-drop"))
		c.Turns.Leave("a")
		synctest.Wait()
		require.Len(t, passed, MaxTurns-1)
	})
}

func TestServeDisabled(t *testing.T) {
	t.Parallel()
	service := new(ctrl.Service)
	c := newCore(t, Options{Service: service})
	service.Disable(ctrl.OriginUser, 0)
	q := &query{client: "a", answer: func(int) (*int, error) { return new(1), nil }}
	reply, err := serve(t.Context(), c, q)
	require.NoError(t, err)
	require.Nil(t, reply)
	require.EqualValues(t, 1, c.value("pkt6-service-disabled"))
	require.EqualValues(t, 1, c.value("pkt6-receive-drop"))
	service.Enable(ctrl.OriginUser)
	reply, err = serve(t.Context(), c, q)
	require.NoError(t, err)
	require.NotNil(t, reply)
}
