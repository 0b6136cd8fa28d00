package testnet

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSever(t *testing.T) {
	t.Parallel()
	n := New(t)
	lan := n.LAN()
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	a.Join(lan, "eth0", "192.0.2.1/24")
	b.Join(lan, "eth0", "192.0.2.2/24")
	c.Join(lan, "eth0", "192.0.2.3/24")
	var listener net.Listener
	a.Do(func() {
		var err error
		listener, err = net.Listen("tcp", "192.0.2.1:80")
		require.NoError(t, err)
	})
	defer listener.Close()
	dial := func(h *Host, patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, err := h.DialContext(ctx, "tcp", "192.0.2.1:80")
		if err == nil {
			conn.Close()
		}
		return err
	}
	const ample = 10 * time.Second
	require.NoError(t, dial(b, ample))
	heal := a.Sever(netip.MustParseAddr("192.0.2.2"), Rejected)
	require.ErrorIs(t, dial(b, ample), syscall.ECONNREFUSED)
	require.NoError(t, dial(c, ample))
	heal()
	heal()
	require.NoError(t, dial(b, ample))

	heal = a.Sever(netip.MustParseAddr("192.0.2.2"), Dropped)
	var silent net.Error
	require.ErrorAs(t, dial(b, 100*time.Millisecond), &silent) // for as long as one likes
	require.True(t, silent.Timeout())
	require.NoError(t, dial(c, ample))
	heal()
	require.NoError(t, dial(b, ample))
}
