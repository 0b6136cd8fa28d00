package engine

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, nil))
	c := lease.Client{ID: []byte{0, 1}, HWAddr: []byte{2, 3}}
	l.Info("m", "client", Logged(c))
	require.Contains(t, log.String(), "client.hw-address=02:03 client.client-id=00:01")
	l.Info("m", "client", LoggedDUID(lease.Client{ID: c.ID}))
	require.Contains(t, log.String(), "msg=m client.duid=00:01\n")
}
