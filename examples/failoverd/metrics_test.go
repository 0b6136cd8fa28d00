package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// queriesAt returns where a program on loopback takes queries.
func (p *program) queriesAt(host string) netip.AddrPort {
	p.t.Helper()
	require.Equal(p.t, "-p", p.args[2])
	return netip.MustParseAddrPort(net.JoinHostPort(host, p.args[3]))
}

// probe returns the status and the text of a page.
func probe(t testing.TB, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// tells waits until each of the lines is among the metrics: what is observed of a
// query is so after its reply has left.
func tells(ctx context.Context, t testing.TB, url string, lines ...string) {
	t.Helper()
	testnet.Until(ctx, t, "the metrics are told", func() error {
		told := fetch(t, url+"metrics")
		for _, line := range lines {
			if !strings.Contains(told, "\n"+line+"\n") {
				name, _, _ := strings.Cut(line, "{")
				return fmt.Errorf("no %s; there is %q", line, regexp.MustCompile(`(?m)^`+name+`\{.*$`).FindAllString(told, 20))
			}
		}
		return nil
	})
}

// Monitoring is told whether the server works and is ready, and what it does:
// here one of a pair that takes over from a partner which is not there, and then
// gives a client a lease.
func TestMonitoring(t *testing.T) {
	t.Parallel()
	p := startWithStatus(t, fmt.Sprintf(`
		"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["127.0.0.1"]}, "pools": [{"pool": "10.1.0.1-10.1.0.100"}]}],
		"hooks-libraries": [{"library": %q}, {"library": "libdhcp_ha.so", "parameters": {"high-availability": [{
			"this-server-name": "server1", "mode": "hot-standby", "heartbeat-delay": 100, "max-response-delay": 1000, "max-unacked-clients": 0,
			"peers": [
				{"name": "server1", "url": "http://127.0.0.1:%d/", "role": "primary"},
				{"name": "server2", "url": "http://127.0.0.1:%d/", "role": "standby"}]}]}}],`,
		leaseCommandsLibrary(), testnet.FreePort(t).Port(), testnet.FreePort(t).Port()), "127.0.0.1:0")
	url := p.statusURL()
	ctx := within(t, 30*time.Second)
	code, text := probe(t, url+"healthz")
	require.Equal(t, http.StatusOK, code, text)
	testnet.Until(ctx, t, "it takes over", func() error {
		if code, text := probe(t, url+"readyz"); code != http.StatusOK {
			require.Equal(t, http.StatusServiceUnavailable, code)
			require.Contains(t, text, "server1: ")
			return fmt.Errorf("%d: %s", code, text)
		}
		return nil
	})
	_, err := testnet.NewRelayed(t, p.queriesAt("127.0.0.1")).Lease(ctx, net.HardwareAddr{2, 0, 0, 0, 0, 1})
	require.NoError(t, err)
	tells(ctx, t, url,
		`dhcpha_ha_state{server="server1",state="partner-down"} 1`,
		`dhcpha_ha_scope_served{scope="server1",server="server1"} 1`,
		`dhcpha_pool_size{pool="10.1.0.1 - 10.1.0.100",subnet="1",type="V4"} 100`,
		`dhcpha_pool_leases{pool="10.1.0.1 - 10.1.0.100",state="assigned",subnet="1",type="V4"} 1`,
		`dhcpha_queries_received_total{type="REQUEST"} 1`,
		`dhcpha_replies_sent_total{type="ACK"} 1`,
		`dhcpha_dropped_total{reason="too many in flight"} 0`,
		`dhcpha_commits_total{result="ok"} 1`,
		`dhcpha_commit_seconds_count{stage="disk"} 1`,
		`dhcpha_exchange_seconds_count{stage="answer",type="REQUEST"} 1`,
		`dhcpha_queries_in_flight 0`,
	)
	require.Contains(t, fetch(t, url), "partner-down", "the page for people is where it was")
}

// Clients whose link has no subnet get nothing from a pair that is well: the page
// and ha-status tell it.
func TestNoSubnetIsTold(t *testing.T) {
	t.Parallel()
	p := startWithStatus(t, fmt.Sprintf(`
		"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.1-10.1.0.100"}]}],
		"hooks-libraries": [{"library": %q}, {"library": "libdhcp_ha.so", "parameters": {"high-availability": [{
			"this-server-name": "server1", "mode": "passive-backup",
			"peers": [{"name": "server1", "url": "http://127.0.0.1:%d/", "role": "primary"}]}]}}],`,
		leaseCommandsLibrary(), testnet.FreePort(t).Port()), "127.0.0.1:0")
	url, ctx := p.statusURL(), within(t, 30*time.Second)
	said := func() string {
		t.Helper()
		r, err := call(ctx, p.socket, "ha-status", nil)
		require.NoError(t, err)
		return r.Text
	}
	const told, saidOf = "Clients on a link without a subnet get nothing", "CLIENTS ON A LINK WITHOUT A SUBNET GET NOTHING"
	require.NotContains(t, fetch(t, url), told)
	require.NotContains(t, said(), saidOf)
	discover, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1}, dhcpv4.WithGatewayIP(net.IPv4(127, 0, 0, 1)))
	require.NoError(t, err)
	conn, err := net.Dial("udp", p.queriesAt("127.0.0.1").String())
	require.NoError(t, err)
	defer conn.Close()
	testnet.Until(ctx, t, "the query has been counted", func() error {
		_, err := conn.Write(discover.ToBytes())
		require.NoError(t, err)
		if n := statistic(ctx, t, p.socket, "v4-allocation-fail-no-subnet"); n == 0 {
			return errors.New("none")
		}
		return nil
	})
	require.Contains(t, fetch(t, url), told)
	require.Contains(t, said(), saidOf)
}

// Without high availability the same is told of DHCPv6, and malformed queries are
// counted by what is wrong with them.
func TestMonitoring6Alone(t *testing.T) {
	t.Parallel()
	p := startWithStatus(t, `"subnet6": [{"id": 1, "subnet": "2001:db8::/32", "relay": {"ip-addresses": ["::1"]},
		"pools": [{"pool": "2001:db8::-2001:db8::ff"}]}],`, "127.0.0.1:0")
	url := p.statusURL()
	ctx := within(t, 30*time.Second)
	server := p.queriesAt("::1")
	_, err := testnet.NewRelayed6(t, server).Lease(ctx, testnet.Client6(net.HardwareAddr{2, 0, 0, 0, 0, 1}), &dhcpv6.OptIANA{IaId: [4]byte{1}})
	require.NoError(t, err)
	for _, path := range []string{"healthz", "readyz"} {
		code, text := probe(t, url+path)
		require.Equal(t, http.StatusOK, code, text)
	}
	conn, err := net.Dial("udp", server.String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte{1})
	require.NoError(t, err)
	tells(ctx, t, url,
		`dhcpha_dropped_total{reason="too short"} 1`,
		`dhcpha_leases{state="assigned",type="IA_NA"} 1`,
		`dhcpha_pool_leases{pool="2001:db8:: - 2001:db8::ff",state="assigned",subnet="1",type="IA_NA"} 1`,
		`dhcpha_queries_received_total{type="SOLICIT"} 1`,
		`dhcpha_replies_sent_total{type="REPLY"} 1`,
		`dhcpha_exchanges_total{outcome="sent",type="REQUEST"} 1`,
		`dhcpha_exchanges_total{outcome="refused",type="unknown"} 1`,
	)
	require.False(t, strings.Contains(fetch(t, url+"metrics"), "dhcpha_ha_"), "there is no high availability")

	// Who does not answer everywhere is healthy and not ready.
	config, err := os.ReadFile(p.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.config, bytes.Replace(config, []byte(`/::1"`), []byte(`/::1", "missing0"`), 1), 0o644))
	p.command(ctx, "config-reload", nil)
	testnet.Until(ctx, t, "an interface is missing", func() error {
		if code, text := probe(t, url+"readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "missing0") {
			return fmt.Errorf("%d: %s", code, text)
		}
		return nil
	})
	code, text := probe(t, url+"healthz")
	require.Equal(t, http.StatusOK, code, text)
}
