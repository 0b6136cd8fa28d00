package relisten

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type listener struct{ net.Listener }

// The address is not there for a while, then it is, then the listener breaks.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		noAddress, broken := errors.New("no such address"), errors.New("broken")
		there := func() bool { return time.Since(start) >= time.Minute }
		type change struct {
			after time.Duration
			err   error
		}
		var changes []change
		attempts, served := 0, 0
		ctx, cancel := context.WithCancel(t.Context())
		(&Server{
			Listen: func() (net.Listener, error) {
				attempts++
				if !there() {
					return nil, noAddress
				}
				return listener{}, nil
			},
			Serve: func(ctx context.Context, _ net.Listener) error {
				if served++; served == 1 {
					time.Sleep(time.Hour)
					return broken
				}
				cancel()
				return nil
			},
			Changed: func(err error) { changes = append(changes, change{time.Since(start).Truncate(10 * time.Second), err}) },
		}).Run(ctx)
		hour := time.Hour + time.Minute
		require.Equal(t, []change{{0, noAddress}, {time.Minute, nil}, {hour, broken}, {hour, nil}}, changes)
		require.Less(t, attempts, 25)
	})
}

func TestRunEndsWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		start := time.Now()
		(&Server{
			Listen:  func() (net.Listener, error) { return nil, errors.New("never") },
			Changed: func(error) {},
		}).Run(ctx)
		require.Equal(t, time.Hour, time.Since(start))
	})
}
