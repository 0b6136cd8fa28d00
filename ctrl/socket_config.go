package ctrl

import (
	"encoding/json"
	"net/netip"
)

// SocketConfig is an entry of control-sockets in a configuration of Kea, or
// its control-socket: where commands are taken.
type SocketConfig struct {
	Type string `json:"socket-type"`           // unix, http or https
	Name string `json:"socket-name,omitempty"` // unix: the socket's path

	Address netip.Addr `json:"socket-address,omitzero"` // http, https; 127.0.0.1 by default
	Port    uint16     `json:"socket-port,omitempty"`   // http, https; 8000 by default

	Authentication *Authentication `json:"authentication,omitempty"` // http, https; none: anybody may command

	// The files, in PEM form, of a TLS server; https only.
	TrustAnchor  string `json:"trust-anchor,omitempty"`
	CertFile     string `json:"cert-file,omitempty"`
	KeyFile      string `json:"key-file,omitempty"`
	CertRequired *bool  `json:"cert-required,omitempty"` // clients must have a certificate; true by default

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Authentication is the basic HTTP authentication (RFC 7617) of a control
// socket.
type Authentication struct {
	Type    string        `json:"type"` // basic
	Realm   string        `json:"realm,omitempty"`
	Clients []Credentials `json:"clients,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// Credentials are a user name and its password.
type Credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}
