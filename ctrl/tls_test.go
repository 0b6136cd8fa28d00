package ctrl

import (
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testcert"
)

// Both sides must have a certificate of the authority; what it is called does
// not matter.
func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := testcert.New(t), testcert.New(t)
	ours.Issue("server", x509.ExtKeyUsageServerAuth)
	ours.Issue("client", x509.ExtKeyUsageClientAuth)
	theirs.Issue("client", x509.ExtKeyUsageClientAuth)
	theirs.Issue("server", x509.ExtKeyUsageServerAuth)

	serve := func(a *testcert.Authority, require bool) string {
		config, err := ServerTLS(ours.File("ca.crt"), a.File("server.crt"), a.File("server.key"), require, nil)
		if err != nil {
			t.Fatal(err)
		}
		return "https://" + serveTCP(t, &HTTPServer{Mux: heartbeatMux(), TLS: config})
	}
	strict, open, foreign := serve(ours, true), serve(ours, false), serve(theirs, false)
	for name, c := range map[string]struct {
		url       string
		cert, key string
		ok        bool
	}{
		"both ours":                {strict, ours.File("client.crt"), ours.File("client.key"), true},
		"no client certificate":    {strict, "", "", false},
		"foreign client":           {strict, theirs.File("client.crt"), theirs.File("client.key"), false},
		"none wanted":              {open, "", "", true},
		"foreign server":           {foreign, "", "", false},
		"foreign, our certificate": {foreign, ours.File("client.crt"), ours.File("client.key"), false},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := ClientTLS(ours.File("ca.crt"), c.cert, c.key, nil)
			require.NoError(t, err)
			client, err := NewClient(c.url, &ClientOptions{TLS: config})
			require.NoError(t, err)
			defer client.Close()
			_, err = client.Call(t.Context(), "ha-heartbeat", nil)
			require.Equal(t, c.ok, err == nil, "%v", err)
		})
	}
}

// What is wrong with the files is said with the setting that names them.
func TestTLSFiles(t *testing.T) {
	t.Parallel()
	a := testcert.New(t)
	a.Issue("one", x509.ExtKeyUsageServerAuth)
	a.Issue("two", x509.ExtKeyUsageServerAuth)
	empty, missing := t.TempDir(), a.File("missing")
	_, err := ClientTLS(a.Dir, "", "", nil) // a folder
	require.NoError(t, err)
	for want, got := range map[string]func() error{
		"trust-anchor: no certificate in " + empty:            func() error { _, err := ClientTLS(empty, "", "", nil); return err },
		"trust-anchor: stat " + missing:                       func() error { _, err := ClientTLS(missing, "", "", nil); return err },
		"trust-anchor: no certificate in " + a.File("ca.key"): func() error { _, err := ClientTLS(a.File("ca.key"), "", "", nil); return err },
		"cert-file: open " + missing:                          func() error { _, err := ClientTLS(a.Dir, missing, "", nil); return err },
		"key-file: open " + missing:                           func() error { _, err := ClientTLS(a.Dir, a.File("one.crt"), missing, nil); return err },
		"private key does not match public key": func() error {
			_, err := ClientTLS(a.Dir, a.File("one.crt"), a.File("two.key"), nil)
			return err
		},
		"cert-file: is missing": func() error { _, err := ServerTLS("", "", "", false, nil); return err },
		"trust-anchor: is missing": func() error {
			_, err := ServerTLS("", a.File("one.crt"), a.File("one.key"), true, nil)
			return err
		},
	} {
		require.ErrorContains(t, got(), want)
	}
}
