package dhcpha_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readText(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n") // as git may have it on Windows
}

// blocks returns what stands between ```language and ``` in the README.
func blocks(t testing.TB, language string) (found []string) {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, m := range fence.FindAllStringSubmatch(readText(t, "README.md"), -1) {
		found = append(found, m[1])
	}
	require.NotEmpty(t, found)
	return found
}

// The program is the one that examples/shortest shows to work, and has as many
// lines as is said.
func TestReadmeShowsTheProgram(t *testing.T) {
	t.Parallel()
	shown := blocks(t, "go")
	require.Len(t, shown, 1)
	about, code, ok := strings.Cut(readText(t, "examples/shortest/main.go"), "package main\n")
	require.True(t, ok)
	require.Equal(t, "package main\n"+code, shown[0])

	_, body, ok := strings.Cut(code, "\nfunc main() {\n")
	require.True(t, ok)
	body, _, ok = strings.Cut(body, "\n}\n")
	require.True(t, ok)
	lines := strings.Count(body, "\n") + 1
	require.LessOrEqual(t, lines, 20)
	require.Contains(t, readText(t, "README.md"), fmt.Sprintf("`main` has %d lines", lines))
	require.Contains(t, about, fmt.Sprintf(" %d lines", lines))
}

// withoutBlocks leaves out what is code.
func withoutBlocks(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}

// What is linked to is there.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(withoutBlocks(readText(t, "README.md")), -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		if strings.Contains(link[1], "://") {
			continue
		}
		path, _, _ := strings.Cut(link[1], "#")
		_, err := os.Stat(path)
		require.NoError(t, err)
	}
}
