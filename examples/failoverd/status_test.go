package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// startWithStatus starts failoverd on loopback with a status page.
func startWithStatus(t testing.TB, members, address string) *program {
	t.Helper()
	p, _ := startLocal(t, members)
	config, err := os.ReadFile(p.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.config, bytes.ReplaceAll(config, []byte(`"ERROR"`), []byte(`"INFO"`)), 0o644))
	p.args = append(p.args, "-status", address)
	p.restart()
	p.awaitReady(within(t, 20*time.Second))
	return p
}

// statusURL returns where a program says that its status page is.
func (p *program) statusURL() string {
	p.t.Helper()
	const before = `msg="status page open" url=`
	p.awaitLog(within(p.t, 20*time.Second), before)
	_, url, _ := strings.Cut(p.Output(), before)
	url, _, _ = strings.Cut(url, "\n")
	return url
}

func fetch(t testing.TB, url string) string {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, string(text))
	return string(text)
}

// The status page of one of a pair whose partner is not there says so, and when
// it takes over; readers are no reason not to end.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	peer := testnet.FreePort(t).Port()
	own := testnet.FreePort(t).Port()
	p := startWithStatus(t, fmt.Sprintf(`
		"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]}],
		"hooks-libraries": [{"library": %q}, {"library": "libdhcp_ha.so", "parameters": {"high-availability": [{
			"this-server-name": "server1", "mode": "hot-standby", "heartbeat-delay": 100, "max-response-delay": 1000,
			"peers": [
				{"name": "server1", "url": "http://127.0.0.1:%d/", "role": "primary"},
				{"name": "server2", "url": "http://127.0.0.1:%d/", "role": "standby"}]}]}}],`,
		leaseCommandsLibrary(), own, peer), "127.0.0.1:0")
	url := p.statusURL()
	res, err := http.Get(url + "events")
	require.NoError(t, err)
	defer res.Body.Close()
	events := bufio.NewReader(res.Body)
	for said := ""; !strings.Contains(said, "server1 serves all clients alone."); {
		said, err = events.ReadString('\n')
		require.NoError(t, err)
	}
	html := fetch(t, url)
	for _, want := range []string{"partner-down", "server2 does not answer.", "Start server2", "192.0.2.100 - 192.0.2.199"} {
		require.Contains(t, html, want)
	}
	p.stop()
	_, err = io.Copy(io.Discard, events)
	require.NoError(t, err)
}

// Behind a server in front of it the page is asked for by that one's name, which
// on a loopback address has to be given.
func TestStatusPageByAnotherName(t *testing.T) {
	t.Parallel()
	const subnet = `"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]}],`
	p := startWithStatus(t, subnet, "127.0.0.1:0")
	by := func(host string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.statusURL(), nil)
		require.NoError(t, err)
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	require.Equal(t, http.StatusMisdirectedRequest, by("dhcp.example.org"))
	p.args = append(p.args, "-status-hosts", "dhcp.example.org, DHCP2.example.org")
	p.restart()
	p.awaitReady(within(t, 20*time.Second))
	require.Equal(t, http.StatusOK, by("dhcp.example.org"))
	require.Equal(t, http.StatusOK, by("dhcp2.example.org:443"))
	require.Equal(t, http.StatusOK, by("127.0.0.1"))
	require.Equal(t, http.StatusMisdirectedRequest, by("evil.example"))
	p.stop()

	for hosts, want := range map[string]string{
		"https://dhcp.example.org/":   `"https://dhcp.example.org/" is no name of a host`,
		"dhcp.example.org:443":        `"dhcp.example.org:443" is no name of a host`,
		"dhcp.example.org,,localhost": `"" is no name of a host`,
	} {
		output, status := runToEnd(t, "-c", p.config, "-status", "127.0.0.1:0", "-status-hosts", hosts)
		require.Equal(t, 1, status)
		require.Contains(t, output, want)
	}
	output, status := runToEnd(t, "-c", p.config, "-status-hosts", "dhcp.example.org")
	require.Equal(t, 1, status)
	require.Contains(t, output, "-status-hosts is for the page that -status shows")
}

// A server without a partner has a page, too. Where others reach it that is
// warned of; an address that is taken is an error.
func TestStatusPageAlone(t *testing.T) {
	t.Parallel()
	const subnet = `"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]}],`
	p := startWithStatus(t, subnet, ":0")
	url := strings.Replace(p.statusURL(), "[::]", "127.0.0.1", 1)
	require.Contains(t, p.Output(), "level=WARN msg=\"anybody who reaches the status page can read all leases")
	require.Contains(t, fetch(t, url), "This server has no high availability.")
	p.stop()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	output, status := runToEnd(t, "-c", p.config, "-p", "0", "-status", taken.Addr().String())
	require.Equal(t, 1, status)
	require.Contains(t, output, "failoverd: status page: listen tcp")
}
