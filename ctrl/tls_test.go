package ctrl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority issues certificates for tests, in files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, newKey(t)
	a.cert = a.sign(t, "ca", template, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func (a *authority) sign(t *testing.T, name string, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	writePEM(t, a.file(name+".crt"), "CERTIFICATE", der)
	writePEM(t, a.file(name+".key"), "PRIVATE KEY", keyDER)
	return cert
}

// issue makes NAME.crt and NAME.key, without any address in it.
func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage) {
	t.Helper()
	a.sign(t, name, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, newKey(t))
}

// issueBoth makes a certificate for either end.
func (a *authority) issueBoth(t *testing.T, name string) {
	t.Helper()
	a.issue(t, name, x509.ExtKeyUsageAny)
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// Both sides must have a certificate of the authority; what it is called does
// not matter.
func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	ours.issue(t, "server", x509.ExtKeyUsageServerAuth)
	ours.issue(t, "client", x509.ExtKeyUsageClientAuth)
	theirs.issue(t, "client", x509.ExtKeyUsageClientAuth)
	theirs.issue(t, "server", x509.ExtKeyUsageServerAuth)

	serve := func(a *authority, require bool) string {
		config, err := ServerTLS(ours.file("ca.crt"), a.file("server.crt"), a.file("server.key"), require, nil)
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
		"both ours":                {strict, ours.file("client.crt"), ours.file("client.key"), true},
		"no client certificate":    {strict, "", "", false},
		"foreign client":           {strict, theirs.file("client.crt"), theirs.file("client.key"), false},
		"none wanted":              {open, "", "", true},
		"foreign server":           {foreign, "", "", false},
		"foreign, our certificate": {foreign, ours.file("client.crt"), ours.file("client.key"), false},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := ClientTLS(ours.file("ca.crt"), c.cert, c.key, nil)
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
	a := newAuthority(t)
	a.issue(t, "one", x509.ExtKeyUsageServerAuth)
	a.issue(t, "two", x509.ExtKeyUsageServerAuth)
	empty, missing := t.TempDir(), a.file("missing")
	_, err := ClientTLS(a.dir, "", "", nil) // a folder
	require.NoError(t, err)
	for want, got := range map[string]func() error{
		"trust-anchor: no certificate in " + empty:            func() error { _, err := ClientTLS(empty, "", "", nil); return err },
		"trust-anchor: stat " + missing:                       func() error { _, err := ClientTLS(missing, "", "", nil); return err },
		"trust-anchor: no certificate in " + a.file("ca.key"): func() error { _, err := ClientTLS(a.file("ca.key"), "", "", nil); return err },
		"cert-file: open " + missing:                          func() error { _, err := ClientTLS(a.dir, missing, "", nil); return err },
		"key-file: open " + missing:                           func() error { _, err := ClientTLS(a.dir, a.file("one.crt"), missing, nil); return err },
		"private key does not match public key": func() error {
			_, err := ClientTLS(a.dir, a.file("one.crt"), a.file("two.key"), nil)
			return err
		},
		"cert-file: is missing": func() error { _, err := ServerTLS("", "", "", false, nil); return err },
		"trust-anchor: is missing": func() error {
			_, err := ServerTLS("", a.file("one.crt"), a.file("one.key"), true, nil)
			return err
		},
	} {
		require.ErrorContains(t, got(), want)
	}
}
