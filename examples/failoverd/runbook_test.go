package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// runbook is docs/operating.md: what its sections have an operator type.
type runbook struct {
	prelude string // what he puts into his shell first

	mu       sync.Mutex
	sections map[string][]*command
}

// command is a block of commands, and what they may write, as the page has it.
type command struct {
	text string
	says []string
	run  bool // it was, by a test
}

// readRunbook reads the page. Blocks are commands (sh), and what they write
// (text).
func readRunbook(t *testing.T) *runbook {
	t.Helper()
	page, err := os.ReadFile("../../docs/operating.md")
	require.NoError(t, err)
	b := &runbook{sections: map[string][]*command{}}
	heading, kind, block := "", "", ""
	for line := range strings.Lines(string(page)) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && kind == "":
			kind, block = fence, ""
		case isFence && kind == "sh":
			b.sections[heading] = append(b.sections[heading], &command{text: block})
			kind = ""
		case isFence:
			require.Equal(t, "text", kind, "%s: is this for the shell?", heading)
			require.NotEmpty(t, b.sections[heading], "%s: nothing has been run", heading)
			last := b.sections[heading][len(b.sections[heading])-1]
			last.says = append(last.says, block)
			kind = ""
		case kind != "":
			block += line
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	first := b.sections["How to look"][0]
	require.Contains(t, first.text, "ask()")
	b.prelude, first.run = first.text, true
	return b
}

// complete says that all of it was run.
func (b *runbook) complete(t *testing.T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for heading, commands := range b.sections {
		for _, c := range commands {
			require.True(t, c.run, "%s: nobody has tried\n%s", heading, c.text)
		}
	}
}

// command returns the nth block of a section.
func (b *runbook) command(t *testing.T, heading string, n int) *command {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Greater(t, len(b.sections[heading]), n, heading)
	c := b.sections[heading][n]
	c.run = true
	return c
}

// pattern is what the page says is written, as a regular expression: times are
// others, and … is anything.
func pattern(says string) string {
	p := regexp.QuoteMeta(strings.TrimSpace(says))
	p = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).ReplaceAllString(p, `[-0-9]+ [:0-9]+`)
	p = regexp.MustCompile(`\b(\d+m)?\d+s\b`).ReplaceAllString(p, `[0-9hms.]+`)
	return "^" + strings.ReplaceAll(p, "…", ".*") + "$"
}

// operator works by the page at a pair in a test's network.
type operator struct {
	*haWorld
	book *runbook
	dir  string // where he keeps backups
	addr string // the address that he looks at
}

func (b *runbook) operator(t *testing.T, mode string, change map[string]any) *operator {
	t.Helper()
	testnet.Require(t, "bash", "socat", "jq", "curl", "ss")
	w := newHAWorld(t, family4, kinds{ours, ours}, newRelationship(t, mode, change))
	return &operator{w, b, t.TempDir(), ""}
}

// at has the nth block of a section run at a server and returns what it writes.
// It must not fail.
func (o *operator) at(s *haServer, heading string, n int) string {
	o.t.Helper()
	out, err := o.try(s, o.book.command(o.t, heading, n))
	require.NoError(o.t, err, "%s, at %s:\n%s", heading, s.name, out)
	return out
}

// says is at; what is written must be what stands below the block.
func (o *operator) says(s *haServer, heading string, n int) {
	o.t.Helper()
	c := o.book.command(o.t, heading, n)
	require.NotEmpty(o.t, c.says, heading)
	require.Regexp(o.t, pattern(c.says[0]), strings.TrimSpace(o.at(s, heading, n)))
}

// comesToSay runs a block again and again, until it writes what the page has
// below it, the kth.
func (o *operator) comesToSay(s *haServer, heading string, n, k int) {
	o.t.Helper()
	c := o.book.command(o.t, heading, n)
	require.Greater(o.t, len(c.says), k, heading)
	o.until(s, heading, n, pattern(c.says[k]))
}

// until runs a block again and again, until what it writes matches.
func (o *operator) until(s *haServer, heading string, n int, want string) {
	o.t.Helper()
	c := o.book.command(o.t, heading, n)
	testnet.Until(o.ctx, o.t, fmt.Sprintf("%s says %s, by %q", s.name, want, heading), func() error {
		out, err := o.try(s, c)
		if err == nil && !regexp.MustCompile(want).MatchString(strings.TrimSpace(out)) {
			err = errors.New("it says " + out)
		}
		return err
	})
}

// try runs a block, line by line where it is for systemd.
func (o *operator) try(s *haServer, c *command) (string, error) {
	o.t.Helper()
	var all, lines strings.Builder
	flush := func() error {
		if lines.Len() == 0 {
			return nil
		}
		out, err := o.shell(s, lines.String())
		all.WriteString(out)
		lines.Reset()
		return err
	}
	for line := range strings.Lines(c.text) {
		verb, isSystemd := strings.CutPrefix(line, "systemctl ")
		if !isSystemd {
			lines.WriteString(line)
			continue
		}
		if err := flush(); err != nil {
			return all.String(), err
		}
		o.systemctl(s, strings.TrimSpace(verb))
	}
	err := flush()
	return all.String(), err
}

// systemctl does what systemd would do for the unit.
func (o *operator) systemctl(s *haServer, command string) {
	o.t.Helper()
	switch command {
	case "stop failoverd@dhcp4":
		s.program.stop()
	case "start failoverd@dhcp4":
		o.start(s)
	case "restart failoverd@dhcp4":
		s.program.stop()
		o.start(s)
	case "reload failoverd@dhcp4":
		before := loads(s)
		s.program.Signal("HUP")
		testnet.Until(o.ctx, o.t, s.name+" has read its file again", func() error {
			if loads(s) > before {
				return nil
			}
			return errors.New("it has not")
		})
	default:
		o.t.Fatalf("systemctl %s: the page asks for what this test cannot do", command)
	}
}

// loads is how often a server has tried to read its file again.
func loads(s *haServer) int {
	return strings.Count(s.program.Output(), "msg=reloaded") + strings.Count(s.program.Output(), `msg="not reloaded`)
}

// shell runs lines of the page in the host of a server. Paths and addresses are
// those of the test, and so is what systemd keeps.
func (o *operator) shell(s *haServer, lines string) (string, error) {
	o.t.Helper()
	log := filepath.Join(o.t.TempDir(), "log")
	require.NoError(o.t, os.WriteFile(log, []byte(s.program.Output()), 0o600))
	replace := strings.NewReplacer(
		"/run/kea/kea4-ctrl-socket", s.socket,
		"/var/lib/kea/kea-leases4.csv", s.program.leases,
		filepath.Base("/var/lib/kea/kea-leases4.csv"), filepath.Base(s.program.leases),
		"/var/lib/kea", filepath.Dir(s.program.leases),
		"/etc/kea/kea-dhcp4.conf", s.program.config,
		"/var/backups", o.dir,
		"/tmp/$(hostname)", filepath.Join(o.dir, s.name),
		"192.0.2.2:8000", o.family.linkAddr(2).Addr().String()+":8000",
		"192.0.2.150", o.addr,
	)
	script := strings.Join([]string{
		"set -eo pipefail",
		fmt.Sprintf("failoverd() { %s=1 %s \"$@\"; }", runAsProgram, testBinary(o.t)),
		fmt.Sprintf("journalctl() { cat %s; }", log),
		"grep() { command grep \"$@\" || [ $? = 1 ]; }", // that nothing is found is no failure
		replace.Replace(o.book.prelude),
		replace.Replace(lines),
	}, "\n")
	cmd := s.host.Command(o.ctx, "bash", "-c", script)
	out, err := cmd.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		o.t.Fatalf("bash: %v", err)
	}
	return string(out), err
}
