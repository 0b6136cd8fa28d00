package testnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Host is a machine with a network of its own: a network namespace.
type Host struct {
	Name  string
	net   *Net
	ns    string
	ports map[string]string // of bridges, by the link that is connected to it
}

// Host returns a new host. It has a loopback interface and nothing else.
func (n *Net) Host(name string) *Host {
	n.t.Helper()
	h := &Host{Name: name, net: n, ns: n.prefix + name, ports: make(map[string]string)}
	if out, err := ip("netns", "add", h.ns); err != nil {
		if strings.Contains(out, "not permitted") || strings.Contains(out, "denied") {
			absent(n.t, "this machine allows no network namespaces: "+strings.TrimSpace(out))
		}
		n.t.Fatalf("ip netns add %s: %v\n%s", h.ns, err, out)
	}
	n.t.Cleanup(func() { removeNamespace(h.ns) })
	// Nobody else is on these networks: no second of waiting before an IPv6
	// address may be used.
	h.Sysctl("net/ipv6/conf/default/accept_dad", "0")
	n.ip("-n", h.ns, "link", "set", "lo", "up")
	return h
}

// Join connects the host to the LAN by a link, which is up, with the addresses
// given (such as "192.0.2.1/24").
func (h *Host) Join(l *LAN, link string, addrs ...string) {
	h.net.t.Helper()
	port := "port" + strconv.Itoa(h.net.ports)
	h.net.ports++
	h.ports[link] = port
	fabric := h.net.fabric.ns
	h.net.ip("-n", h.ns, "link", "add", link, "type", "veth", "peer", "name", port, "netns", fabric)
	h.net.ip("-n", fabric, "link", "set", port, "master", l.bridge, "up")
	h.net.ip("-n", h.ns, "link", "set", link, "up")
	for _, a := range addrs {
		h.AddAddr(link, a)
	}
	h.awaitCarrier(link, port)
}

// awaitCarrier waits until frames pass. The kernel finds out in the background
// that both ends of a link are up, and drops all frames until then.
func (h *Host) awaitCarrier(link, port string) {
	h.net.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	Until(ctx, h.net.t, link+" has a carrier", func() error {
		if out := h.IP("link", "show", "dev", link); !strings.Contains(out, "state UP") {
			return errors.New(out)
		}
		if out := h.net.fabric.IP("-d", "link", "show", "dev", port); !strings.Contains(out, "state forwarding") {
			return errors.New(out)
		}
		return nil
	})
}

// Divide has what a program sends in one to be divided (UDP_SEGMENT) come to the
// link in single packets, as from a network card. Otherwise nothing divides it
// before a packet socket reads it.
func (h *Host) Divide(link string) {
	h.net.t.Helper()
	h.net.fabric.IP("link", "set", h.ports[link], "gso_max_segs", "1")
}

// Leave removes a link.
func (h *Host) Leave(link string) { h.net.t.Helper(); h.IP("link", "del", link) }

// Up and Down switch a link.
func (h *Host) Up(link string)   { h.net.t.Helper(); h.IP("link", "set", link, "up") }
func (h *Host) Down(link string) { h.net.t.Helper(); h.IP("link", "set", link, "down") }

// AddAddr gives a link an address, which can be used at once.
func (h *Host) AddAddr(link, prefix string) {
	h.net.t.Helper()
	args := []string{"addr", "add", prefix, "dev", link}
	if p, err := netip.ParsePrefix(prefix); err == nil && p.Addr().Is6() {
		args = append(args, "nodad")
	}
	h.IP(args...)
}

// DelAddr takes an address from a link.
func (h *Host) DelAddr(link, prefix string) {
	h.net.t.Helper()
	h.IP("addr", "del", prefix, "dev", link)
}

// Route sends what is for dst (a prefix, or "default") to a router.
func (h *Host) Route(dst, via string) { h.net.t.Helper(); h.IP("route", "replace", dst, "via", via) }

// Forward makes a router of the host.
func (h *Host) Forward() {
	h.net.t.Helper()
	h.Sysctl("net/ipv4/ip_forward", "1")
	h.Sysctl("net/ipv6/conf/all/forwarding", "1")
}

// IP runs ip in the host, fails the test if ip fails, and returns its output.
func (h *Host) IP(args ...string) string {
	h.net.t.Helper()
	out, err := ip(append([]string{"-n", h.ns}, args...)...)
	if err != nil {
		h.net.t.Fatalf("%s: ip %s: %v\n%s", h.Name, strings.Join(args, " "), err, out)
	}
	return out
}

// HWAddr returns the hardware address of a link.
func (h *Host) HWAddr(link string) net.HardwareAddr {
	h.net.t.Helper()
	var hw net.HardwareAddr
	h.Do(func() {
		ifi, err := net.InterfaceByName(link)
		if err != nil {
			h.net.t.Fatalf("%s: hardware address of %s: %v", h.Name, link, err)
		}
		hw = ifi.HardwareAddr
	})
	return hw
}

// Addrs returns the IPv4 and global IPv6 addresses of a link.
func (h *Host) Addrs(link string) []netip.Prefix {
	h.net.t.Helper()
	var all []netip.Prefix
	for _, field := range strings.Fields(h.IP("-o", "addr", "show", "dev", link)) {
		if p, err := netip.ParsePrefix(field); err == nil && !p.Addr().IsLinkLocalUnicast() {
			all = append(all, p)
		}
	}
	return all
}

// Command returns a command that runs in the host. As with [exec.CommandContext]
// the program is killed when ctx ends. It has a mount namespace of its own.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	h.net.t.Helper()
	program := h.net.command([]string{"ip"})[0]
	line := append([]string{"netns", "exec", h.ns}, h.net.command(append([]string{name}, args...))...)
	return exec.CommandContext(ctx, program, line...)
}

// Run runs a program in the host to its end, fails the test if it fails, and
// returns what it wrote.
func (h *Host) Run(ctx context.Context, name string, args ...string) string {
	h.net.t.Helper()
	out, err := h.Command(ctx, name, args...).CombinedOutput()
	if err != nil {
		h.net.t.Fatalf("%s: %s %s: %v\n%s", h.Name, name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
