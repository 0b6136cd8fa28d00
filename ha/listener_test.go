package ha

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// listenerConfig is a relationship whose own entry is on a free port of
// loopback.
func listenerConfig(this Peer) *Config {
	this.Name, this.Role = "server1", Primary
	if this.URL == "" {
		this.URL = "http://127.0.0.1:65535/"
	}
	return &Config{ThisServerName: "server1", Mode: HotStandby, Peers: []Peer{this, {Name: "server2", Role: Standby, URL: "http://127.0.0.2:8001/"}}}
}

// runListener runs the one listener of a relationship until the test ends, on
// a port that the system chooses, and returns where.
func runListener(t *testing.T, family ctrl.Family, cfg *Config, mux *ctrl.Mux, log *slog.Logger) string {
	t.Helper()
	real, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	opts := (&Options{Family: family, Logger: log, Listen: func(network, address string) (net.Listener, error) {
		require.Equal(t, "tcp 127.0.0.1:65535", network+" "+address)
		return real, nil
	}}).withDefaults()
	all, err := newListeners([]*Config{cfg}, mux, &opts)
	require.NoError(t, err)
	require.Len(t, all, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { all[0].run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		require.ErrorIs(t, all[0].state(), errNotYet)
	})
	return real.Addr().String()
}

// Without the right user and password nothing is done.
func TestListenerAsksForThePassword(t *testing.T) {
	t.Parallel()
	mux := ctrl.NewMux()
	var done atomic.Int32
	mux.Handle("lease4-update", func(context.Context, json.RawMessage) ctrl.Response {
		done.Add(1)
		return ctrl.Response{}
	})
	address := runListener(t, ctrl.V4, listenerConfig(Peer{BasicAuthUser: "hauser", BasicAuthPassword: "gehéim"}), mux, nil)
	call := func(user, password string) error {
		client, err := ctrl.NewClient("http://"+address, &ctrl.ClientOptions{User: user, Password: password})
		require.NoError(t, err)
		defer client.Close()
		_, err = client.Call(t.Context(), "lease4-update", nil)
		return err
	}
	for _, wrong := range [][2]string{{}, {"hauser", ""}, {"hauser", "geheim"}, {"", "gehéim"}, {"Hauser", "gehéim"}, {"hauser", "gehéim "}} {
		require.ErrorContains(t, call(wrong[0], wrong[1]), "Unauthorized")
	}
	require.Zero(t, done.Load())
	require.NoError(t, call("hauser", "gehéim"))
	require.EqualValues(t, 1, done.Load())
}

// Relationships with the same url for this server share a listener, whose
// settings must be the same.
func TestListenersShareAURL(t *testing.T) {
	t.Parallel()
	opts := (*Options)(nil).withDefaults()
	count := func(cfgs ...*Config) (int, error) {
		all, err := newListeners(cfgs, ctrl.NewMux(), &opts)
		return len(all), err
	}
	for name, c := range map[string]struct {
		other *Config
		want  int
		err   string
	}{
		"same":          {other: listenerConfig(Peer{}), want: 1},
		"another port":  {other: listenerConfig(Peer{URL: "http://127.0.0.1:65534/"}), want: 2},
		"a path":        {other: listenerConfig(Peer{URL: "http://127.0.0.1:65535/x"}), want: 1},
		"password":      {other: listenerConfig(Peer{BasicAuthUser: "u", BasicAuthPassword: "p"}), err: "no difference in basic-auth-user"},
		"files":         {other: listenerConfig(Peer{CertFile: new("x")}), err: "no difference in trust-anchor"},
		"not dedicated": {other: undedicated(listenerConfig(Peer{})), want: 1},
		"restricted":    {other: unrestricted(listenerConfig(Peer{})), err: "no difference in restrict-commands"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := count(listenerConfig(Peer{}), c.other)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	got, err := count(undedicated(listenerConfig(Peer{})))
	require.NoError(t, err)
	require.Zero(t, got)
}

func undedicated(c *Config) *Config {
	c.MultiThreading = &MultiThreading{DedicatedListener: new(false)}
	return c
}

func unrestricted(c *Config) *Config {
	c.RestrictCommands = new(false)
	return c
}

// A machine starts before its interface has its address: the listener waits
// for that, says so once, and can tell why.
func TestListenerWaitsForItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		there := newMemoryListener()
		var log countingHandler
		opts := (&Options{Logger: slog.New(&log), Listen: func(string, string) (net.Listener, error) {
			if time.Since(start) < time.Minute {
				return nil, &net.OpError{Op: "listen", Err: syscall.EADDRNOTAVAIL}
			}
			return there, nil
		}}).withDefaults()
		all, err := newListeners([]*Config{listenerConfig(Peer{BasicAuthUser: "u"})}, ctrl.NewMux(), &opts)
		require.NoError(t, err)
		require.ErrorIs(t, all[0].state(), errNotYet)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { all[0].run(ctx) })
		time.Sleep(59 * time.Second)
		require.ErrorIs(t, all[0].state(), syscall.EADDRNOTAVAIL)
		require.EqualValues(t, 1, log.errors.Load())
		require.Zero(t, log.infos.Load())
		time.Sleep(10 * time.Second)
		require.NoError(t, all[0].state())
		require.EqualValues(t, 1, log.errors.Load())
		require.EqualValues(t, 1, log.infos.Load())
		cancel()
		running.Wait()
		require.True(t, there.isClosed())
	})
}

// A person who asks is told that, and why, the commands of peers are not taken.
func TestStatusTellsOfListeners(t *testing.T) {
	pairTest(t, HotStandby, func(a, _ *node) {
		taken, err := a.net.Listen("tcp", "192.0.2.1:8000")
		require.NoError(t, err)
		a.start()
		synctest.Wait()
		require.Equal(t, []ListenerStatus{{URL: "http://192.0.2.1:8000/", Error: "address already in use"}}, a.Status().Listeners)
		require.Contains(t, a.Status().String(), "NOT TAKEN at http://192.0.2.1:8000/: address already in use")
		require.NoError(t, taken.Close())
		time.Sleep(10 * time.Second)
		require.Equal(t, []ListenerStatus{{URL: "http://192.0.2.1:8000/"}}, a.Status().Listeners)
		require.NotContains(t, a.Status().String(), "NOT TAKEN")
	})
}

// Only with a password, or with certificates on both sides, not everybody may
// send commands.
func TestListenerIsOpen(t *testing.T) {
	files := tlsFiles{"a", "b", "c"}
	require.True(t, listenerSettings{}.open())
	require.True(t, listenerSettings{requireClientCerts: true}.open())
	require.True(t, listenerSettings{files: files}.open())
	require.False(t, listenerSettings{files: files, requireClientCerts: true}.open())
	require.False(t, listenerSettings{user: "u"}.open())
}

// Who listens without any credential is warned, unless only this machine
// reaches it; and who does not mean the latter.
func TestListenerWarns(t *testing.T) {
	for url, c := range map[string]struct {
		this  Peer
		warns int
	}{
		"http://localhost:8001/":   {warns: 0},
		"http://127-0-1-1:8001/":   {Peer{BasicAuthUser: "u", BasicAuthPassword: "p"}, 1},
		"http://127.0.0.1:8001/":   {warns: 0},
		"http://[::1]:8001/":       {warns: 0},
		"http://192.0.2.1:8001/":   {warns: 1},
		"http://server1:8001/":     {warns: 1},
		"http://192.0.2.1:8001/pw": {Peer{BasicAuthUser: "u", BasicAuthPassword: "p"}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log countingHandler
			opts := (&Options{Logger: slog.New(&log), Listen: func(string, string) (net.Listener, error) {
				l := newMemoryListener()
				if strings.Contains(url, "127") || strings.Contains(url, "localhost") {
					l.addr.IP = net.IPv4(127, 0, 1, 1)
				}
				return l, nil
			}}).withDefaults()
			c.this.URL = url
			all, err := newListeners([]*Config{listenerConfig(c.this)}, ctrl.NewMux(), &opts)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { all[0].run(ctx) })
			synctest.Wait()
			require.Equal(t, c.warns, int(log.warns.Load()), url)
			cancel()
			running.Wait()
		})
	}
}

// countingHandler counts what is logged.
type countingHandler struct{ errors, warns, infos atomic.Int32 }

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *countingHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *countingHandler) WithGroup(string) slog.Handler            { return h }
func (h *countingHandler) Handle(_ context.Context, r slog.Record) error {
	switch r.Level {
	case slog.LevelError:
		h.errors.Add(1)
	case slog.LevelWarn:
		h.warns.Add(1)
	case slog.LevelInfo:
		h.infos.Add(1)
	}
	return nil
}

// memoryListener is one that nobody connects to.
type memoryListener struct {
	addr   net.TCPAddr
	closed chan struct{}
	once   sync.Once
}

func newMemoryListener() *memoryListener { return &memoryListener{closed: make(chan struct{})} }

func (l *memoryListener) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l *memoryListener) Close() error              { l.once.Do(func() { close(l.closed) }); return nil }
func (l *memoryListener) Addr() net.Addr            { return &l.addr }
func (l *memoryListener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}
