package keajson

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse: whatever the text, there is a tree or an Error with a place; a
// tree is valid JSON when written, and reads as itself again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"},]}} # end`,
		"// a\n/* b */ [01, -0.5e-3, true, null, \"\\u00e9\\ud800\", <?include \"x\"?>]",
		`{"a": 1, "a": {"b": [[[]]]}}`,
	} {
		f.Add([]byte(s))
	}
	include := files(map[string]string{"x": `"x", <?include "y"?>`, "y": `{"y": [1,]}`, "z": `<?include "z"?>`})
	f.Fuzz(func(t *testing.T, text []byte) {
		root, _, err := Parse("f", text, include)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Problems)
			require.NotZero(t, e.Problems[0].Pos.Line)
			return
		}
		written := root.AppendJSON(nil)
		require.True(t, json.Valid(written), "%s", written)
		again, warnings, err := Parse("", written, nil)
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, string(written), string(again.AppendJSON(nil)))
	})
}

// FuzzDecode: every problem of a tree has a path that leads to its place, and
// nothing in a tree panics.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"timer": 5, "bool": true, "small": 255, "signed": -1, "share": 0.5, "word": "x", "addr": "::1", "prefix": "::/0",
		"raw": {"a": 1}, "items": [{"name": "x"}], "tags": {"k": "v"}}`,
		`{"timer": -5, "small": 1.5, "items": {"name": [1]}, "tags": ["k"], "raw": null, "word": "a b"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, _, err := Parse("", text, nil)
		if err != nil {
			return
		}
		for _, p := range Decode(root, new(sample), nil) {
			require.NotZero(t, p.Pos.Line)
			require.NotEmpty(t, p.Text)
		}
	})
}
