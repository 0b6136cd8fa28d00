package ctrl

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testcert"
)

// lines is a log that a test waits for.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 100)} }

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.more <- struct{}{}
	return l.text.Write(p)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func (l *lines) await(t *testing.T, what string) {
	t.Helper()
	for timeUp := time.After(20 * time.Second); l.count(what) == 0; {
		select {
		case <-l.more:
		case <-timeUp:
			require.Fail(t, "not logged", what)
		}
	}
}

// What strangers do wrong is logged, but no more than once a second.
func TestComplaints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log heard
		server := &HTTPServer{Mux: NewMux(), Auth: &BasicAuth{}, Logger: log.logger()}
		for range 1000 {
			require.Equal(t, http.StatusUnauthorized, post(server, "{}").Code)
		}
		require.Equal(t, 1, log.count("wrong user or password"))
		require.Equal(t, 1, log.count("omitted=0"))
		time.Sleep(time.Second)
		post(server, "{}")
		require.Equal(t, 1, log.count("omitted=999"))
	})
}

// A client whose certificate is refused can be found in the log.
func TestRefusedHandshakeIsLogged(t *testing.T) {
	t.Parallel()
	a := testcert.New(t)
	a.Issue("server")
	log := newLines()
	config, err := ServerTLS(a.File("ca.crt"), a.File("server.crt"), a.File("server.key"), true, nil)
	require.NoError(t, err)
	address := serveTCP(t, &HTTPServer{Mux: heartbeatMux(), TLS: config, Logger: log.logger()})
	withoutOne, err := ClientTLS(a.File("ca.crt"), "", "", nil)
	require.NoError(t, err)
	client, err := NewClient("https://"+address, &ClientOptions{TLS: withoutOne})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Call(context.Background(), "ha-heartbeat", nil)
	require.ErrorContains(t, err, "certificate required")
	log.await(t, "client didn't provide a certificate")
}
