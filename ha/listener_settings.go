package ha

import (
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
)

// listenerSettings are who may send which commands to this server's url.
type listenerSettings struct {
	user, password     string // empty: anybody
	files              tlsFiles
	requireClientCerts bool
	restrictCommands   bool
}

// listenerSettings are in this server's own entry among the peers.
func (c *Config) listenerSettings() (s listenerSettings, err error) {
	this := c.this()
	s.files = c.tlsFiles(this)
	s.requireClientCerts = c.requireClientCerts()
	s.restrictCommands = c.restrictCommands()
	s.user, s.password, err = this.credentials()
	return s, err
}

// open says that no credential is asked for.
func (s listenerSettings) open() bool {
	return s.user == "" && (s.files == tlsFiles{} || !s.requireClientCerts)
}

// differsIn names a setting in which the two differ.
func (s listenerSettings) differsIn(other listenerSettings) string {
	switch {
	case s.user != other.user || s.password != other.password:
		return "basic-auth-user and basic-auth-password"
	case s.files != other.files:
		return "trust-anchor, cert-file and key-file"
	case s.files != tlsFiles{} && s.requireClientCerts != other.requireClientCerts:
		return "require-client-certs"
	case s.restrictCommands != other.restrictCommands:
		return "restrict-commands"
	}
	return ""
}

// server returns what answers at the url. Other than Kea up to 3.3.0 it asks
// for the password that peers send, and as with Kea there is TLS where there
// are files for it, whatever the url begins with.
func (s listenerSettings) server(mux *ctrl.Mux, opts *Options) (*ctrl.HTTPServer, error) {
	server := &ctrl.HTTPServer{Mux: mux, Logger: opts.Logger}
	if s.restrictCommands {
		server.Accept = peerCommands(opts.Family)
	}
	if s.user != "" {
		server.Auth = &ctrl.BasicAuth{Realm: "kea-high-availability", Users: map[string]string{s.user: s.password}}
	}
	if s.files != (tlsFiles{}) {
		var err error
		if server.TLS, err = ctrl.ServerTLS(s.files.trustAnchor, s.files.cert, s.files.key, s.requireClientCerts, opts.Logger); err != nil {
			return nil, err
		}
	}
	return server, nil
}

// peerCommands are the commands that a peer needs, with restrict-commands the
// only ones: those of Kea, and ours.
func peerCommands(family ctrl.Family) []string {
	both := []string{
		"dhcp-disable", "dhcp-enable", "ha-heartbeat", "ha-maintenance-notify", "ha-reset",
		"ha-sync-complete-notify", "list-commands", "status-get",
		changesType,
	}
	if family == ctrl.V6 {
		return slices.Concat(both, []string{"lease6-bulk-apply", "lease6-del", "lease6-get-all", "lease6-get-page", "lease6-update"})
	}
	return slices.Concat(both, []string{"lease4-del", "lease4-get-all", "lease4-get-page", "lease4-update"})
}
