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
	family
	name    string
	isKea   bool
	members string // of its configuration, each with a comma after it
}

// contenders are ours and, because it is not for us to say which way of running
// Kea is best, several of Kea.
func (f family) contenders() []contender {
	return []contender{
		{f, "failoverd", false, f.quiet()},
		{f, f.kea, true, f.quiet() + `"multi-threading": {"enable-multi-threading": false},`},
		{f, f.kea + ", multi-threading", true, f.quiet() + `"multi-threading": {"enable-multi-threading": true},`},
		{f, f.kea + ", with its usual log", true, ""},
	}
}

// config is a Kea configuration file. Leases are persistent, in dir.
func (c contender) config(dir string) string {
	return fmt.Sprintf(`{%q: {%s
	"interfaces-config": {"interfaces": [%q]},
	"lease-database": {"type": "memfile", "persist": true, "name": %q},
	"control-socket": {"socket-type": "unix", "socket-name": %q},
	"valid-lifetime": 3600,
	%s}}`,
		c.root, c.members, c.listen, filepath.Join(dir, "leases.csv"), filepath.Join(dir, "ctrl"), c.subnet)
}

// start starts the server without any leases.
func (c contender) start(s *tb, n *testnet.Net, h *testnet.Host, program string) *testnet.Process {
	dir, err := os.MkdirTemp(n.Dir(), "server-")
	if err != nil {
		s.Fatal(err)
	}
	config := c.config(dir)
	if c.isKea {
		return h.StartKea(c.kea, config).Process
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
