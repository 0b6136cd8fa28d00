// Package testcert makes certificates for tests, in files.
package testcert

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
)

// Authority issues certificates. Its own is ca.crt, with the key ca.key.
type Authority struct {
	Dir string // of the files

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New returns an authority with files in a folder of its own.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{Dir: t.TempDir(), t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority " + t.Name()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, a.newKey()
	a.cert = a.sign("ca", template, a.key)
	return a
}

// Issue makes NAME.crt and NAME.key, without any address in it, for either end
// of a connection or for the one that usage says.
func (a *Authority) Issue(name string, usage ...x509.ExtKeyUsage) {
	a.t.Helper()
	a.issue(name, time.Now().Add(time.Hour), usage)
}

// IssueExpired makes files as Issue does, with a certificate whose time is
// over.
func (a *Authority) IssueExpired(name string) {
	a.t.Helper()
	a.issue(name, time.Now().Add(-time.Hour), nil)
}

// File returns the path of a file.
func (a *Authority) File(name string) string { return filepath.Join(a.Dir, name) }

func (a *Authority) issue(name string, end time.Time, usage []x509.ExtKeyUsage) {
	if usage == nil {
		usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	a.sign(name, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: end, ExtKeyUsage: usage,
	}, a.newKey())
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.check(err)
	return key
}

func (a *Authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	a.check(err)
	cert, err := x509.ParseCertificate(der)
	a.check(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	a.check(err)
	a.write(name+".crt", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", keyDER)
	return cert
}

func (a *Authority) write(name, kind string, der []byte) {
	a.check(os.WriteFile(a.File(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func (a *Authority) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}
