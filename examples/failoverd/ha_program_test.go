package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// haHook returns the parameters of high availability in a configuration.
func haHook(config map[string]any) map[string]any {
	for _, h := range config["hooks-libraries"].([]any) {
		if parameters, ok := h.(map[string]any)["parameters"].(map[string]any); ok {
			return parameters["high-availability"].([]any)[0].(map[string]any)
		}
	}
	return nil
}

// reconfigure replaces a server's configuration file and has it read.
func (w *haWorld) reconfigure(s *haServer) *ctrl.Reply {
	w.t.Helper()
	text, err := json.Marshal(s.config)
	require.NoError(w.t, err)
	s.program.configure(string(text))
	r, err := call(w.ctx, s.socket, "config-reload", nil)
	require.NoError(w.t, err)
	return r
}

func TestHAReload(t *testing.T) { eachFamily(t, testHAReload) }

func testHAReload(t *testing.T, f *haFamily) {
	r := newRelationship(t, "load-balancing", map[string]any{"restrict-commands": false})
	w := newHAWorld(t, f, kinds{ours, ours}, r)
	w.start()
	w.awaitBoth(r.normal())
	first, second := w.servers[0], w.servers[1]
	w.getMany(1, 10)

	// Whatever else changes, high availability goes on.
	first.config["valid-lifetime"] = 7200
	require.Zero(t, w.reconfigure(first).Result)
	require.NotContains(t, first.program.Output(), "from=load-balancing")

	// Another high availability begins anew. The command that asks for it is
	// one of a peer's, which is answered.
	haHook(first.config)["heartbeat-delay"] = 250
	text, err := json.Marshal(first.config)
	require.NoError(t, err)
	first.program.configure(string(text))
	client, err := ctrl.NewClient(first.url, &ctrl.ClientOptions{Dial: second.host.DialContext})
	require.NoError(t, err)
	_, err = client.Call(w.ctx, "config-reload", nil)
	require.NoError(t, err)
	testnet.Until(w.ctx, t, "high availability began anew", func() error {
		if n := strings.Count(first.program.Output(), "server=server1 from=waiting"); n != 2 {
			return fmt.Errorf("it began %d times", n)
		}
		return nil
	})
	w.awaitBoth(r.normal())
	w.getMany(11, 20)
	w.awaitLeases(20)

	// A mistake changes nothing.
	haHook(first.config)["mode"] = "load-sharing"
	refused := w.reconfigure(first)
	require.Equal(t, ctrl.Error, refused.Result)
	require.Contains(t, refused.Text, "parameters.high-availability[0].mode")
	haHook(first.config)["mode"] = "load-balancing"
	libraries := first.config["hooks-libraries"]
	first.config["hooks-libraries"] = libraries.([]any)[:1]
	refused = w.reconfigure(first)
	require.Equal(t, ctrl.Error, refused.Result)
	require.Contains(t, refused.Text, "libdhcp_ha cannot come or go while the server runs; restart it")
	w.awaitBoth(r.normal())
}

// TestHAOneFile gives both servers the same file, which does not say who is
// who: one finds out by its address, the other is told.
func TestHAOneFile(t *testing.T) { eachFamily(t, testHAOneFile) }

func testHAOneFile(t *testing.T, f *haFamily) {
	r := newRelationship(t, "hot-standby", nil)
	w := newHAWorld(t, f, kinds{ours, ours}, r)
	for i, s := range w.servers {
		delete(haHook(s.config), "this-server-name")
		delete(s.config, "server-id")
		text, err := json.Marshal(s.config)
		require.NoError(t, err)
		s.program = startProgram(t, w.net, s.host, string(text), [][]string{nil, {"-n", "server2"}}[i]...)
		s.socket = s.program.socket
	}
	w.awaitBoth(r.normal())
	status, err := w.servers[1].status(w.ctx)
	require.NoError(t, err)
	require.Equal(t, "standby", status.Servers.Local.Role)

	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	var said strings.Builder
	err = run(ctx, []string{"-t", w.servers[0].program.config, "-n", "server3"}, io.Discard, &said)
	require.Equal(t, exit(1), err)
	require.Contains(t, said.String(), "server3")
}

// TestHAUnguardedPool has both servers give out one pool: beside a Kea, which
// would give its addresses to others, failoverd does not serve.
func TestHAUnguardedPool(t *testing.T) { eachFamily(t, testHAUnguardedPool) }

func testHAUnguardedPool(t *testing.T, f *haFamily) {
	r := newRelationship(t, "load-balancing", nil)
	w := newHAWorld(t, f, kinds{keas, ours}, r)
	for _, s := range w.servers {
		s.config[f.named("subnet%d")] = []any{f.subnet(1, "eth0")}
	}
	w.start()
	w.servers[1].program.awaitLog(w.ctx, f.pools)
	w.await(w.servers[0], "partner-down")
	servedBy(t, w.servers[0], w.getMany(1, 10)...)
	w.await(w.servers[1], "waiting")
}

// TestHAListener sends commands to the url of a server, where only those are
// taken that its peers need.
func TestHAListener(t *testing.T) { eachFamily(t, testHAListener) }

func testHAListener(t *testing.T, f *haFamily) {
	r := newRelationship(t, "hot-standby", nil)
	w := newHAWorld(t, f, kinds{ours, ours}, r)
	w.start(w.servers[0])
	client, err := ctrl.NewClient(w.servers[0].url, &ctrl.ClientOptions{Dial: w.servers[1].host.DialContext})
	require.NoError(t, err)
	reply, err := client.Call(w.ctx, "status-get", nil)
	require.NoError(t, err)
	require.Contains(t, string(reply.Arguments), `"ha-mode": "hot-standby"`)
	_, err = client.Call(w.ctx, "shutdown", nil)
	require.ErrorContains(t, err, "Forbidden")
	w.await(w.servers[0], "partner-down") // it goes on
}
