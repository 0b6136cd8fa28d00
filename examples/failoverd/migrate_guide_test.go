package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// guide is docs/migrating.md as the tests carry it out: of each section, by its
// heading, the blocks in their order.
type guide map[string][]block

// block is what is to be done at one place. In the document it is a fenced block
// whose first line says how and where:
//
//	sh server2                  commands for a shell
//	sh server1 until some words the same again and again, until that is their output
//	sh server2 if kea-ctrl-agent where that service runs
//	json server1                members to add to the server's configuration
type block struct {
	line  int    // in the document
	kind  string // sh or json
	where string // the host; empty: any
	cond  string // a service
	until string
	text  string
}

// migrating reads the document.
func migrating(t *testing.T) guide {
	t.Helper()
	text, err := os.ReadFile("../../docs/migrating.md")
	require.NoError(t, err)
	g := guide{}
	var section string
	var b *block
	line := 0
	for l := range strings.Lines(string(text)) {
		line++
		trimmed := strings.TrimSpace(l)
		switch {
		case b != nil && trimmed == "```":
			g[section] = append(g[section], *b)
			b = nil
		case b != nil:
			b.text += l
		case strings.HasPrefix(trimmed, "```"):
			b = parseFence(strings.TrimPrefix(trimmed, "```"))
			b.line = line
		case strings.HasPrefix(l, "#"):
			section = strings.TrimSpace(strings.TrimLeft(l, "#"))
			require.NotContains(t, g, section, "two sections of one name")
			g[section] = nil
		}
	}
	require.Nil(t, b, "a block does not end")
	return g
}

func parseFence(info string) *block {
	words := strings.Fields(info)
	b := &block{}
	b.kind, words = first(words)
	if len(words) > 0 && words[0] != "until" && words[0] != "if" {
		b.where, words = first(words)
	}
	if len(words) > 0 && words[0] == "if" {
		b.cond, words = first(words[1:])
	}
	if len(words) > 0 && words[0] == "until" {
		b.until = strings.Join(words[1:], " ")
	}
	return b
}

func first(words []string) (string, []string) {
	if len(words) == 0 {
		return "", nil
	}
	return words[0], words[1:]
}

// section returns the blocks of a section, of which there must be some.
func (g guide) section(t *testing.T, name string) []block {
	t.Helper()
	require.NotEmpty(t, g[name], "docs/migrating.md has no section %q with commands", name)
	return g[name]
}

// lines are the commands of a block, continued ones as one.
func (b block) lines() []string {
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(b.text, "\\\n", "")), "\n")
}

// site is a world in which the document is followed: servers that are installed
// as on Debian, and an administrator who does what is written.
type site struct {
	*haWorld
	guide    guide
	machines map[string]*machine // by name
	library  string              // Kea's of high availability, wherever it is here
	words    *strings.Replacer   // what is said for DHCPv4 in hot-standby, as it is here
}

// machine is the host of a server with its services. All its files are in one
// folder.
type machine struct {
	*haServer
	dir   string
	agent bool // commands of the others come by kea-ctrl-agent
	units map[string]*testnet.Process
}

// newSite has both servers be Keas that do not run yet.
func newSite(t *testing.T, w *haWorld, r relationship) *site {
	t.Helper()
	testnet.Require(t, "socat", "jq")
	pairs := []string{"hot-standby", r.mode}
	if w.family.version == 6 {
		pairs = append(pairs, "kea-dhcp4", "kea-dhcp6", "kea4-", "kea6-", "kea-leases4", "kea-leases6", "Dhcp4", "Dhcp6", "@dhcp4", "@dhcp6",
			"http://10.77.0.1:8000/", w.family.url(1))
	}
	s := &site{haWorld: w, guide: migrating(t), library: r.library, machines: map[string]*machine{}, words: strings.NewReplacer(pairs...)}
	for _, server := range w.servers {
		m := &machine{haServer: server, dir: filepath.Join(w.net.Dir(), server.name), units: map[string]*testnet.Process{}}
		require.NoError(t, os.Mkdir(m.dir, 0o755))
		s.machines[server.name] = m
		server.socket = m.place(s.words.Replace("/run/kea/kea4-ctrl-socket"))
		s.install(m, "failoverd", "exec env "+runAsProgram+"=1 "+testBinary(t)+` "$@"`)
		s.configure(m, func(map[string]any) {})
	}
	return s
}

// place is where a file of a server is in these tests.
func (m *machine) place(text string) string {
	return strings.NewReplacer("/etc/kea/", m.dir+"/", "/run/kea/", m.dir+"/", "/var/lib/kea/", m.dir+"/").Replace(text)
}

// install makes a program that is found by its name.
func (s *site) install(m *machine, name, script string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(m.dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// configure changes a server's configuration and writes the file.
func (s *site) configure(m *machine, change func(config map[string]any)) {
	s.t.Helper()
	c := m.config
	if c["control-socket"] == nil {
		// The files that Debian's Kea has without being told are of use here only
		// if it is told.
		c["control-socket"] = map[string]any{"socket-type": "unix", "socket-name": m.socket}
		c["lease-database"] = map[string]any{"type": "memfile", "name": m.place(s.words.Replace("/var/lib/kea/kea-leases4.csv"))}
		c["loggers"] = []any{map[string]any{
			"name": s.family.program(), "severity": "INFO", "output_options": []any{map[string]any{"output": "stdout"}},
		}}
		if s.family.version == 6 {
			// It makes a DUID of its own, which its successor has to take over.
			c["data-directory"] = m.dir
			delete(c, "server-id")
		}
	}
	change(c)
	text, err := json.MarshalIndent(map[string]any{s.family.root(): c}, "", "  ")
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(m.place(s.words.Replace("/etc/kea/kea-dhcp4.conf")), text, 0o644))
}

// follow carries out a section of the document.
func (s *site) follow(section string) {
	s.t.Helper()
	for _, b := range s.guide.section(s.t, section) {
		m := s.machines[b.where]
		require.NotNil(s.t, m, "docs/migrating.md:%d: there is no host %q", b.line, b.where)
		if b.cond == "kea-ctrl-agent" && !m.agent {
			continue
		}
		switch b.kind {
		case "json":
			s.merge(m, b)
		case "sh":
			s.run(m, b)
		default:
			require.Fail(s.t, "a block that cannot be carried out", "docs/migrating.md:%d: %s", b.line, b.kind)
		}
	}
}

// merge adds the members of a block to a server's configuration, and elements to
// the lists that are there.
func (s *site) merge(m *machine, b block) {
	s.t.Helper()
	var more map[string]any
	text := strings.ReplaceAll(s.words.Replace(b.text), "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_ha.so", s.library)
	require.NoError(s.t, json.Unmarshal([]byte("{"+text+"}"), &more), "docs/migrating.md:%d", b.line)
	s.configure(m, func(config map[string]any) {
		for name, value := range more {
			if list, ok := config[name].([]any); ok {
				value = append(list, value.([]any)...)
			}
			config[name] = value
		}
	})
}

// run has an administrator type the commands of a block at a server.
func (s *site) run(m *machine, b block) {
	s.t.Helper()
	if b.until != "" {
		want := s.words.Replace(b.until)
		testnet.Until(s.ctx, s.t, fmt.Sprintf("docs/migrating.md:%d: %s says %q", b.line, m.name, want), func() error {
			if out, err := s.shell(m, b.text); err != nil || strings.TrimSpace(out) != want {
				return errors.Join(fmt.Errorf("it says %q", out), err)
			}
			return nil
		})
		return
	}
	for _, line := range b.lines() {
		words := strings.Fields(s.words.Replace(line))
		switch words[0] {
		case "systemctl":
			s.systemctl(m, words[1:])
			continue
		case "scp":
			s.scp(m, words[1], words[2])
			continue
		}
		out, err := s.shell(m, line)
		require.NoError(s.t, err, "docs/migrating.md:%d: %s: %s\n%s", b.line, m.name, line, out)
	}
}

// shell runs commands at a server and returns what they write.
func (s *site) shell(m *machine, text string) (string, error) {
	s.t.Helper()
	shell := s.guide.section(s.t, "For the shell")[0].text
	cmd := m.host.Command(s.ctx, "sh", "-e", "-c", m.place(s.words.Replace(shell+text)))
	cmd.Env = append(os.Environ(), "PATH="+m.dir+":"+os.Getenv("PATH"))
	cmd.Dir = m.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// scp copies a file from another server.
func (s *site) scp(m *machine, from, to string) {
	s.t.Helper()
	host, file, _ := strings.Cut(from, ":")
	require.NotNil(s.t, s.machines[host], from)
	text, err := os.ReadFile(s.machines[host].place(file))
	require.NoError(s.t, err)
	// What this host has where the other one has its files.
	text = []byte(strings.ReplaceAll(string(text), s.machines[host].dir, m.dir))
	require.NoError(s.t, os.WriteFile(m.place(to), text, 0o644))
}

// systemctl starts and stops services, as systemd would.
func (s *site) systemctl(m *machine, args []string) {
	s.t.Helper()
	verb, unit := args[0], args[len(args)-1]
	now := slices.Contains(args, "--now")
	if verb == "stop" || verb == "disable" && now || verb == "restart" {
		p := m.units[unit]
		require.NotNil(s.t, p, "%s: %s does not run", m.name, unit)
		p.Signal("TERM")
		require.NoError(s.t, p.Wait(within(s.t, time.Minute)), p.Output())
		require.NotContains(s.t, p.Output(), "DATA RACE")
		delete(m.units, unit)
	}
	if verb == "start" || verb == "enable" && now || verb == "restart" {
		require.Nil(s.t, m.units[unit], "%s: %s runs", m.name, unit)
		m.units[unit] = s.launch(m, unit)
	}
	require.Contains(s.t, []string{"start", "stop", "restart", "enable", "disable"}, verb)
}

// launch starts a service and returns once it takes commands.
func (s *site) launch(m *machine, unit string) *testnet.Process {
	s.t.Helper()
	conf := m.place(s.words.Replace("/etc/kea/kea-dhcp4.conf"))
	line := map[string][]string{
		"kea-dhcp4-server": {"kea-dhcp4", "-c", conf},
		"kea-dhcp6-server": {"kea-dhcp6", "-c", conf},
		"kea-ctrl-agent":   {"kea-ctrl-agent", "-c", m.dir + "/kea-ctrl-agent.conf"},
		"failoverd@dhcp4":  {testBinary(s.t), "-c", conf},
		"failoverd@dhcp6":  {testBinary(s.t), "-c", conf},
	}[unit]
	require.NotNil(s.t, line, "no service %s", unit)
	cmd := m.host.Command(context.Background(), line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+m.dir, "KEA_LOCKFILE_DIR="+m.dir, runAsProgram+"=1")
	p := m.host.StartCommand(cmd)
	if unit != "kea-ctrl-agent" {
		testnet.Until(within(s.t, time.Minute), s.t, unit+" takes commands", func() error {
			select {
			case <-p.Done():
				s.t.Fatalf("%s of %s has ended:\n%s", unit, m.name, p.Output())
			default:
			}
			_, err := call(s.ctx, m.socket, "status-get", nil)
			return err
		})
	}
	return p
}
