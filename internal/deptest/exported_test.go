package deptest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// public returns the folders of the packages that users import.
func public(t *testing.T) (folders []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		folder, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		if hidden || slices.Contains([]string{"internal", "examples", "testdata", "docs"}, entry.Name()) {
			return fs.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if len(files) > 0 {
			folders = append(folders, filepath.ToSlash(folder))
		}
		return err
	}))
	return folders
}

// undocumented returns the exported names of a file about which nothing is said.
// A field, or one of several constants, may be spoken of together with those
// right above it, or by its name where its type is; what only passes a comment or
// a context of Kea's on, a String and an Error speak for themselves.
func undocumented(fset *token.FileSet, file *ast.File) (names []string) {
	add := func(at ast.Node, name string) {
		names = append(names, fmt.Sprintf("%s: %s", fset.Position(at.Pos()), name))
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			self := decl.Recv != nil && slices.Contains([]string{"String", "Error", "Unwrap"}, decl.Name.Name)
			if decl.Name.IsExported() && exportedReceiver(decl) && !self && decl.Doc == nil {
				add(decl, decl.Name.Name)
			}
		case *ast.GenDecl:
			above := decl.Doc != nil
			line := 0 // where the one before ends
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if !spec.Name.IsExported() {
						continue
					}
					if spec.Doc == nil && decl.Doc == nil {
						add(spec, spec.Name.Name)
					}
					said := spec.Doc.Text() + decl.Doc.Text()
					for _, field := range members(spec.Type, said, fset) {
						add(spec, spec.Name.Name+"."+field)
					}
				case *ast.ValueSpec:
					if fset.Position(spec.Pos()).Line > line+1 && line > 0 {
						above = false
					}
					above = above || spec.Doc != nil
					line = fset.Position(spec.End()).Line
					for _, name := range spec.Names {
						if name.IsExported() && !above && spec.Comment == nil {
							add(spec, name.Name)
						}
					}
				}
			}
		}
	}
	return names
}

// exportedReceiver says whether a function is no method of what users do not see.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}

// members returns the fields and methods of a type of which nothing is said.
func members(typ ast.Expr, said string, fset *token.FileSet) (names []string) {
	var list *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return nil
	}
	above, line := said != "", fset.Position(list.Opening).Line
	for _, field := range list.List {
		if fset.Position(field.Pos()).Line > line+1 {
			above = false
		}
		above = above || field.Doc != nil
		line = fset.Position(field.End()).Line
		for _, name := range field.Names {
			passed := name.Name == "Comment" || name.Name == "UserContext"
			if name.IsExported() && !passed && !above && field.Comment == nil && !strings.Contains(said, name.Name) {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// Every name that users see is spoken of, and every package has a page that says
// what it is, with a program and what is guaranteed.
func TestEveryNameIsDocumented(t *testing.T) {
	t.Parallel()
	folders := public(t)
	require.Contains(t, folders, "ha/hatest")
	for _, folder := range folders {
		fset := token.NewFileSet()
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		page := ""
		for _, name := range files {
			if isTest(name) {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			require.NoError(t, err)
			page += file.Doc.Text()
			for _, name := range undocumented(fset, file) {
				t.Errorf("nothing is said of %s", name)
			}
		}
		require.Contains(t, page, "\n\t", "%s: its page shows no program", folder)
		if folder != "." && !strings.HasSuffix(folder, "test") {
			require.Contains(t, page, "# Guarantees\n", folder)
			require.Contains(t, page, "# Caveats\n", folder)
		}
	}
}

func TestUndocumentedIsFound(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.go")
	require.NoError(t, os.WriteFile(name, []byte(`package x

func Bare() {}

// Spoken is.
func Spoken() {}

type hidden struct{}

func (hidden) Bare() {}

type T struct {
	A int

	B int
	// C and D are.
	C int
	D int

	E int // is
	F int
}

// U has a Name.
type U struct {
	First int // here

	Name  int
	Other int
}

func (U) String() string { return "" }
func (U) Method()        {}

const (
	// One is.
	One = 1
	Two = 2

	Three = 3
)
`), 0o644))
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
	require.NoError(t, err)
	var names []string
	for _, name := range undocumented(fset, file) {
		names = append(names, name[strings.LastIndex(name, " ")+1:])
	}
	require.Equal(t, []string{"Bare", "T", "T.A", "T.B", "T.F", "U.Other", "Method", "Three"}, names)
}
