package deptest

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the folder of the module.
const root = "../.."

// declarations are what a package declares: its functions by name, and the
// expressions of its constants.
type declarations struct {
	funcs  map[string]bool
	consts map[string]string
}

// declared reads the Go files of a folder for which match says yes.
func declared(t *testing.T, folder string, match func(file string) bool) declarations {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	d := declarations{map[string]bool{}, map[string]string{}}
	fset := token.NewFileSet()
	for _, file := range files {
		if !match(file) {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					d.funcs[decl.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					v, ok := spec.(*ast.ValueSpec)
					if !ok || decl.Tok != token.CONST {
						continue
					}
					for i, name := range v.Names {
						if i < len(v.Values) {
							var text bytes.Buffer
							require.NoError(t, printer.Fprint(&text, fset, v.Values[i]))
							d.consts[name.Name] = text.String()
						}
					}
				}
			}
		}
	}
	return d
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }
func noTest(file string) bool { return !isTest(file) }

// rows returns the cells of the rows of all tables of a page, without those that
// say what the columns are.
func rows(t *testing.T, page string) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	heads := true
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			heads = true
		case strings.HasPrefix(line, "|---"):
			heads = false
		case !heads:
			all = append(all, strings.Split(strings.Trim(line, "|"), "|"))
		}
	}
	require.NotEmpty(t, all)
	return all
}

var (
	namedShown = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Example)\\w*)`")
	namedTest  = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)\\w+)`")
	namedLimit = regexp.MustCompile("`([a-z0-9/]+)\\.(\\w+)` = ([0-9,]+)( [KMG]iB)?")
)

// Each threat has a test that shows what is promised, and that is still there.
func TestSecurityPageNamesTests(t *testing.T) {
	t.Parallel()
	tests := map[string]declarations{}
	for _, row := range rows(t, "docs/security.md") {
		require.Len(t, row, 5, "%q: the threat, what is promised, what is not, the tests, the option", row[0])
		for _, cell := range row {
			require.NotEmpty(t, strings.TrimSpace(cell), row[0])
		}
		names := namedTest.FindAllStringSubmatch(row[3], -1)
		require.NotEmpty(t, names, "%s: no test is named", row[0])
		for _, name := range names {
			folder := name[1]
			if _, ok := tests[folder]; !ok {
				tests[folder] = declared(t, folder, isTest)
			}
			require.True(t, tests[folder].funcs[name[2]], "%s: there is no %s in %s", row[0], name[2], folder)
		}
	}
}

// What the README promises has tests or examples that show it, or a page of its
// own, and they are still there.
func TestReadmePromises(t *testing.T) {
	t.Parallel()
	tests := map[string]declarations{}
	checked := 0
	for _, row := range rows(t, "README.md") {
		for _, name := range namedShown.FindAllStringSubmatch(strings.Join(row[1:], "|"), -1) {
			folder := name[1]
			if _, ok := tests[folder]; !ok {
				tests[folder] = declared(t, folder, isTest)
			}
			require.True(t, tests[folder].funcs[name[2]], "%s: there is no %s in %s", row[0], name[2], folder)
			checked++
		}
	}
	require.Greater(t, checked, 10)
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	_, promises, _ := strings.Cut(string(text), "\n| promise | shown by |\n|---|---|\n")
	promises, _, _ = strings.Cut(promises, "\n\n")
	for row := range strings.Lines(promises) {
		require.Regexp(t, namedShown.String()+`|\]\(docs/`, row, "nothing shows it")
	}
}

// The limits that are named are there, and are what the page says.
func TestLimitsPageIsRight(t *testing.T) {
	t.Parallel()
	consts := map[string]declarations{}
	checked := 0
	for _, row := range rows(t, "docs/limits.md") {
		require.Len(t, row, 4, "%q: what grows, the limit, past it, how to set it", row[0])
		for _, cell := range row {
			require.NotEmpty(t, strings.TrimSpace(cell), row[0])
		}
		for _, limit := range namedLimit.FindAllStringSubmatch(row[1], -1) {
			folder := limit[1]
			if _, ok := consts[folder]; !ok {
				consts[folder] = declared(t, folder, noTest)
			}
			text, ok := consts[folder].consts[limit[2]]
			require.True(t, ok, "%s: there is no constant %s in %s", row[0], limit[2], folder)
			is, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
			require.NoError(t, err, "%s: %s is no number by itself", row[0], limit[2])
			want, err := strconv.ParseInt(strings.ReplaceAll(limit[3], ",", ""), 10, 64)
			require.NoError(t, err)
			want <<= map[string]int{"": 0, " KiB": 10, " MiB": 20, " GiB": 30}[limit[4]]
			got, exact := constant.Int64Val(constant.ToInt(is.Value))
			require.True(t, exact)
			require.Equal(t, want, got, "%s: %s", row[0], limit[2])
			checked++
		}
	}
	require.Greater(t, checked, 20)
}
