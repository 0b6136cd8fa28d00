package deptest

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hametrics"
)

const operatingPage = "docs/operating.md"

// Who reads a line in the log at night finds it, word by word, on the page.
func TestOperatingPageHasEveryLogLine(t *testing.T) {
	t.Parallel()
	logged := logLines(t)
	told := map[string]string{}
	for _, row := range rowsUnder(t, operatingPage, "Log lines") {
		require.Len(t, row, 4, "%q: the level, the line, what it means, what to do", row)
		message := code(t, row[1])
		require.NotContains(t, told, message, "it is there twice")
		told[message] = strings.TrimSpace(row[0])
	}
	for message, level := range logged.messages {
		if level != "DEBUG" {
			require.Equal(t, level, told[message], "%q", message)
		}
	}
	for message := range told {
		require.Contains(t, logged.messages, message, "no such line is logged")
	}
}

// A key means the same in every line.
func TestOperatingPageHasEveryLogKey(t *testing.T) {
	t.Parallel()
	logged := logLines(t)
	told := map[string]bool{}
	for _, row := range rowsUnder(t, operatingPage, "Keys of log lines") {
		require.Len(t, row, 2, "%q: the key, what it is", row)
		for _, key := range strings.Split(row[0], ",") {
			told[code(t, key)] = true
		}
	}
	require.Equal(t, logged.keys, told)
}

// Every state is there, by the name that it has in answers and logs.
func TestOperatingPageHasEveryState(t *testing.T) {
	t.Parallel()
	var told []string
	for _, row := range rowsUnder(t, operatingPage, "The states") {
		told = append(told, code(t, row[0]))
	}
	var all []string
	for s := ha.StateNone + 1; s.String() != "unknown"; s++ {
		all = append(all, s.String())
	}
	require.ElementsMatch(t, all, told)
}

// Every metric is there, with its labels, and no other one is named.
func TestOperatingPageHasEveryMetric(t *testing.T) {
	t.Parallel()
	told, exported := map[string]string{}, map[string]string{}
	for _, row := range rowsUnder(t, operatingPage, "All metrics") {
		require.Len(t, row, 3, "%q: the metric, its labels, what it is", row)
		told[code(t, row[0])] = strings.TrimSpace(row[1])
	}
	for _, m := range hametrics.List() {
		exported[m.Name] = cmp.Or(strings.Join(m.Labels, ", "), "none")
	}
	require.Equal(t, exported, told)
	page, err := os.ReadFile(filepath.Join(root, operatingPage))
	require.NoError(t, err)
	for _, name := range regexp.MustCompile(`\bdhcpha_\w+`).FindAllString(string(page), -1) {
		require.Contains(t, exported, name)
	}
}

// What ha-status gives as the reason why nobody is served, and for what it says
// that a server waits, is what a person looks for.
func TestOperatingPageHasWhatStatusSays(t *testing.T) {
	t.Parallel()
	for heading, where := range map[string]struct{ file, function string }{
		"Nobody is served":            {"ha/status.go", "idle"},
		"A server does not come back": {"ha/machine_status.go", "WaitsFor"},
	} {
		var told []string
		for _, row := range rowsUnder(t, operatingPage, heading) {
			require.Len(t, row, 3, "%q: the words, what they mean, what to do", row)
			told = append(told, code(t, row[0]))
		}
		require.ElementsMatch(t, texts(t, where.file, where.function), told, heading)
	}
}

// What is to be looked for on a screen is what the program writes.
func TestOperatingPageHasWhatIsWritten(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for _, file := range serverFiles(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		source.Write(text)
	}
	checked := 0
	for _, heading := range []string{"By symptom", "It does not start"} {
		for _, row := range rowsUnder(t, operatingPage, heading) {
			for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[0], -1) {
				require.Contains(t, source.String(), quoted[1], heading)
				checked++
			}
		}
	}
	require.Greater(t, checked, 15)
}

// texts returns what a function returns: constants, or the constants that what it
// returns begins with.
func texts(t *testing.T, file, function string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	consts := declared(t, path.Dir(file), noTest).consts
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Name.Name != function {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			ret, ok := n.(*ast.ReturnStmt)
			if !ok {
				return true
			}
			x := ret.Results[0]
			if sum, ok := x.(*ast.BinaryExpr); ok {
				x = sum.X
			}
			if named, ok := x.(*ast.Ident); ok {
				x = &ast.BasicLit{Kind: token.STRING, Value: consts[named.Name]}
			}
			text, ok := literal(x)
			require.True(t, ok, "%s: %s returns what is no constant", file, function)
			if text != "" {
				all = append(all, strings.TrimSpace(text))
			}
			return true
		})
	}
	return all
}

// code returns the text of a cell that is nothing but code.
func code(t *testing.T, cell string) string {
	t.Helper()
	cell = strings.TrimSpace(cell)
	text, open := strings.CutPrefix(cell, "`")
	text, closed := strings.CutSuffix(text, "`")
	require.True(t, open && closed, "%q is to be in code", cell)
	return text
}

// rowsUnder returns the cells of the rows of the tables that follow a heading,
// up to the next heading of its level or a higher one.
func rowsUnder(t *testing.T, page, heading string) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	level, heads := 0, true
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if marks, title, ok := strings.Cut(line, " "); ok && strings.Trim(marks, "#") == "" && marks != "" {
			switch {
			case title == heading:
				level = len(marks)
			case len(marks) <= level:
				level = 0
			}
		}
		switch {
		case level == 0:
		case !strings.HasPrefix(line, "|"):
			heads = true
		case strings.HasPrefix(line, "|---"):
			heads = false
		case !heads:
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for _, cell := range cells {
				require.NotEmpty(t, strings.TrimSpace(cell), line)
			}
			all = append(all, cells)
		}
	}
	require.NotEmpty(t, all, "%s has no table under %q", page, heading)
	return all
}

// logs are what a server may log: the messages by their level, the highest one
// of those that it is logged with, and the keys.
type logs struct {
	messages map[string]string
	keys     map[string]bool
}

// logLines reads what the packages log that failoverd is made of, on all
// systems.
func logLines(t *testing.T) *logs {
	t.Helper()
	l := &logs{map[string]string{}, map[string]bool{}}
	for _, file := range serverFiles(t) {
		l.read(t, file)
	}
	require.Greater(t, len(l.messages), 50)
	return l
}

// serverFiles are the files that failoverd is made of, on all systems.
func serverFiles(t *testing.T) (all []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}}", module+"/examples/failoverd")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		folder, ours := strings.CutPrefix(strings.TrimSpace(line), module+"/")
		if !ours {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		all = append(all, slices.DeleteFunc(files, isTest)...)
	}
	return all
}

// forwards are the functions that log what their callers say; what these say is
// found at the calls.
var forwards = map[string]bool{
	"ha/perform.go":      true, // which is performed there
	"ctrl/complaints.go": true,
}

func (l *logs) read(t *testing.T, file string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	name, err := filepath.Rel(root, file)
	require.NoError(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		at := func() string { return fset.Position(call.Pos()).String() }
		level, message := levelOf(fun.Sel.Name, call.Args)
		switch {
		case fun.Sel.Name == "With" && isLogger(fun.X), fun.Sel.Name == "AddAttrs":
			l.takeKeys(t, at(), call.Args)
			return true
		case message < 0 || message >= len(call.Args):
			return true
		case !isLogger(fun.X) && fun.Sel.Name != "log" && fun.Sel.Name != "warn":
			_, said := literal(call.Args[message])
			require.False(t, said, "%s: is this a logger? Then let its name say so", at())
			return true
		}
		text, ok := literal(call.Args[message])
		if !ok {
			require.True(t, forwards[filepath.ToSlash(name)], "%s: the message is no constant, so nobody can look it up", at())
		} else if before := l.messages[text]; before == "" || rank(level) > rank(before) {
			l.messages[text] = level
		}
		l.takeKeys(t, at(), call.Args[message+1:])
		return true
	})
}

// levelOf returns the level that a method logs with, and which of its arguments
// is the message; -1: it is no such method.
func levelOf(method string, args []ast.Expr) (level string, message int) {
	name, withContext := strings.CutSuffix(method, "Context")
	switch name {
	case "Debug", "Info", "Warn", "Error":
		if withContext {
			return strings.ToUpper(name), 1
		}
		return strings.ToUpper(name), 0
	case "Log", "LogAttrs": // ctx, level, message
		if len(args) > 1 {
			return levelNamed(args[1]), 2
		}
	case "log": // of a Machine: level, message
		if len(args) > 0 && strings.HasPrefix(levelNamed(args[0]), "?") {
			return "", -1 // another one of that name
		}
		if len(args) > 0 {
			return levelNamed(args[0]), 1
		}
	case "warn": // of complaints: logger, message
		return "WARN", 1
	}
	return "", -1
}

// levelNamed returns the level of an argument. A variable may be any: then what
// it says has to be on the page as a warning.
func levelNamed(arg ast.Expr) string {
	if sel, ok := arg.(*ast.SelectorExpr); ok {
		if level, ok := strings.CutPrefix(sel.Sel.Name, "Level"); ok {
			return strings.ToUpper(level)
		}
	}
	if id, ok := arg.(*ast.Ident); ok && id.Name == "level" {
		return "WARN"
	}
	return "?"
}

func rank(level string) int { return slices.Index([]string{"DEBUG", "INFO", "WARN", "ERROR"}, level) }

// isLogger says whether an expression is a logger, by its name.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "log" || x.Name == "slog"
	case *ast.SelectorExpr:
		return slices.Contains([]string{"log", "Log", "Logger", "QueryLog"}, x.Sel.Name)
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		return ok && id.Name == "logger"
	}
	return false
}

// literal returns the text of a constant, also of one in several parts.
func literal(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := literal(x.X)
		right, also := literal(x.Y)
		return left + right, ok && also
	}
	return "", false
}

// takeKeys notes the keys among the arguments that follow a message.
func (l *logs) takeKeys(t *testing.T, at string, args []ast.Expr) {
	t.Helper()
	for i := 0; i < len(args); i++ {
		if key, ok := literal(args[i]); ok {
			l.keys[key] = true
			i++ // its value
			continue
		}
		call, ok := args[i].(*ast.CallExpr)
		switch {
		case !ok: // attributes that are handed on
		case isFunc(call, "append"):
			l.takeKeys(t, at, call.Args[1:])
		default: // an attribute, such as slog.Int("count", n)
			key, ok := literal(call.Args[0])
			require.True(t, ok, "%s: argument %d is neither a key nor an attribute", at, i)
			l.keys[key] = true
		}
	}
}

func isFunc(call *ast.CallExpr, name string) bool {
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == name
}
