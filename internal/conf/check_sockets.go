package conf

import (
	"net/netip"
	"strings"

	"github.com/dhcpha/dhcpha/ctrl"
)

// maxSocketPath is the longest path of a unix socket, in bytes; there is no
// longer one on Linux.
const maxSocketPath = 107

// maxInterfaceName is the longest name of an interface on Linux.
const maxInterfaceName = 15

// Interfaces checks where the server listens. Whether the interfaces are there
// is not looked at: they may come later.
func (ck *Checker) Interfaces(interfaces []string, requireAll *bool) {
	seen := map[string]bool{}
	for i, s := range interfaces {
		path := Index("interfaces-config.interfaces", i)
		if seen[s] {
			ck.Errorf(path, "%q is there twice", s)
		}
		seen[s] = true
		name, address, hasAddress := strings.Cut(s, "/")
		ck.InterfaceName(path, name)
		if !hasAddress {
			continue
		}
		if a, err := netip.ParseAddr(address); err != nil || !ck.IsOurs(a) || a.IsMulticast() && a.Is6() {
			ck.Errorf(path, `%q: behind "/" belongs an %s address of the interface`, s, ck.ip())
		} else if name == "*" {
			ck.Errorf(path, `%q: an address cannot be given with "*"`, s)
		}
	}
	if requireAll != nil && *requireAll {
		ck.Warnf("interfaces-config.service-sockets-require-all", "has no effect: a socket that cannot be opened is tried again until it can")
	}
}

// InterfaceName checks the name of an interface.
func (ck *Checker) InterfaceName(path, name string) {
	if name == "" || len(name) > maxInterfaceName || strings.ContainsAny(name, " \t\n/:") {
		ck.Errorf(path, "%q is not the name of an interface", name)
	}
}

// Sockets returns the entries of both control-socket and control-sockets.
func Sockets(one *ctrl.SocketConfig, several []ctrl.SocketConfig) []ctrl.SocketConfig {
	if one == nil {
		return several
	}
	return append([]ctrl.SocketConfig{*one}, several...)
}

// sockets checks where commands are taken.
func (ck *Checker) sockets(o *Own) {
	if o.ControlSocket != nil {
		ck.socket("control-socket", o.ControlSocket)
		if len(o.ControlSockets) > 0 {
			ck.Errorf("control-socket", "cannot be given together with control-sockets, which replaces it")
		}
	}
	for i := range o.ControlSockets {
		ck.socket(Index("control-sockets", i), &o.ControlSockets[i])
	}
}

func (ck *Checker) socket(path string, s *ctrl.SocketConfig) {
	switch s.Type {
	case "":
		ck.Errorf(At(path, "socket-type"), "is missing; it is unix, http or https")
	case "unix":
		if s.Name == "" {
			ck.Errorf(At(path, "socket-name"), "is missing; it is the socket's path")
		} else if len(s.Name) > maxSocketPath {
			ck.Errorf(At(path, "socket-name"), "has %d bytes; the path of a socket has at most %d", len(s.Name), maxSocketPath)
		}
		if s.Authentication != nil {
			ck.Errorf(At(path, "authentication"), "is for http and https; who may use a unix socket is decided by the permissions of its directory")
		}
	case "http", "https":
		ck.webSocket(path, s)
	default:
		ck.OneOf(At(path, "socket-type"), s.Type, "unix", "http", "https")
	}
}

// webSocket checks a socket of type http or https.
func (ck *Checker) webSocket(path string, s *ctrl.SocketConfig) {
	for _, file := range []struct{ key, value string }{
		{"trust-anchor", s.TrustAnchor}, {"cert-file", s.CertFile}, {"key-file", s.KeyFile},
	} {
		if s.Type == "https" && file.value == "" {
			ck.Errorf(At(path, file.key), "is missing; https needs trust-anchor, cert-file and key-file")
		} else if s.Type == "http" && file.value != "" {
			ck.Errorf(At(path, file.key), `is for "socket-type": "https"`)
		}
	}
	if s.Authentication == nil {
		return
	}
	path = At(path, "authentication")
	if s.Authentication.Type != "basic" {
		ck.Errorf(At(path, "type"), `must be "basic", not %q`, s.Authentication.Type)
	}
	for i, client := range s.Authentication.Clients {
		if client.User == "" || strings.Contains(client.User, ":") {
			ck.Errorf(At(path, Index("clients", i)), "user %q: it must not be empty nor have a colon", client.User)
		}
	}
}
