package testnet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// Net is a set of hosts and the LANs between them. It belongs to one test.
type Net struct {
	t      testing.TB
	prefix string // of the names of its namespaces
	dir    string
	fabric *Host // a namespace with no programs, only the bridges
	lans   int
	ports  int
	cuts   atomic.Int64
}

// namespaces starts the name of every namespace of this package; the process
// id of the owner follows.
const namespaces = "dhcpha-"

var nets atomic.Int64

// New returns a network without hosts. It is removed when the test ends.
func New(t testing.TB) *Net {
	t.Helper()
	Require(t, "ip")
	sweep()
	dir, err := os.MkdirTemp("", "dhcpha-") // t.TempDir's names are too long for a unix socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	n := &Net{t: t, dir: dir, prefix: fmt.Sprintf("%s%d-%d-", namespaces, os.Getpid(), nets.Add(1))}
	n.fabric = n.Host("lan")
	n.fabric.passUnfiltered()
	return n
}

// Dir returns the network's temporary folder. Its path is short enough for
// unix sockets.
func (n *Net) Dir() string { return n.dir }

// LAN is an Ethernet segment.
type LAN struct {
	net    *Net
	bridge string
}

// LAN returns a new segment that no host has joined.
func (n *Net) LAN() *LAN {
	n.t.Helper()
	l := &LAN{net: n, bridge: "br" + strconv.Itoa(n.lans)}
	n.lans++
	n.ip("-n", n.fabric.ns, "link", "add", l.bridge, "type", "bridge", "mcast_snooping", "0")
	n.ip("-n", n.fabric.ns, "link", "set", l.bridge, "up")
	return l
}

// ip runs ip in the machine's namespace and fails the test if ip fails.
func (n *Net) ip(args ...string) {
	n.t.Helper()
	if out, err := ip(args...); err != nil {
		n.t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func ip(args ...string) (string, error) {
	path, err := lookPath("ip")
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(context.Background(), path, args...).CombinedOutput()
	return string(out), err
}

// sweep removes the namespaces of test processes that were killed before they
// could clean up, with all that still runs in them.
func sweep() {
	list, err := ip("netns", "list")
	if err != nil {
		return
	}
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest, ours := strings.CutPrefix(name, namespaces)
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !ours || err != nil {
			continue
		}
		if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); os.IsNotExist(err) {
			removeNamespace(name)
		}
	}
}

// removeNamespace kills what runs in a namespace and removes it.
func removeNamespace(name string) {
	pids, _ := ip("netns", "pids", name)
	for _, field := range strings.Fields(pids) {
		// This process is listed if its main thread happens to be inside.
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Signal(syscall.SIGKILL)
			}
		}
	}
	_, _ = ip("netns", "del", name)
}

// command splits off the program of an argument list and finds its path.
func (n *Net) command(args []string) []string {
	n.t.Helper()
	args = slices.Clone(args)
	path, err := lookPath(args[0])
	if err != nil {
		n.t.Fatal(err)
	}
	args[0] = path
	return args
}
