package hastatus

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// policy lets a browser fetch nothing but what the page itself has, and run no
// script but its file: whatever text gets into the page stays text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect sets what every answer carries.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// refuses returns the status that a request is refused with; 0: it is not.
func (p *Page) refuses(r *http.Request) int {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return http.StatusMethodNotAllowed
	case !p.knows(r):
		return http.StatusMisdirectedRequest
	case r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
		return http.StatusForbidden // somebody else's page, which could not read it but would take a stream
	}
	return 0
}

// knows says whether the host that a request names is this server. A page from
// elsewhere can make its own name lead to this server, and its browser then takes
// what it reads here for its own; but not an address.
func (p *Page) knows(r *http.Request) bool {
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" {
		return true
	}
	if p.opts.Hosts != nil {
		return slices.Contains(p.opts.Hosts, name)
	}
	return !onLoopback(r)
}

// onLoopback says whether the request came to a loopback address. One that came
// to no address, such as by a unix socket, is taken for one that did.
func onLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || local.IP.IsLoopback()
}
