package ctrl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
)

// ClientTLS returns what a Client needs for https, from PEM files such as
// Kea's trust-anchor, cert-file and key-file name. trustAnchor may be a folder.
// certFile and keyFile may be empty if the server asks for no certificate.
//
// The server must have a certificate of one of the authorities in trustAnchor.
// Whose it is does not matter, as with Kea, whose peers are known by their
// addresses while certificates seldom name these.
//
// The files are read again for every connection: what replaces them needs no
// restart. While they cannot be used the former ones are, and log (nil: nobody)
// is told so, once.
func ClientTLS(trustAnchor, certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	files := &tlsFiles{anchor: trustAnchor, cert: certFile, key: keyFile, log: logger(log)}
	if err := files.load(); err != nil {
		return nil, err
	}
	config := &tls.Config{
		InsecureSkipVerify: true, // replaced by:
		VerifyConnection: func(state tls.ConnectionState) error {
			return verifyChain(files.current().authorities, state)
		},
	}
	if certFile != "" {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return files.current().pair, nil
		}
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
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// ServerTLS returns what an HTTPServer needs for https, from PEM files as for
// ClientTLS, which are read again for every connection too. With
// requireClientCert a client must have a certificate of one of the authorities
// in trustAnchor.
func ServerTLS(trustAnchor, certFile, keyFile string, requireClientCert bool, log *slog.Logger) (*tls.Config, error) {
	if certFile == "" {
		return nil, errors.New("cert-file: is missing; a server needs a certificate")
	}
	files := &tlsFiles{cert: certFile, key: keyFile, log: logger(log)}
	if requireClientCert {
		files.anchor = trustAnchor
		if trustAnchor == "" {
			return nil, errors.New("trust-anchor: is missing; it says whose certificates clients must have")
		}
	}
	if err := files.load(); err != nil {
		return nil, err
	}
	current := func() *tls.Config {
		now := files.current()
		// No tickets: with one a client would get in that the authorities
		// no longer vouch for.
		config := &tls.Config{Certificates: []tls.Certificate{*now.pair}, SessionTicketsDisabled: true}
		if requireClientCert {
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, now.authorities
		}
		return config
	}
	config := current()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return current(), nil
	}
	return config, nil
}
