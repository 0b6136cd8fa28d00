package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// play is a block of commands of docs/first-hour.md.
type play struct {
	line  int
	text  string
	until string // it is repeated until it writes this; empty: once
	says  string // what it writes, as the page has it; empty: that is not said
}

// firstHour reads the page.
func firstHour(t *testing.T) (all []play) {
	t.Helper()
	page, err := os.ReadFile("../../docs/first-hour.md")
	require.NoError(t, err)
	kind, block, n := "", "", 0
	for line := range strings.Lines(string(page)) {
		n++
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case !isFence && kind != "":
			block += line
		case !isFence:
		case kind == "":
			kind, block = fence, ""
		case kind == "text":
			require.NotEmpty(t, all)
			all[len(all)-1].says, kind = block, ""
		default:
			how, until, _ := strings.Cut(kind, " until ")
			require.Equal(t, "sh", how, "docs/first-hour.md:%d", n)
			all, kind = append(all, play{line: n, text: block, until: until}), ""
		}
	}
	require.Greater(t, len(all), 40)
	return all
}

// programs stand for what the page builds, which is built already.
const programs = `
go() {
	case "$*" in
	"-C dhcpha build -o $PWD/failoverd ./examples/failoverd") cp "$FAILOVERD" failoverd ;;
	"mod init example.com/appliance" | "mod edit -replace github.com/dhcpha/dhcpha=../dhcpha" | "mod tidy") ;;
	build) cmp main.go ../dhcpha/examples/shortest/main.go && cp "$SHORTEST" appliance ;;
	*) echo "go $*: not expected" >&2; exit 1 ;;
	esac
}
mount -t tmpfs tmpfs /run
`

// script makes all blocks one script for bash, which begins the output of each by
// a line.
func script(all []play) string {
	var b strings.Builder
	b.WriteString(programs)
	for i, p := range all {
		fmt.Fprintf(&b, "echo '=== %d'\n", i)
		if p.until == "" {
			b.WriteString(p.text)
			continue
		}
		fmt.Fprintf(&b, "until out=$({\n%s} 2>&1); [[ $out == *'%s'* ]]; do sleep 0.2; done; echo \"$out\"\n", p.text, p.until)
	}
	return b.String()
}

// TestFirstHour does all that docs/first-hour.md says, in namespaces of its own,
// and reads what it says will be read.
func TestFirstHour(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "bash", "unshare", "ip", "udhcpc", "socat", "jq", "curl", "kea-dhcp4")
	all := firstHour(t)
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(root, filepath.Join(dir, "dhcpha")))
	bin := t.TempDir()
	failoverd, shortest := filepath.Join(bin, "failoverd"), filepath.Join(bin, "shortest")
	require.NoError(t, os.WriteFile(failoverd, []byte("#!/bin/sh\nexec env "+runAsProgram+"=1 "+testBinary(t)+" \"$@\"\n"), 0o755))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", shortest, "../shortest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	// All that is left ends with the first process of a namespace.
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script(all))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "FAILOVERD="+failoverd, "SHORTEST="+shortest)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	parts := regexp.MustCompile(`(?m)^=== \d+\n`).Split(said.String(), -1)
	require.NotContains(t, said.String(), "DATA RACE")
	last := all[max(len(parts)-2, 0)]
	require.NoError(t, err, "it has come to docs/first-hour.md:%d, until %q:\n%s", last.line, last.until, parts[len(parts)-1])
	require.Len(t, parts, len(all)+1)
	for i, p := range all {
		rest := parts[i+1]
		for line := range strings.Lines(p.says) {
			at := regexp.MustCompile(`(?m)^[ \t]*` + shown(strings.TrimSpace(line)) + `[ \t]*$`).FindStringIndex(rest)
			if at == nil {
				t.Errorf("docs/first-hour.md:%d: no line %q, or not in this order, in\n%s", p.line, line, parts[i+1])
				break
			}
			rest = rest[at[1]:]
		}
	}
}

// shown is a line of the page as a regular expression: times and hardware
// addresses are others.
func shown(line string) string {
	p := regexp.QuoteMeta(line)
	for _, other := range []struct{ shown, is string }{
		{`([0-9a-f]{2}:){5,6}[0-9a-f]{2}`, `[:0-9a-f]+`},
		{`\d{4}-\d\d-\d\d`, `[-0-9]{10}`},
		{`\d\d:\d\d:\d\d(\\\.\d+)?`, `[:.0-9]+`},
	} {
		p = regexp.MustCompile(other.shown).ReplaceAllLiteralString(p, other.is)
	}
	return p
}
