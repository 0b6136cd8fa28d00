package ctrl

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testcert"
)

// heard is a log that a test reads.
type heard struct{ bytes.Buffer }

func (h *heard) logger() *slog.Logger  { return slog.New(slog.NewTextHandler(h, nil)) }
func (h *heard) count(what string) int { return strings.Count(h.String(), what) }

// Certificates and authorities are replaced while server and client run: the
// next connection uses the new ones. What is broken, or only half replaced,
// changes nothing.
func TestTLSFilesAreReplaced(t *testing.T) {
	t.Parallel()
	before, after := testcert.New(t), testcert.New(t)
	for _, a := range []*testcert.Authority{before, after} {
		a.Issue("server", x509.ExtKeyUsageServerAuth)
		a.Issue("client", x509.ExtKeyUsageClientAuth)
	}
	dir := t.TempDir()
	install := func(a *testcert.Authority, end string, names ...string) {
		for _, name := range names {
			text, err := os.ReadFile(a.File(name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(dir+"/"+end+name, text, 0o600))
		}
	}
	server := []string{"ca.crt", "server.crt", "server.key"}
	client := []string{"ca.crt", "client.crt", "client.key"}
	install(before, "s-", server...)
	install(before, "c-", client...)

	var serverLog, clientLog heard
	serverTLS, err := ServerTLS(dir+"/s-ca.crt", dir+"/s-server.crt", dir+"/s-server.key", true, serverLog.logger())
	require.NoError(t, err)
	clientTLS, err := ClientTLS(dir+"/c-ca.crt", dir+"/c-client.crt", dir+"/c-client.key", clientLog.logger())
	require.NoError(t, err)
	c, err := NewClient("https://"+serveTCP(t, &HTTPServer{Mux: heartbeatMux(), TLS: serverTLS}), &ClientOptions{TLS: clientTLS})
	require.NoError(t, err)
	defer c.Close()
	call := func() error {
		_, err := c.Call(t.Context(), "ha-heartbeat", nil)
		return err
	}
	connect := func() error { c.Close(); return call() }
	require.NoError(t, connect())

	// Half: a certificate without its key. The former pair is used.
	install(after, "s-", "server.crt")
	install(after, "c-", "client.crt")
	require.NoError(t, connect())
	require.NoError(t, connect())
	require.NoError(t, os.Remove(dir+"/s-ca.crt"))
	require.NoError(t, connect())
	require.NoError(t, connect())
	require.Equal(t, 1, serverLog.count("private key does not match"), "%s", &serverLog)
	require.Equal(t, 1, clientLog.count("private key does not match"), "%s", &clientLog)
	require.Equal(t, 1, serverLog.count("s-ca.crt: no such file"), "%s", &serverLog)

	// The server's side alone: neither trusts the other any more.
	install(after, "s-", server...)
	require.ErrorContains(t, connect(), "certificate signed by unknown authority")
	require.Equal(t, 1, serverLog.count("are used"), "%s", &serverLog)

	// Both: they do again.
	install(after, "c-", client...)
	require.NoError(t, connect())
	require.Equal(t, 1, clientLog.count("are used"), "%s", &clientLog)
	require.NoError(t, call())
}

// Both ends say that it is the certificate's time that has passed.
func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	a := testcert.New(t)
	for _, name := range []string{"server", "client"} {
		a.Issue(name)
		a.IssueExpired("old-" + name)
	}
	call := func(server, client string, log *slog.Logger) error {
		serverTLS, err := ServerTLS(a.File("ca.crt"), a.File(server+".crt"), a.File(server+".key"), true, log)
		require.NoError(t, err)
		clientTLS, err := ClientTLS(a.File("ca.crt"), a.File(client+".crt"), a.File(client+".key"), log)
		require.NoError(t, err)
		c, err := NewClient("https://"+serveTCP(t, &HTTPServer{Mux: heartbeatMux(), TLS: serverTLS}), &ClientOptions{TLS: clientTLS})
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Call(t.Context(), "ha-heartbeat", nil)
		return err
	}
	var log heard
	require.NoError(t, call("server", "client", log.logger()))
	require.NotContains(t, log.String(), "expired")
	require.ErrorContains(t, call("old-server", "client", log.logger()), "certificate has expired")
	require.Equal(t, 1, log.count("others will refuse it"), "%s", &log)
	require.ErrorContains(t, call("server", "old-client", log.logger()), "expired certificate")
	require.Equal(t, 2, log.count("others will refuse it"), "%s", &log)
}
