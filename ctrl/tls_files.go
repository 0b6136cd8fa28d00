package ctrl

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// tlsFiles are the files of one end of TLS connections, which may be replaced
// while they are used.
type tlsFiles struct {
	anchor, cert, key string // empty: none
	log               *slog.Logger

	mu   sync.Mutex
	seen [sha256.Size]byte // of what was looked at last, good or not
	used tlsMaterial
}

// tlsMaterial is what the files hold.
type tlsMaterial struct {
	authorities *x509.CertPool   // nil: no file
	pair        *tls.Certificate // nil: no file
}

// load reads the files for the first time.
func (f *tlsFiles) load() error {
	raw := f.read()
	m, err := raw.parse(f)
	if err != nil {
		return err
	}
	f.seen, f.used = raw.sum(), m
	f.warnOfExpiry()
	return nil
}

// current returns what the files hold, or held when they could last be used.
// It compares the files themselves: a time of change is too coarse, and does
// not change with a symbolic link on the way.
func (f *tlsFiles) current() tlsMaterial {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw := f.read()
	sum := raw.sum()
	if sum == f.seen {
		return f.used
	}
	f.seen = sum
	m, err := raw.parse(f)
	if err != nil {
		f.log.Error("TLS files have changed and cannot be used, the former ones still are", "error", err)
		return f.used
	}
	f.used = m
	f.log.Info("TLS files have changed and are used", "trust-anchor", f.anchor, "cert-file", f.cert)
	f.warnOfExpiry()
	return f.used
}

func (f *tlsFiles) warnOfExpiry() {
	if f.used.pair != nil && f.used.pair.Leaf != nil && time.Now().After(f.used.pair.Leaf.NotAfter) {
		f.log.Warn("certificate has expired, others will refuse it", "cert-file", f.cert, "expired", f.used.pair.Leaf.NotAfter)
	}
}

// tlsRaw is what was read from the files.
type tlsRaw struct {
	anchor, cert, key []byte
	err               error // why not
}

func (f *tlsFiles) read() tlsRaw {
	var raw tlsRaw
	if f.anchor != "" {
		if raw.anchor, raw.err = readAnchor(f.anchor); raw.err != nil {
			raw.err = fmt.Errorf("trust-anchor: %w; it must be a PEM file that this program can read, or a folder of such", raw.err)
			return raw
		}
	}
	if f.cert == "" {
		return raw
	}
	if raw.cert, raw.err = os.ReadFile(f.cert); raw.err != nil {
		raw.err = fmt.Errorf("cert-file: %w; it must be a PEM file that this program can read", raw.err)
		return raw
	}
	if raw.key, raw.err = os.ReadFile(f.key); raw.err != nil {
		raw.err = fmt.Errorf("key-file: %w; it must be a PEM file that this program can read, with the key of %s", raw.err, f.cert)
	}
	return raw
}

// sum tells one content of the files from another.
func (r tlsRaw) sum() [sha256.Size]byte {
	if r.err != nil {
		return sha256.Sum256([]byte(r.err.Error()))
	}
	var all []byte
	for _, part := range [][]byte{r.anchor, r.cert, r.key} {
		sum := sha256.Sum256(part)
		all = append(all, sum[:]...)
	}
	return sha256.Sum256(all)
}

func (r tlsRaw) parse(f *tlsFiles) (m tlsMaterial, err error) {
	if r.err != nil {
		return m, r.err
	}
	if f.anchor != "" {
		m.authorities = x509.NewCertPool()
		if !m.authorities.AppendCertsFromPEM(r.anchor) {
			return m, fmt.Errorf("trust-anchor: no certificate in %s; it must hold those of the authorities, in PEM form", f.anchor)
		}
	}
	if f.cert == "" {
		return m, nil
	}
	pair, err := tls.X509KeyPair(r.cert, r.key)
	if err != nil {
		return m, fmt.Errorf("cert-file %s and key-file %s: %w; they must hold a certificate and its key, in PEM form", f.cert, f.key, err)
	}
	m.pair = &pair
	return m, nil
}

// readAnchor reads a file, or all of a folder.
func readAnchor(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return os.ReadFile(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for _, entry := range entries {
		pem, err := os.ReadFile(filepath.Join(path, entry.Name()))
		if err != nil {
			// A folder in it, or a link to nowhere, as c_rehash leaves them.
			if info, e := os.Stat(filepath.Join(path, entry.Name())); e != nil && errors.Is(e, os.ErrNotExist) || e == nil && info.IsDir() {
				continue
			}
			return nil, err
		}
		all.Write(pem)
		all.WriteByte('\n')
	}
	return all.Bytes(), nil
}
