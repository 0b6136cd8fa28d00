package hastatus

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// ask has a page answer a request that came to an address.
func ask(h http.Handler, target, local string, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	at := net.TCPAddrFromAddrPort(addrPort(local))
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

const loopback = "127.0.0.1:8067"

func get(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	res := ask(h, "http://"+loopback+path, loopback, nil)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, path)
	return string(text)
}

// All is there without scripts.
func TestPageAsDrawn(t *testing.T) {
	t.Parallel()
	s := newScene(t, dead())
	s.add(t, crowd()...)
	html := get(t, s, "/")
	for _, want := range []string{
		"<title>Needs a look · server2</title>", "server2 serves all clients alone.", "server1 has not answered for 9 min 12 s.",
		"Is server1 running, and is the network between the two whole?", "no route to host", "silent for 9 min 12 s", "takes the partner for down",
		"192.0.2.10 - 192.0.2.199", "printer-0.example.org", "02:00:00:00:00:00", "in 4 h 0 min",
		`<noscript><meta http-equiv="refresh" content="5"></noscript>`, "page.js", "style.css", `icon-wary.svg`,
	} {
		require.Contains(t, html, want)
	}
	require.NotContains(t, html, "https://", "nothing comes from elsewhere")
	require.NotContains(t, html, "has no login", "others do not reach it")
	require.Equal(t, 50, strings.Count(html, `<th scope="row">`))

	html = get(t, s, "/?q=camera-3&after=198.51.100.20")
	require.Contains(t, html, "camera-30")
	require.Contains(t, html, `value="camera-3"`)
	require.NotContains(t, html, "noscript", "what was searched stays")
	require.Contains(t, get(t, s, "/leases?q=nobody"), "No lease is found for <bdi>nobody</bdi>.")

	single := New(nil)
	html = get(t, single, "/")
	require.Contains(t, html, "This server has no high availability.")
	require.NotContains(t, html, `id="leases"`)
	require.Equal(t, http.StatusNotFound, ask(single, "http://"+loopback+"/leases", loopback, nil).StatusCode)
}

// The page may stand at another path.
func TestPageElsewhere(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/status/", http.StripPrefix("/status", newScene(t, pair())))
	html := get(t, mux, "/status/")
	for _, attr := range []string{`href="/`, `src="/`, `action="/`} {
		require.NotContains(t, html, attr)
	}
	for _, name := range []string{"style.css", "page.js", "icon-fine.svg", "icon-moving.svg", "icon-wary.svg", "icon-alarm.svg"} {
		require.NotEmpty(t, get(t, mux, "/status/"+name))
	}
	for _, name := range []string{"page.html", "assets/page.html", "icon-other.svg", "../page.go", "icon-.svg"} {
		require.Equal(t, http.StatusNotFound, ask(newScene(t, pair()), "http://"+loopback+"/"+name, loopback, nil).StatusCode, name)
	}
}

// hostile are texts of clients that would like to be more.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</bdi></table><h1>All is well</h1>`, `{{.Name}}`, `javascript:alert(1)`,
	"a\u202egnp.exe", "nul\x00bell\x07", "line\r\nSet-Cookie: a=b", strings.Repeat("W", 255), "\xff\xfe",
}

// What clients choose is text, and is seen as it is.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	st := dead()
	st.Relationships[0].Peers[0].Error = hostile[0]
	s := newScene(t, st)
	for i, name := range hostile {
		l := leaseOf("192.0.2.10", i, name)
		for range i {
			l.Addr = l.Addr.Next()
		}
		l.ClientID = []byte(name)
		s.add(t, l)
	}
	for _, path := range append([]string{"/", "/leases"}, paths(hostile)...) {
		html := get(t, s, path)
		for _, bad := range []string{"<script>", "<img", "<h1>All", "\u202e", "\x00", "\x07", "\r", `href="javascript:`, "\xff"} {
			require.NotContains(t, html, bad, path)
		}
	}
	html := get(t, s, "/")
	require.Contains(t, html, `&lt;script&gt;alert(1)&lt;/script&gt;`)
	require.Contains(t, html, `a\u202egnp.exe`)
	require.Contains(t, html, `nul\u0000bell\u0007`)
}

func paths(queries []string) (all []string) {
	for _, q := range queries {
		v := url.Values{"q": {q}, "after": {q}}
		all = append(all, "/?"+v.Encode(), "/leases?"+v.Encode())
	}
	return all
}

func TestLongQuery(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	require.Contains(t, get(t, s, "/leases?q="+strings.Repeat("a", maxQuery+1)), "What is searched may have 128 bytes.")
	require.Equal(t, 1, strings.Count(get(t, s, "/leases?q="+strings.Repeat("a", maxQuery)), "No lease is found"))
}

// What a lease is at is said in words.
func TestRows(t *testing.T) {
	t.Parallel()
	l := leaseOf("192.0.2.7", 1, "desk.")
	r := rowOf(&l, night)
	require.Equal(t, []string{"desk", "02:00:00:00:00:01", "", "in 3 h 59 min", fine.String()}, []string{r.Name, r.HWAddr, r.ID, r.Expires, r.Level.String()})
	require.True(t, r.SameID)
	l.ValidLft = 30
	require.Equal(t, "expired 30 s ago", rowOf(&l, night).Expires)
	require.Equal(t, moving, rowOf(&l, night).Level)
	l.ValidLft, l.ClientID = lease.Infinite, make([]byte, 40)
	r = rowOf(&l, night)
	require.Equal(t, "never", r.Expires)
	require.Len(t, r.ID, 3*maxShownID-1+len("…"))
	require.Len(t, r.FullID, 3*40-1)
}
