package hastatus

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// Who asks for another's name at a loopback address is a web page that has made
// its own name lead there.
func TestHosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		local, host string
		hosts       []string
		status      int
	}{
		{loopback, "127.0.0.1:8067", nil, http.StatusOK},
		{loopback, "127.0.0.1", nil, http.StatusOK},
		{loopback, "localhost:8067", nil, http.StatusOK},
		{loopback, "LOCALHOST.", nil, http.StatusOK},
		{"[::1]:8067", "[::1]:8067", nil, http.StatusOK},
		{"[::1]:8067", "[::1]", nil, http.StatusOK},
		{loopback, "evil.example:8067", nil, http.StatusMisdirectedRequest},
		{loopback, "127.0.0.1.evil.example", nil, http.StatusMisdirectedRequest},
		{loopback, "localhost.evil.example", nil, http.StatusMisdirectedRequest},
		{loopback, "", nil, http.StatusMisdirectedRequest},
		{"[::1]:8067", "evil.example", nil, http.StatusMisdirectedRequest},
		{loopback, "dhcp.example.org", []string{"dhcp.example.org"}, http.StatusOK},
		{"192.0.2.1:80", "dhcp1.example.org", nil, http.StatusOK},
		{"192.0.2.1:80", "192.0.2.1", []string{"dhcp.example.org"}, http.StatusOK},
		{"192.0.2.1:80", "evil.example", []string{"dhcp.example.org"}, http.StatusMisdirectedRequest},
	} {
		page := New(&Options{Hosts: c.hosts})
		for _, path := range []string{"/", "/leases", "/events", "/style.css"} {
			if c.status == http.StatusOK && path != "/" {
				continue
			}
			res := ask(page, "http://x"+path, c.local, func(r *http.Request) { r.Host = c.host })
			require.Equal(t, c.status, res.StatusCode, "%s at %s for %s", c.host, c.local, path)
		}
	}
	// Without an address, as behind a unix socket, it is careful.
	res := ask(New(nil), "http://evil.example/", loopback, func(r *http.Request) { *r = *r.WithContext(t.Context()) })
	require.Equal(t, http.StatusMisdirectedRequest, res.StatusCode)
}

// Nothing can be changed, framed, or used by other sites.
func TestOnlyReading(t *testing.T) {
	t.Parallel()
	page := New(nil)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodConnect} {
		res := ask(page, "http://"+loopback+"/", loopback, func(r *http.Request) { r.Method = method })
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
		require.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
	}
	from := func(site, mode string) int {
		return ask(page, "http://"+loopback+"/style.css", loopback, func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Sec-Fetch-Mode", mode)
		}).StatusCode
	}
	require.Equal(t, http.StatusForbidden, from("cross-site", "no-cors"))
	require.Equal(t, http.StatusForbidden, from("cross-site", "cors"))
	require.Equal(t, http.StatusOK, from("cross-site", "navigate"), "a link to the page")
	require.Equal(t, http.StatusOK, from("same-origin", "cors"))

	for _, path := range []string{"/", "/style.css", "/nowhere"} {
		h := ask(page, "http://"+loopback+path, loopback, nil).Header
		require.Equal(t, policy, h.Get("Content-Security-Policy"))
		require.Contains(t, policy, "default-src 'none'")
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Empty(t, h.Get("Access-Control-Allow-Origin"))
	}
}

// A page that others reach says so.
func TestOpenToOthers(t *testing.T) {
	t.Parallel()
	res := ask(New(nil), "http://192.0.2.1/", "192.0.2.1:80", nil)
	text := make([]byte, 1<<16)
	n, _ := res.Body.Read(text)
	require.Contains(t, string(text[:n]), "It has no login: whoever reaches 192.0.2.1:80 can read it.")
}
