package testnet

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a client may report, whichever program it is.
const (
	Bound   = "bound"   // it got a lease
	Renew   = "renew"   // it prolonged its lease
	Rebind  = "rebind"  // it prolonged its lease by broadcast, or asked any server for it
	Reboot  = "reboot"  // it confirmed a lease it had before
	Nak     = "nak"     // its lease was refused
	Decline = "decline" // the address is in use elsewhere
	Expire  = "expire"  // its lease ended
	Release = "release" // it gave its lease back
	Failed  = "failed"  // nobody answered
)

// Event is what a client reported.
type Event struct {
	Kind   string            // Bound, Renew, ... or the client's own word
	Addr   netip.Addr        // zero if there is none; of several the first
	Prefix netip.Prefix      // that is delegated; likewise
	Server netip.Addr        // server identifier of DHCPv4
	Lease  time.Duration     // lifetime
	Vars   map[string]string // everything, under the client's own names
}

// Client is a running DHCP client that owns one link of a host: it sets the
// address it gets, and none of the machine's own files.
type Client struct {
	*Process
	host    *Host
	dir     string // its script, its leases and what it reported
	seen    int    // events that Await has returned or passed over
	command func(c *Client) []string
	release func(ctx context.Context, c *Client)
	stored  func(c *Client, e Event) bool // it will know the lease after a power cut; nil: as soon as it reports
	reads   func(output string) []Event   // a client whose script is told too little; nil: the script reports
	earlier []Event                       // that such a client reported before it was started again
}

//go:embed client.sh
var clientScript string

func (h *Host) client(command func(*Client) []string, release func(context.Context, *Client)) *Client {
	h.net.t.Helper()
	dir, err := os.MkdirTemp(h.net.dir, "client-")
	if err != nil {
		h.net.t.Fatal(err)
	}
	c := &Client{host: h, dir: dir, command: command, release: release}
	script := strings.ReplaceAll(clientScript, "@DIR@", c.path("events"))
	if err := os.Mkdir(c.path("events"), 0o777); err != nil {
		h.net.t.Fatal(err)
	}
	if err := os.WriteFile(c.path("script"), []byte(script), 0o755); err != nil {
		h.net.t.Fatal(err)
	}
	c.Restart()
	return c
}

// Dhclient runs ISC's client on a link; args go before the link's name.
func (h *Host) Dhclient(link string, args ...string) *Client {
	h.net.t.Helper()
	Require(h.net.t, "dhclient")
	files := func(c *Client) []string {
		conf := c.path("conf") // not the machine's
		_ = os.WriteFile(conf, nil, 0o644)
		return []string{"dhclient", "-v", "-cf", conf, "-sf", c.path("script"), "-lf", c.path("leases"), "-pf", c.path("pid")}
	}
	c := h.client(
		func(c *Client) []string { return append(append(append(files(c), "-d"), args...), link) },
		func(ctx context.Context, c *Client) { h.Run(ctx, "dhclient", append(files(c)[1:], "-r", link)...) })
	// It writes its lease only after its script has ended.
	c.stored = func(c *Client, e Event) bool {
		text, _ := os.ReadFile(c.path("leases"))
		return strings.Contains(string(text), "address "+e.Addr.String()+";")
	}
	return c
}

// Udhcpc runs BusyBox's client on a link, with args added. It keeps no lease.
func (h *Host) Udhcpc(link string, args ...string) *Client {
	h.net.t.Helper()
	Require(h.net.t, "udhcpc")
	return h.client(
		func(c *Client) []string {
			return append([]string{"udhcpc", "-f", "-R", "-t", "10", "-T", "1", "-s", c.path("script"), "-i", link}, args...)
		},
		func(_ context.Context, c *Client) { c.Signal("USR2") })
}

// Dhcpcd runs dhcpcd on a link for DHCPv4, with args added before the link's
// name.
func (h *Host) Dhcpcd(link string, args ...string) *Client {
	h.net.t.Helper()
	return h.dhcpcd(func(c *Client) []string { return append(append([]string{"-4", "-f", "/dev/null"}, args...), link) })
}

func (h *Host) dhcpcd(args func(*Client) []string) *Client {
	h.net.t.Helper()
	Require(h.net.t, "dhcpcd")
	return h.client(
		func(c *Client) []string {
			line := append(h.net.command([]string{"dhcpcd"}), "-B", "-d", "-c", c.path("script"))
			line = append(line, args(c)...)
			// It is several processes, which Kill is to find.
			return c.withFolders(append([]string{"setsid"}, line...), "/var/lib/dhcpcd", "/run")
		},
		func(ctx context.Context, c *Client) {
			// A signal that comes while a script runs is lost, and so is that
			// of its own option -k. It ends when it has released.
			again := time.NewTicker(time.Second)
			defer again.Stop()
			for {
				c.Signal("ALRM")
				select {
				case <-c.Done():
					return
				case <-ctx.Done():
					return
				case <-again.C:
				}
			}
		})
}

// withFolders returns a command line whose program has folders of its own where
// it has paths compiled in. Every process of a host has a mount namespace of
// its own, so they are nobody else's.
func (c *Client) withFolders(line []string, folders ...string) []string {
	c.host.net.t.Helper()
	const mount = `while [ "$1" != -- ]; do mkdir -p "$1" && mount --bind "$1" "$2" && shift 2 || exit; done; shift; exec "$@"`
	all := []string{"sh", "-c", mount, "sh"}
	for _, folder := range folders {
		all = append(all, c.path(filepath.Base(folder)), folder)
	}
	return append(append(all, "--"), c.host.net.command(line)...)
}

// Restart kills the client as a power cut does and starts it again, with the
// leases it remembered.
func (c *Client) Restart() {
	c.host.net.t.Helper()
	if c.Process != nil {
		c.Kill()
		if c.reads != nil {
			c.earlier = c.Events()
		}
	}
	args := c.command(c)
	c.Process = c.host.Start(args[0], args[1:]...)
}

// Kill kills the client, with all its processes, and waits for its end.
func (c *Client) Kill() {
	if !c.ended() {
		_ = exec.CommandContext(context.Background(), "sh", "-c", `kill -s KILL -- "-$0"`, strconv.Itoa(c.PID())).Run() // its group, if it has one
	}
	c.Process.Kill()
}

// Release makes the client give its lease back.
func (c *Client) Release(ctx context.Context) { c.host.net.t.Helper(); c.release(ctx, c) }

// Await returns the next event that is one of kinds, passing over others. A
// lease that it tells of will be known to the client after Restart. The test
// fails if ctx or the client ends before.
func (c *Client) Await(ctx context.Context, kinds ...string) Event {
	t := c.host.net.t
	t.Helper()
	var found Event
	Until(ctx, t, c.name+" reports "+strings.Join(kinds, " or "), func() error {
		// Asked before the events are read: a client may report and end.
		ended := c.ended()
		events := c.Events()
		for c.seen < len(events) {
			found = events[c.seen]
			c.seen++
			if slices.Contains(kinds, found.Kind) {
				return nil
			}
		}
		if ended {
			return &finalError{fmt.Errorf("it ended")}
		}
		return fmt.Errorf("it has reported %d events", len(events))
	})
	if c.stored != nil && slices.Contains([]string{Bound, Renew, Rebind, Reboot}, found.Kind) {
		Until(ctx, t, c.name+" has written its lease", func() error {
			if !c.stored(c, found) {
				return fmt.Errorf("%s %s is not in its file", found.Addr, found.Prefix)
			}
			return nil
		})
	}
	return found
}

// Events returns all that the client has reported.
func (c *Client) Events() []Event {
	if c.reads != nil {
		return slices.Concat(c.earlier, c.reads(c.Output()))
	}
	entries, _ := os.ReadDir(c.path("events"))
	var events []Event
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // being written
		}
		text, err := os.ReadFile(filepath.Join(c.path("events"), e.Name()))
		if err == nil {
			events = append(events, parseEvent(string(text)))
		}
	}
	return events
}

func (c *Client) path(name string) string { return filepath.Join(c.dir, name) }

// words are the clients' own words for what happened.
var words = map[string]string{
	"BOUND": Bound, "BOUND6": Bound, "bound": Bound,
	"RENEW": Renew, "RENEW6": Renew, "renew": Renew,
	"REBIND": Rebind, "REBIND6": Rebind,
	"REBOOT": Reboot, "REBOOT6": Reboot,
	"NAK": Nak, "nak": Nak,
	"EXPIRE": Expire, "EXPIRE6": Expire,
	"DECLINE6": Decline,
	"RELEASE":  Release, "RELEASE6": Release,
	"FAIL": Failed, "TIMEOUT": Failed, "leasefail": Failed,
}

// parseEvent reads the environment of a client's script.
func parseEvent(text string) Event {
	e := Event{Vars: make(map[string]string)}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		e.Vars[name] = value
	}
	first := func(names ...string) string {
		for _, n := range names {
			if v := e.Vars[n]; v != "" {
				return v
			}
		}
		return ""
	}
	e.Kind = first("event", "reason")
	if word, ok := words[e.Kind]; ok {
		e.Kind = word
	}
	e.Addr, _ = netip.ParseAddr(first("new_ip_address", "new_ip6_address", "new_dhcp6_ia_na1_ia_addr1", "ip"))
	if e.Prefix, _ = netip.ParsePrefix(e.Vars["new_ip6_prefix"]); !e.Prefix.IsValid() {
		e.Prefix, _ = netip.ParsePrefix(e.Vars["new_dhcp6_ia_pd1_prefix1"] + "/" + e.Vars["new_dhcp6_ia_pd1_prefix1_length"])
	}
	e.Server, _ = netip.ParseAddr(first("new_dhcp_server_identifier", "serverid"))
	seconds, _ := strconv.Atoi(first("new_dhcp_lease_time", "new_max_life",
		"new_dhcp6_ia_na1_ia_addr1_vltime", "new_dhcp6_ia_pd1_prefix1_vltime", "lease"))
	e.Lease = time.Duration(seconds) * time.Second
	return e
}
