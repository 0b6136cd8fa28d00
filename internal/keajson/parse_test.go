package keajson

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files is an Include that finds files in a map.
func files(m map[string]string) Include {
	return func(_, name string) (string, []byte, error) {
		if text, ok := m[name]; ok {
			return name, []byte(text), nil
		}
		return name, nil, fs.ErrNotExist
	}
}

func TestParseReadsTheDialect(t *testing.T) {
	included := files(map[string]string{
		"list":  "[1, 2] # included",
		"inner": `"b": <?include "list"?>`,
		"none":  "",
	})
	for name, c := range map[string]struct{ in, want string }{
		"json":              {`{"a":[1,-2.5e3,true,false,null,"x"]}`, `{"a":[1,-2.5e3,true,false,null,"x"]}`},
		"hash comment":      {"# one\n{} # two", `{}`},
		"slash comment":     {"// one\n{}// two", `{}`},
		"block comment":     {"/* one * / \n */{/**/}", `{}`},
		"comment in string": {`"# // /* */"`, `"# // /* */"`},
		"trailing commas":   {`{"a":[1,2,],}`, `{"a":[1,2]}`},
		"leading zeros":     {`[007, -01, 0, 00, 0.5]`, `[7,-1,0,0,0.5]`},
		"bare points":       {`[.5, -.5, 1., 5.e1, 00.5, .5e-1]`, `[0.5,-0.5,1.0,5.0e1,0.5,0.5e-1]`},
		"escapes":           {`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\"\\/\b\f\n\r\té😀"`},
		"include a value":   {`{"a": <?include "list"?>}`, `{"a":[1,2]}`},
		"include members":   {`{"a": 1, <?include "inner"?>}`, `{"a":1,"b":[1,2]}`},
		"include nothing":   {`<? include  "none" ?>{}`, `{}`},
		"white space":       {"\ufeff"[:0] + "\r\n\t [ ]\n", `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			root, _, err := Parse("", []byte(c.in), included)
			require.NoError(t, err)
			require.Equal(t, c.want, string(root.AppendJSON(nil)))
		})
	}
}

func TestParseWarnsOfTrailingCommas(t *testing.T) {
	_, warnings, err := Parse("f", []byte("{\"a\": [1,\n2,]}"), nil)
	require.NoError(t, err)
	require.Equal(t, []Problem{{Path: "a", Pos: Pos{"f", 2, 2}, Text: "there is a comma behind the last element"}}, warnings)
}

func TestParseSaysWhereAndWhat(t *testing.T) {
	included := files(map[string]string{"bad": "\n  {\"x\" 1}", "self": `<?include "self"?>`})
	for name, c := range map[string]struct{ in, want string }{
		"empty":             {"# nothing", "f:1:10: there is no configuration, only white space and comments"},
		"no colon":          {`{"a": {"b" 1}}`, `f:1:12: a.b: found 1, expected ":"`},
		"no comma":          {`[1 2]`, `f:1:4: found 2, expected "," or "]"`},
		"only a comma":      {`[,]`, `f:1:2: [0]: found ,, expected a value`},
		"key":               {`{1:2}`, `f:1:2: found 1, expected a key, which is a string`},
		"cut off":           {"{\"a\":\n[1", `f:2:3: a: found the end of the text, expected "," or "]"`},
		"more":              {`{} "x"`, `f:1:4: found "x", expected the end`},
		"capital":           {`[True]`, "f:1:2: True is neither a number nor true, false or null (in lower case)"},
		"number":            {`[1.2.]`, "f:1:2: 1.2. is neither a number nor true, false or null (in lower case)"},
		"only a point":      {`[.]`, "f:1:2: . is neither a number nor true, false or null (in lower case)"},
		"plus":              {`[+1]`, "f:1:2: +1 is neither a number nor true, false or null (in lower case)"},
		"character":         {`[;]`, "f:1:2: unexpected character ';'"},
		"open string":       {`["a`, "f:1:2: the string is not closed"},
		"string over lines": {"[\"a\nb\"]", `f:1:4: a string holds the control character 0x0a; it must be escaped, or the closing " is missing`},
		"escape":            {`["a\x"]`, `f:1:2: the string "a\x" has an invalid escape`},
		"not UTF-8":         {"[\"\xff\"]", `f:1:2: the string "\xff" is not UTF-8`},
		"open comment":      {"{} /* a", "f:1:4: the comment is not closed with */"},
		"open directive":    {`<?include "x"`, "f:1:1: the directive is not closed with ?>"},
		"empty directive":   {"<?>", "f:1:1: the directive is not closed with ?>"},
		"other directive":   {`<?xml "x"?>`, `f:1:1: the only directive is <?include "file"?>`},
		"include what":      {`<?include x?>`, `f:1:1: the only directive is <?include "file"?>`},
		"no file":           {`{"a": <?include "gone"?>}`, `f:1:7: include "gone": file does not exist`},
		"in the included":   {`{"a": <?include "bad"?>}`, `bad:2:8: a.x: found 1, expected ":"`},
		"itself":            {`<?include "self"?>`, `self:1:1: include "self": included files include others more than 10 deep`},
		"deep":              {strings.Repeat("[", 101), "f:1:101: objects and lists are more than 100 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Parse("f", []byte(c.in), included)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.want, err.Error())
		})
	}
}

func TestParseReportsEveryKeyThatIsThereTwice(t *testing.T) {
	_, _, err := Parse("f", []byte(`{"a":1,"b":{"c":1,"c":2},"a":3}`), nil)
	require.EqualError(t, err, "f:1:19: b.c: the key is there twice, first at f:1:13\n"+
		"f:1:26: a: the key is there twice, first at f:1:2")
}

func TestParseIsBounded(t *testing.T) {
	_, _, err := Parse("", make([]byte, MaxSize+1), nil)
	require.ErrorContains(t, err, "larger than 67108864 bytes")

	p := parser{scanner: scanner{room: 1000}, values: 3}
	_, err = p.parse("", []byte(`[0, 0]`))
	require.NoError(t, err)
	p = parser{scanner: scanner{room: 1000}, values: 3}
	_, err = p.parse("", []byte(`[0, 0, 0]`))
	require.EqualError(t, err, "1:8: the configuration has more than 4194304 values")

	p = parser{scanner: scanner{room: 90, include: files(map[string]string{"x": strings.Repeat(" ", 30)})}, values: 3}
	_, err = p.parse("", []byte(`<?include "x"?><?include "x"?> 0`))
	require.EqualError(t, err, "1:16: the configuration is larger than 67108864 bytes")
}

func TestParseWithoutIncludes(t *testing.T) {
	_, _, err := Parse("", []byte(`<?include "/etc/passwd"?>`), nil)
	require.EqualError(t, err, `1:1: include "/etc/passwd": files can only be included by a file`)
}

func TestParseFileFindsWhatIsIncluded(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	write := func(dir, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	t.Chdir(work)
	write(dir, "main", `[<?include "beside"?>, <?include "both"?>, <?include "`+filepath.Join(work, "absolute")+`"?>]`)
	write(dir, "beside", `"beside the file"`)
	write(dir, "both", `"not this"`)
	write(work, "both", `"in the working directory, as with Kea"`)
	write(work, "absolute", `"by its path"`)

	root, _, err := ParseFile(filepath.Join(dir, "main"))
	require.NoError(t, err)
	require.Equal(t, `["beside the file","in the working directory, as with Kea","by its path"]`, string(root.AppendJSON(nil)))

	_, _, err = ParseFile(filepath.Join(dir, "gone"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.False(t, errors.As(err, new(*Error)))
}
