package testnet

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"
)

// Dhclient6 runs ISC's client for DHCPv6 on a link; args go before the link's
// name: -N and -P ask for an address and for a prefix, each as often as it is
// given. It reports every one by an event of its own.
func (h *Host) Dhclient6(link string, args ...string) *Client {
	h.net.t.Helper()
	Require(h.net.t, "dhclient")
	line := func(c *Client, more ...string) []string {
		conf := c.path("conf") // not the machine's
		_ = os.WriteFile(conf, nil, 0o644)
		line := []string{"dhclient", "-6", "-v", "-cf", conf, "-sf", c.path("script"), "-lf", c.path("leases"), "-pf", c.path("pid")}
		return append(append(append(line, more...), args...), link)
	}
	c := h.client(
		func(c *Client) []string { return line(c, "-d") },
		func(ctx context.Context, c *Client) { h.Run(ctx, "dhclient", line(c, "-r")[1:]...) })
	c.stored = func(c *Client, e Event) bool {
		text, _ := os.ReadFile(c.path("leases"))
		return strings.Contains(string(text), "iaaddr "+e.Addr.String()+" ") || strings.Contains(string(text), "iaprefix "+e.Prefix.String()+" ")
	}
	return c
}

// Dhcpcd6 runs dhcpcd on a link for DHCPv6, without waiting for a router. The
// lines configure it, such as "ia_pd 2 eth1/0"; none asks for an address.
func (h *Host) Dhcpcd6(link string, lines ...string) *Client {
	h.net.t.Helper()
	if len(lines) == 0 {
		lines = []string{"ia_na 1"}
	}
	return h.dhcpcd(func(c *Client) []string {
		conf := c.path("conf")
		text := "noipv6rs\ninterface " + link + "\n" + strings.Join(lines, "\n") + "\n"
		_ = os.WriteFile(conf, []byte(text), 0o644)
		return []string{"-6", "-f", conf, link}
	})
}

// Dhcp6c runs the client of WIDE on a link; config is its whole configuration
// file. It renews no earlier than after 18 seconds, remembers no lease, never
// sends Confirm, and ends after a release.
func (h *Host) Dhcp6c(link, config string) *Client {
	h.net.t.Helper()
	Require(h.net.t, "dhcp6c")
	c := h.client(
		func(c *Client) []string {
			conf := c.path("conf")
			_ = os.WriteFile(conf, []byte(config), 0o644)
			return c.withFolders([]string{"dhcp6c", "-D", "-f", "-c", conf, "-p", c.path("pid"), link}, "/var/lib/dhcpv6")
		},
		func(_ context.Context, c *Client) { c.Signal("TERM") })
	c.reads = readDhcp6c
	return c
}

var (
	dhcp6cSends = regexp.MustCompile(`client6_send: send (\w+) to`)
	dhcp6cHas   = regexp.MustCompile(`update_(?:address|prefix): (?:create|update) an? (?:address|prefix) (\S+) .*vltime=(\d+)`)
	dhcp6cKinds = map[string]string{"request": Bound, "solicit": Bound, "renew": Renew, "rebind": Rebind, "release": Release}
)

// readDhcp6c finds the events in what dhcp6c has written: its script is told
// neither addresses nor prefixes.
func readDhcp6c(output string) []Event {
	var events []Event
	var e Event
	sent := ""
	for line := range strings.Lines(output) {
		if m := dhcp6cSends.FindStringSubmatch(line); m != nil {
			sent = m[1]
		} else if m := dhcp6cHas.FindStringSubmatch(line); m != nil {
			if p, err := netip.ParsePrefix(m[1]); err == nil && !e.Prefix.IsValid() {
				e.Prefix = p
			} else if a, err := netip.ParseAddr(m[1]); err == nil && !e.Addr.IsValid() {
				e.Addr = a
			}
			var seconds int
			_, _ = fmt.Sscan(m[2], &seconds)
			e.Lease = time.Duration(seconds) * time.Second
		} else if strings.Contains(line, "client6_recvreply: got an expected reply") {
			e.Kind = dhcp6cKinds[sent]
			events = append(events, e)
			e = Event{}
		}
	}
	return events
}
