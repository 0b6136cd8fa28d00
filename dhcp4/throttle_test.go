package dhcp4

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
)

func TestFloodDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := start(t, &Server{
			Logger:  slog.New(slog.NewTextHandler(&log, nil)),
			Handler: HandlerFunc(func(context.Context, *Query) (*Reply, error) { return nil, errors.New("disk full") }),
		})
		flood := func() {
			for range 1000 {
				deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
			}
			synctest.Wait()
		}
		flood()
		require.EqualValues(t, 1000, s.Counters().Failed)
		require.Equal(t, engine.ThrottleBurst, strings.Count(log.String(), "disk full"))
		require.NotContains(t, log.String(), "omitted")
		time.Sleep(time.Second)
		flood()
		require.Equal(t, 2*engine.ThrottleBurst, strings.Count(log.String(), "disk full"))
		require.Contains(t, log.String(), "omitted=990")
		s.end()
		require.NoError(t, <-s.ended)
	})
}
