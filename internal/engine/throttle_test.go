package engine

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThrottleCountsMessagesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := Throttled(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		for range 2 * ThrottleBurst {
			l.Warn("one")
			l.With("a", 1).WithGroup("g").Error("other")
			l.Debug("detail")
		}
		require.Equal(t, ThrottleBurst, strings.Count(log.String(), "msg=one"))
		require.Equal(t, ThrottleBurst, strings.Count(log.String(), "msg=other"))
		require.Equal(t, 2*ThrottleBurst, strings.Count(log.String(), "msg=detail"))
		require.NotContains(t, log.String(), "omitted")
		time.Sleep(time.Second)
		l.Warn("one")
		require.Equal(t, ThrottleBurst+1, strings.Count(log.String(), "msg=one"))
		require.Equal(t, 1, strings.Count(log.String(), "msg=one omitted=10"))
	})
}
