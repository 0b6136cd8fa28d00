package testnet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// packages says which Debian package brings a program.
var packages = map[string]string{
	"dhclient":  "isc-dhcp-client",
	"dhcp6c":    "wide-dhcpv6-client",
	"dhcpcd":    "dhcpcd5",
	"ip":        "iproute2",
	"curl":      "curl",
	"jq":        "jq",
	"kea-dhcp4": "kea-dhcp4-server",
	"kea-dhcp6": "kea-dhcp6-server",
	"nft":       "nftables",
	"perfdhcp":  "kea-admin",
	"socat":     "socat",
	"sqlite3":   "sqlite3",
	"tshark":    "tshark",
	"udhcpc":    "udhcpc",
	"unshare":   "util-linux",
}

// Require lets the test go on only on Linux, as root, and with the programs
// installed. Otherwise the test is skipped with what is missing and which
// Debian package brings it; where CI=true it fails, so that a run that must
// be complete cannot pass by skipping. With -short it is always skipped.
func Require(t testing.TB, programs ...string) {
	t.Helper()
	if testing.Testing() && testing.Short() {
		t.Skip("-short: no network namespaces")
	}
	if lacks := lacking(programs); lacks != "" {
		absent(t, lacks)
	}
}

// absent ends the test because the machine lacks something.
func absent(t testing.TB, lacks string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s, and CI=true allows no skipping", lacks)
	}
	t.Skip(lacks)
}

func lacking(programs []string) string {
	if runtime.GOOS != "linux" {
		return "network namespaces need Linux"
	}
	if os.Geteuid() != 0 {
		return "network namespaces need root"
	}
	var missing, install []string
	for _, p := range programs {
		if _, err := lookPath(p); err == nil {
			continue
		}
		missing = append(missing, p)
		if pkg := packages[p]; pkg != "" && !slices.Contains(install, pkg) {
			install = append(install, pkg)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	text := "not installed: " + strings.Join(missing, ", ")
	if len(install) > 0 {
		text += " (apt-get install " + strings.Join(install, " ") + ")"
	}
	return text
}

// lookPath finds a program also where an ordinary PATH does not look: servers
// and most DHCP clients are in /usr/sbin.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}
