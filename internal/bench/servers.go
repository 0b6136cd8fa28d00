package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// contender is a server in one of the ways in which it may be run.
type contender struct {
	name    string
	kea     bool
	members string // of Dhcp4, each with a comma after it
}

var quiet = `"loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stdout"}]}],`

// contenders are ours and, because it is not for us to say which way of running
// Kea is best, several of Kea.
var contenders = []contender{
	{"failoverd", false, quiet},
	{"kea-dhcp4", true, quiet + `"multi-threading": {"enable-multi-threading": false},`},
	{"kea-dhcp4, multi-threading", true, quiet + `"multi-threading": {"enable-multi-threading": true},`},
	{"kea-dhcp4, with its usual log", true, ""},
}

const (
	serverAddr = "10.77.0.1"
	relayAddr  = "10.77.0.100"
)

// config is a Kea configuration file. Leases are persistent, in dir.
func (c contender) config(dir string) string {
	return fmt.Sprintf(`{"Dhcp4": {%s
	"interfaces-config": {"interfaces": ["eth0"]},
	"lease-database": {"type": "memfile", "persist": true, "name": %q},
	"control-socket": {"socket-type": "unix", "socket-name": %q},
	"valid-lifetime": 3600,
	"subnet4": [{
		"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.128.0.0 - 10.255.255.254"}],
		"relay": {"ip-addresses": [%q]},
		"option-data": [
			{"name": "routers", "data": "10.0.0.1"},
			{"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}]}]}}`,
		c.members, filepath.Join(dir, "leases.csv"), filepath.Join(dir, "ctrl"), relayAddr)
}

// start starts the server without any leases.
func (c contender) start(s *tb, n *testnet.Net, h *testnet.Host, program string) *testnet.Process {
	dir, err := os.MkdirTemp(n.Dir(), "server-")
	if err != nil {
		s.Fatal(err)
	}
	config := c.config(dir)
	if c.kea {
		return h.StartKea("kea-dhcp4", config).Process
	}
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		s.Fatal(err)
	}
	p := h.Start(program, "-c", file)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	testnet.Until(ctx, s, "failoverd is ready", func() error {
		_, err := os.Stat(filepath.Join(dir, "ctrl"))
		return err
	})
	return p
}

// build compiles one of this module's programs.
func build(s *tb, pkg string) string {
	out := filepath.Join(s.dir, filepath.Base(pkg))
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", out, "github.com/dhcpha/dhcpha/"+pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	return out
}
