//go:build unix

package ctrl

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A listener that is no longer one is replaced.
func TestSocketsOpenWhatBreaks(t *testing.T) {
	t.Parallel()
	for _, c := range []SocketConfig{
		{Type: "unix", Name: filepath.Join(t.TempDir(), "socket")},
		{Type: "http", Port: uint16(freePort(t))},
	} {
		t.Run(c.Type, func(t *testing.T) {
			t.Parallel()
			log := newLines()
			sockets := Sockets{Mux: heartbeatMux(), Logger: log.logger()}
			defer sockets.Close()
			require.NoError(t, sockets.Open([]SocketConfig{c}))
			call := func() error {
				client, err := NewClient(c.String(), nil)
				require.NoError(t, err)
				defer client.Close()
				_, err = client.Call(t.Context(), "ha-heartbeat", nil)
				return err
			}
			require.NoError(t, call())
			sockets.mu.Lock()
			for _, r := range sockets.running {
				if c.Type == "unix" { // which the system does not take away
					r.listener.Close()
					continue
				}
				raw, err := r.listener.(syscall.Conn).SyscallConn()
				require.NoError(t, err)
				require.NoError(t, raw.Control(func(fd uintptr) { syscall.Shutdown(int(fd), syscall.SHUT_RDWR) }))
			}
			sockets.mu.Unlock()
			log.await(t, "control socket lost")
			log.await(t, "control socket open")
			require.NoError(t, call())
			require.Equal(t, 1, log.count("lost"))
			sockets.Close()
			require.Error(t, call())
		})
	}
}

// A command that its sender has reset before it was looked at is not run, not
// even if all of it had arrived.
func TestAbandonedRequestIsNotRun(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	ran := make(chan string, 2)
	for _, name := range []string{"ha-heartbeat", "ha-abandoned"} {
		mux.Handle(name, func(context.Context, json.RawMessage) Response {
			ran <- name
			return Response{}
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	send := func(command string) *net.TCPConn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		_, err = conn.Write([]byte(strings.ReplaceAll(heartbeat, "ha-heartbeat", command)))
		require.NoError(t, err)
		return conn.(*net.TCPConn)
	}
	abandoned := send("ha-abandoned")
	require.NoError(t, abandoned.SetLinger(0))
	require.NoError(t, abandoned.Close())
	patient := send("ha-heartbeat")
	defer patient.Close()

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&HTTPServer{Mux: mux}).Serve(ctx, listener) }()
	require.Equal(t, 200, readAnswer(t, patient).StatusCode)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, "ha-heartbeat", <-ran)
	require.Empty(t, ran)
}

// Whoever opens the network to everybody is told.
func TestOpenSocket(t *testing.T) {
	t.Parallel()
	secret := &Authentication{Type: "basic"}
	all := netip.MustParseAddr("0.0.0.0")
	for _, c := range []struct {
		SocketConfig
		open bool
	}{
		{SocketConfig{Type: "unix"}, false},
		{SocketConfig{Type: "http"}, false},
		{SocketConfig{Type: "http", Address: netip.IPv6Loopback()}, false},
		{SocketConfig{Type: "http", Address: all}, true},
		{SocketConfig{Type: "http", Address: netip.MustParseAddr("fd77::1")}, true},
		{SocketConfig{Type: "http", Address: all, Authentication: secret}, false},
		{SocketConfig{Type: "https", Address: all}, false},
		{SocketConfig{Type: "https", Address: all, CertRequired: new(false)}, true},
		{SocketConfig{Type: "https", Address: all, CertRequired: new(false), Authentication: secret}, false},
	} {
		require.Equal(t, c.open, c.SocketConfig.open(), "%+v", c.SocketConfig)
	}
	log := newLines()
	sockets := Sockets{Mux: NewMux(), Logger: log.logger()}
	defer sockets.Close()
	require.NoError(t, sockets.Open([]SocketConfig{{Type: "http", Address: all, Port: uint16(freePort(t))}}))
	require.Equal(t, 1, log.count("anybody who reaches this control socket"))
}
