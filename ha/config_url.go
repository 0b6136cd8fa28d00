package ha

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// endpoint is the url of a peer.
type endpoint struct {
	secure bool   // https
	host   string // an address or the name of a host
	port   uint16
}

// address returns host and port as package net wants them.
func (e endpoint) address() string {
	return net.JoinHostPort(e.host, strconv.Itoa(int(e.port)))
}

// String returns the URL that commands are sent to. As with Kea its path is
// always "/".
func (e endpoint) String() string {
	scheme := "http"
	if e.secure {
		scheme = "https"
	}
	u := url.URL{Scheme: scheme, Host: e.address(), Path: "/"}
	return u.String()
}

// endpoint returns where the peer is; Validate has checked that.
func (p *Peer) endpoint() (endpoint, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return endpoint{}, errors.Unwrap(err) // which is without the URL
	}
	e := endpoint{host: u.Hostname(), secure: u.Scheme == "https", port: 80}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return e, errors.New("it must begin with http:// or https://")
	case u.User != nil:
		return e, errors.New(`user and password belong into "basic-auth-user" and "basic-auth-password"`)
	case e.host == "":
		return e, errors.New("it has no host")
	case e.secure:
		e.port = 443
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return e, fmt.Errorf("port %s is out of range, 1 to 65535", u.Port())
		}
		e.port = uint16(port)
	}
	return e, checkHost(e.host, strings.HasPrefix(u.Host, "["))
}

// hostName is what names of hosts look like (RFC 1123), and what container
// networks add to that. The last label has a letter: what has none is a wrong
// address.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[0-9_-]*[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.?$`)

func checkHost(host string, bracketed bool) error {
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && addr.Is4() == bracketed:
		return errors.New("an IPv6 address, and only that, stands in brackets")
	case err != nil && (bracketed || len(host) > 253 || !hostName.MatchString(host)):
		return fmt.Errorf("%q is neither an address nor the name of a host", host)
	}
	return nil
}
