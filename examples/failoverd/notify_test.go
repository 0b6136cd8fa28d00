package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
)

// systemd is the socket by which it is told how a service is.
type systemd struct {
	*net.UnixConn
	t testing.TB
}

func listenAsSystemd(t testing.TB) (s systemd, socket string) {
	t.Helper()
	if os.PathSeparator != '/' {
		t.Skip("there are no such sockets here")
	}
	dir, err := os.MkdirTemp("", "notify-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return systemd{conn, t}, socket
}

// told returns what comes next, within a time.
func (s systemd) told(within time.Duration) ([]string, error) {
	s.t.Helper()
	require.NoError(s.t, s.SetReadDeadline(time.Now().Add(within)))
	b := make([]byte, 4096)
	n, err := s.Read(b)
	return strings.Split(string(b[:n]), "\n"), err
}

// await returns the datagram that says something, past those that do not.
func (s systemd) await(line string) []string {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		lines, err := s.told(time.Until(deadline))
		require.NoError(s.t, err, "waiting for %s", line)
		for _, l := range lines {
			if l == line {
				return lines
			}
		}
	}
}

// The program tells systemd of all that a unit of Type=notify can know.
func TestNotify(t *testing.T) {
	t.Parallel()
	s, socket := listenAsSystemd(t)
	p, _ := startLocal(t, `"subnet4": [{"id": 1, "subnet": "127.0.0.0/8"}],`, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=200000")
	first, err := s.told(30 * time.Second)
	require.NoError(t, err)
	require.Equal(t, []string{"READY=1", "STATUS=serves DHCPv4"}, first)
	s.await("WATCHDOG=1")
	s.await("WATCHDOG=1")

	p.Signal("HUP")
	lines := s.await("RELOADING=1")
	require.Len(t, lines, 2)
	require.Regexp(t, `^MONOTONIC_USEC=\d+$`, lines[1])
	require.Equal(t, []string{"READY=1", "STATUS=serves DHCPv4"}, s.await("READY=1"))
	require.NoError(t, os.WriteFile(p.config, []byte("{\n"), 0o600))
	p.Signal("HUP")
	s.await("RELOADING=1")
	lines = s.await("READY=1")
	require.Contains(t, lines[1], "STATUS=not reloaded: ")
	require.Contains(t, lines[1], "conf:2:1: found the end of the text")

	p.stop()
	s.await("STOPPING=1")
}

// A server that hangs gives no sign of life.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	s, socket := listenAsSystemd(t)
	entered, release := make(chan struct{}), make(chan struct{})
	mux := ctrl.NewMux()
	mux.Handle("status-get", func(context.Context, json.RawMessage) ctrl.Response {
		entered <- struct{}{}
		<-release
		return ctrl.Response{}
	})
	d := &daemon[*dhcp4.Config]{
		settings: &settings{notify: notifier{socket: socket, watchdog: time.Millisecond}},
		family:   dhcpV4(),
		service:  hanging{},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.supervise(ctx, mux) }()
	s.await("READY=1")
	select {
	case <-entered:
	case <-time.After(30 * time.Second):
		require.Fail(t, "the server is not asked for a sign of life")
	}
	_, err := s.told(0)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "nothing is said while the server hangs")
	release <- struct{}{}
	lines, err := s.told(30 * time.Second)
	require.NoError(t, err)
	require.Contains(t, lines, "WATCHDOG=1")
	close(release)
	cancel()
	for open := true; open; {
		select {
		case <-entered:
		case <-ended:
			open = false
		}
	}
	s.await("STOPPING=1")
}

// hanging is a server of which only is asked whether it is ready.
type hanging struct{ service[*dhcp4.Config] }

func (hanging) ready() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}
func (hanging) notReady() error { return nil }

func TestNotifierOfAnEnvironment(t *testing.T) {
	t.Parallel()
	of := func(env map[string]string) notifier {
		return newNotifier(func(name string) string { return env[name] })
	}
	require.False(t, of(nil).wanted())
	of(nil).tell("READY=1") // which does nothing
	require.Equal(t, notifier{"/run/s", 0}, of(map[string]string{"NOTIFY_SOCKET": "/run/s"}))
	require.Equal(t, notifier{"@s", 2 * time.Second}, of(map[string]string{"NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "2000000"}))
	require.Equal(t, notifier{"@s", 0}, of(map[string]string{"NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}), "another process is meant")
	for _, wrong := range []string{"", "x", "-1", "0"} {
		require.Zero(t, of(map[string]string{"WATCHDOG_USEC": wrong}).watchdog)
	}
}
