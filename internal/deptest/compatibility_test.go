package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// named is what stands in backquotes on a page.
var named = regexp.MustCompile("`([^`\n]+)`")

func namesOn(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(string(text), -1) {
		names[m[1]] = true
	}
	return names
}

// Tests that pages refer to are there.
func TestPagesNameTests(t *testing.T) {
	t.Parallel()
	tests := map[string]declarations{}
	for _, page := range []string{"docs/compatibility.md", "docs/migrating.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		found := namedTest.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, found, page)
		for _, name := range found {
			if _, ok := tests[name[1]]; !ok {
				tests[name[1]] = declared(t, name[1], isTest)
			}
			require.True(t, tests[name[1]].funcs[name[2]], "%s: there is no %s in %s", page, name[2], name[1])
		}
	}
}

// Every parameter of high availability is on the page, and no other is.
func TestCompatibilityPageHasEveryParameter(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "ha/config.go"), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			tag, err := strconv.Unquote(field.Tag.Value)
			require.NoError(t, err)
			name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			have[name] = true
		}
		return true
	})
	require.Greater(t, len(have), 30)
	onPage := map[string]bool{}
	for _, row := range rows(t, "docs/compatibility.md") {
		if len(row) == 6 { // the parameter, four versions of Kea, here
			for _, m := range named.FindAllStringSubmatch(row[0], -1) {
				onPage[m[1]] = true
			}
		}
	}
	require.Equal(t, have, onPage)
}

// Every command of high availability, and every one that peers may send, is on
// the page.
func TestCompatibilityPageHasEveryCommand(t *testing.T) {
	t.Parallel()
	names := namesOn(t, "docs/compatibility.md")
	command := regexp.MustCompile(`^(ha|lease[46]|dhcp)-[a-z-]+$`)
	count := 0
	for _, name := range []string{"ha/command.go", "ha/listener_settings.go", "ha/received.go", "ha/sync.go", "ha/kea_sender.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				value, err := strconv.Unquote(text.Value)
				require.NoError(t, err)
				if command.MatchString(value) && value != "ha-partner" { // which is an origin
					require.True(t, names[value], "%s of %s is not on the page", value, name)
					count++
				}
			}
			return true
		})
	}
	require.Greater(t, count, 15)
}

// Every state is on the page.
func TestCompatibilityPageHasEveryState(t *testing.T) {
	t.Parallel()
	names := namesOn(t, "docs/compatibility.md")
	text, err := os.ReadFile(filepath.Join(root, "ha/state.go"))
	require.NoError(t, err)
	_, list, ok := strings.Cut(string(text), "stateNames = ")
	require.True(t, ok)
	list, _, _ = strings.Cut(list, "\n}")
	states := regexp.MustCompile(`"([a-z-]+)"`).FindAllStringSubmatch(list, -1)
	require.Greater(t, len(states), 10)
	for _, s := range states {
		require.True(t, names[s[1]], "%s is not on the page", s[1])
	}
}
