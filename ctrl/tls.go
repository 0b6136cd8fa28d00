package ctrl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ClientTLS returns what a Client needs for https, from PEM files such as
// Kea's trust-anchor, cert-file and key-file name. trustAnchor may be a folder.
// certFile and keyFile may be empty if the server asks for no certificate.
//
// The server must have a certificate of one of the authorities in trustAnchor.
// Whose it is does not matter, as with Kea, whose peers are known by their
// addresses while certificates seldom name these.
func ClientTLS(trustAnchor, certFile, keyFile string) (*tls.Config, error) {
	roots, err := loadAuthorities(trustAnchor)
	if err != nil {
		return nil, fmt.Errorf("trust anchor %s: %w", trustAnchor, err)
	}
	config := &tls.Config{
		RootCAs:            roots,
		InsecureSkipVerify: true, // replaced by:
		VerifyConnection: func(state tls.ConnectionState) error {
			return verifyChain(roots, state)
		},
	}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate %s: %w", certFile, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// verifyChain is what crypto/tls does by default, but for the name.
func verifyChain(roots *x509.CertPool, state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("no server certificate")
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err
}

// ServerTLS returns what an HTTPServer needs for https, from PEM files as for
// ClientTLS. With requireClientCert a client must have a certificate of one of
// the authorities in trustAnchor.
func ServerTLS(trustAnchor, certFile, keyFile string, requireClientCert bool) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("server certificate %s: %w", certFile, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if requireClientCert {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		if config.ClientCAs, err = loadAuthorities(trustAnchor); err != nil {
			return nil, fmt.Errorf("trust anchor %s: %w", trustAnchor, err)
		}
	}
	return config, nil
}

// loadAuthorities reads a PEM file, or all of a folder.
func loadAuthorities(path string) (*x509.CertPool, error) {
	files := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		files = nil
		for _, entry := range entries {
			if !entry.IsDir() {
				files = append(files, filepath.Join(path, entry.Name()))
			}
		}
	}
	pool, found := x509.NewCertPool(), false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return nil, errors.New("no certificate in it")
	}
	return pool, nil
}
