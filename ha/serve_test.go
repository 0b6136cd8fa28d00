package ha

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// serveMux serves commands as a Kea does, and returns the URL.
func serveMux(t testing.TB, mux *ctrl.Mux) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		(&ctrl.HTTPServer{Mux: mux}).Serve(ctx, listener)
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return fmt.Sprintf("http://%s/", listener.Addr())
}
