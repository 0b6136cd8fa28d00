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
	host   string // an address, or the name of a host in lower case
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
	scheme, _, ok := strings.Cut(strings.ToLower(p.URL), "://")
	if !ok || scheme != "http" && scheme != "https" {
		return endpoint{}, errors.New("it must begin with http:// or https://")
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return endpoint{}, errors.Unwrap(err) // which is without the URL
	}
	e := endpoint{host: u.Hostname(), secure: scheme == "https", port: 80}
	switch {
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
	if strings.HasSuffix(u.Host, ":") {
		return e, errors.New("there is no port behind the colon")
	}
	if addr, err := netip.ParseAddr(e.host); err == nil {
		e.host = addr.String()
		return e, nil
	}
	if !isHostName(e.host) {
		return e, fmt.Errorf("%q is neither an address nor the name of a host", e.host)
	}
	e.host = strings.ToLower(e.host)
	return e, nil
}

// hostName is what the names of hosts look like (RFC 1123), and what container
// networks add to that.
var hostName = regexp.MustCompile(`^\w([\w.-]{0,251}\w)?\.?$`)

// isHostName says whether the host is a name. One that ends in a number is a
// wrong address.
func isHostName(host string) bool {
	last := host[strings.LastIndexByte(strings.TrimSuffix(host, "."), '.')+1:]
	return hostName.MatchString(host) && strings.Trim(last, "0123456789.") != ""
}
