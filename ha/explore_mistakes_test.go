package ha

import (
	"encoding/json"
	"flag"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var exploreMistakes = flag.String("explore-mistakes", "", "which mistakes TestEveryOrder must find, a regular expression; empty: none are tried")

// mistake is what somebody might do to the machine without noticing.
// TestEveryOrder must notice.
type mistake struct {
	name     string // what the machine does then
	file     string
	old, new string // a part of the file, and what it becomes
}

func mistakes() []mistake {
	return []mistake{
		{
			name: "leaves clients to a partner that has just started", file: "machine_maintenance.go",
			old: "m.state == StateTerminated,\n\t\tev.State == StateWaiting, ev.State == StateSyncing, ev.State == StateReady:", new: "m.state == StateTerminated:",
		}, {
			name: "serves everybody in communication-recovery", file: "machine_scope.go",
			old: "case m.normal, StateCommunicationRecovery:\n\t\tif m.covering {", new: "case m.normal, StateCommunicationRecovery:\n\t\tif m.covering || s != m.normal {",
		}, {
			name: "keeps its service on when it waits", file: "machine.go",
			old: "m.serve(servesIn(to))", new: "m.serve(servesIn(to) || to == StateWaiting && m.serving)",
		}, {
			name: "keeps its scopes when it waits", file: "machine.go",
			old: "m.previous, m.state, m.scopes = from, to, scopes\n", new: "m.previous, m.state = from, to\n\tif servesIn(to) {\n\t\tm.scopes = scopes\n\t}\n",
		}, {
			name: "starts maintenance without telling the partner", file: "machine_maintenance.go",
			old: "m.notify = notifyStart\n\t\tm.do(sendMaintenanceNotify{State: m.state})", new: "m.enter(m.ran, StatePartnerInMaintenance)",
		}, {
			name: "confirms maintenance and goes on serving", file: "machine_maintenance.go",
			old: "if m.state != StateInMaintenance {\n\t\t\tm.enter(now, StateInMaintenance)\n\t\t}", new: "m.hurry(now)",
		}, {
			name: "takes a partner for lost at once", file: "machine_partner.go",
			old: "\tif !m.interrupted(now) {\n\t\treturn false\n\t}\n\treturn !m.watches()", new: "\treturn !m.watches()",
		}, {
			name: "takes a partner for lost without watching its clients", file: "machine_partner.go",
			old: "return !m.watches() || m.failureDetected(now)", new: "return true",
		}, {
			name: "stays in communication-recovery when the partner has taken over", file: "machine_recovery.go",
			old: "\tcase StatePartnerDown:\n\t\treturn m.enter(now, StateWaiting)\n", new: "",
		}, {
			name: "covers for a partner that is ready", file: "machine_scope.go",
			old: "case StateWaiting, StateSyncing:\n\t\twant = true", new: "case StateWaiting, StateSyncing, StateReady:\n\t\twant = true",
		},
	}
}

// TestMistakesCanBeMade requires that each is still one: that the part of the
// machine that it changes is there, once.
func TestMistakesCanBeMade(t *testing.T) {
	page, err := os.ReadFile("../docs/reliability.md")
	require.NoError(t, err)
	for _, m := range mistakes() {
		text, err := os.ReadFile(m.file)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(text), m.old), "%s: %q", m.name, m.old)
		require.NotEqual(t, m.old, m.new)
		require.True(t, strings.Contains(string(page), "- "+m.name), "docs/reliability.md does not list: %s", m.name)
	}
}

// TestMistakesAreFound makes one mistake after the other and has TestEveryOrder look
// for it, as far as the depths given go.
func TestMistakesAreFound(t *testing.T) {
	if *exploreMistakes == "" {
		t.Skip("-explore-mistakes says which")
	}
	for _, part := range strings.Split(*exploreMistakes, "|") {
		require.True(t, slices.ContainsFunc(mistakes(), func(m mistake) bool { return regexp.MustCompile(part).MatchString(m.name) }), "no mistake is called %q", part)
	}
	which := regexp.MustCompile(*exploreMistakes)
	for _, m := range mistakes() {
		if !which.MatchString(m.name) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			out := exploreWith(t, m)
			require.Contains(t, out, "--- FAIL: TestEveryOrder", "not found")
			t.Log(firstAccusation(out))
		})
	}
}

// exploreWith has the machine with a mistake walked through.
func exploreWith(t *testing.T, m mistake) string {
	folder := t.TempDir()
	file, err := filepath.Abs(m.file)
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := filepath.Join(folder, m.file)
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	require.NoError(t, err)
	list := filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o600))
	args := []string{"test", "-vet=off", "-ldflags=-s -w", "-count=1", "-failfast", "-overlay", list, "-run", "^TestEveryOrder$/^ours$/^ours$"}
	cmd := exec.CommandContext(t.Context(), "go", append(append(args, exploreFiles(t)...), "-explore-depths", *exploreDepths)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.Contains(t, string(out), "FAIL: TestEveryOrder", "it does not compile:\n%s", out)
	}
	return string(out)
}

// exploreFiles are the files of the walk alone, which are compiled in half the
// time of all tests.
func exploreFiles(t *testing.T) []string {
	pkg, err := build.ImportDir(".", 0)
	require.NoError(t, err)
	walk, err := filepath.Glob("explore*_test.go")
	require.NoError(t, err)
	return append(append(pkg.GoFiles, walk...), "machine_test.go", "machine_rules_test.go")
}

// firstAccusation is what a walk says of a mistake.
func firstAccusation(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "explore_test.go:") && !strings.Contains(line, " states, ") || strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return "something"
}
