package ctrl_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

func call(t *testing.T, s ctrl.SocketConfig, command string) error {
	t.Helper()
	client, err := ctrl.NewClient(s.String(), nil)
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Call(t.Context(), command, nil)
	return err
}

func TestSocketsFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := ctrl.SocketConfig{Type: "unix", Name: filepath.Join(dir, "one")}
	two := ctrl.SocketConfig{Type: "unix", Name: filepath.Join(dir, "two")}
	sockets := ctrl.Sockets{Mux: ctrl.NewMux()}
	defer sockets.Close()

	require.NoError(t, sockets.Open([]ctrl.SocketConfig{one}))
	require.NoError(t, call(t, one, "list-commands"))
	require.NoError(t, sockets.Open([]ctrl.SocketConfig{one, two}))
	require.NoError(t, call(t, one, "list-commands"))
	require.NoError(t, call(t, two, "list-commands"))
	require.NoError(t, sockets.Open([]ctrl.SocketConfig{two}))
	require.Error(t, call(t, one, "list-commands"))
	require.NoError(t, call(t, two, "list-commands"))
	sockets.Close()
	require.Error(t, call(t, two, "list-commands"))
}

// A command that reloads the configuration is answered although its own
// socket goes.
func TestSocketMayGoByItsOwnCommand(t *testing.T) {
	t.Parallel()
	one := ctrl.SocketConfig{Type: "unix", Name: filepath.Join(t.TempDir(), "one")}
	mux := ctrl.NewMux()
	sockets := ctrl.Sockets{Mux: mux}
	defer sockets.Close()
	mux.Handle("config-reload", func(context.Context, json.RawMessage) ctrl.Response {
		if err := sockets.Open(nil); err != nil {
			return ctrl.Errorf("%v", err)
		}
		return ctrl.Response{}
	})
	require.NoError(t, sockets.Open([]ctrl.SocketConfig{one}))
	require.NoError(t, call(t, one, "config-reload"))
	require.Error(t, call(t, one, "config-reload"))
}

func TestSocketThatCannotBeOpenedIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := ctrl.SocketConfig{Type: "unix", Name: filepath.Join(dir, "good")}
	bad := ctrl.SocketConfig{Type: "unix", Name: filepath.Join(dir, "absent", "bad")}
	sockets := ctrl.Sockets{Mux: ctrl.NewMux()}
	defer sockets.Close()
	require.ErrorContains(t, sockets.Open([]ctrl.SocketConfig{bad, good}), bad.String())
	require.NoError(t, call(t, good, "list-commands"))
}
