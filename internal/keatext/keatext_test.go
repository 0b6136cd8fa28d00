package keatext

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{}`:                       `{  }`,
		`[]`:                       `[  ]`,
		`{"a":[1,2,{}]}`:           `{ "a": [ 1, 2, {  } ] }`,
		" [ 1 ,\n true ] ":         `[ 1, true ]`,
		`"a b,c:{}[]"`:             `"a b,c:{}[]"`,
		`"é"`:                      `"\u00c3\u00a9"`,
		`"` + "\x7f\x01\xff" + `"`: `"\u007f\u0001\u00ff"`,
		`"\n\t\"\\\/\b"`:           `"\n\t\"\\\/\b"`,
		`"\u003c\u000B"`:           `"\u003c\u000b"`,
		`"\u00e9"`:                 `"\u00e9"`, // Kea's form already
		`"\u2028"`:                 `"\u00e2\u0080\u00a8"`,
		`"\ud83d\ude00"`:           `"\u00f0\u009f\u0098\u0080"`,
		`"\ud83d"`:                 `"\u00ef\u00bf\u00bd"`,
		`"\ud83dx"`:                `"\u00ef\u00bf\u00bdx"`,
		`"\\u2028"`:                `"\\u2028"`,
	} {
		require.Equal(t, want, string(Encode([]byte(in))), in)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":"x"}`:            `{"a":"x"}`,
		`"\u00c3\u00a9"`:       `"é"`,
		`"\u00ff"`:             "\"\xff\"",
		`"\u0022\u005c\u0000"`: `"\u0022\u005c\u0000"`,
		`"\\u2028"`:            `"\\u2028"`,
		`"\u00C3"`:             "\"\xc3\"",
	} {
		got, err := Decode([]byte(in))
		require.NoError(t, err)
		require.Equal(t, want, string(got), in)
	}
	for _, in := range []string{`"\u0141"`, `"\u2028"`, `"\ud83d\ude00"`, `"\u00"`, `"\u00g0"`, `"\u`, `"\u00-1"`} {
		_, err := Decode([]byte(in))
		require.ErrorIs(t, err, ErrEscape, in)
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`""`: "", ` "a" `: "a", `"a\"\\\/\b\f\n\r\tz"`: "a\"\\/\b\f\n\r\tz", `"\u00ff\u0041"`: "\xffA", `"é"`: "é",
	} {
		got, ok := Unquote([]byte(in))
		require.True(t, ok, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{``, `"`, `a`, `1`, `null`, `"a`, `a"`, `"\"`, `"\x"`, `"\u0100"`, `"\u00"`, `"a"b"`, `"\na"b"`} {
		_, ok := Unquote([]byte(in))
		require.False(t, ok, in)
	}
}

// Any bytes survive being quoted, and what is quoted is ASCII.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "host.example.org", "é€", "\xff\x00\x7f", `"\`, "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(nil, s)
		require.Equal(t, -1, strings.IndexFunc(string(quoted), func(r rune) bool { return r < ' ' || r > '~' }))
		require.True(t, json.Valid(quoted))
		got, ok := Unquote(quoted)
		require.True(t, ok)
		require.Equal(t, s, got)
		require.Equal(t, string(quoted), string(Encode(quoted)))
		plain, err := Decode(quoted)
		require.NoError(t, err)
		require.Equal(t, string(quoted), string(Encode(plain)))
	})
}

// What a JSON library writes means the same to it after a way through Kea's
// form.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5,true,null,{"b":"x\u2028é"}]}`, `[]`, `"\ud83d\ude00"`, `{"a":"\u00e9\n"}`, `"\ud800"`, "\"\xff\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v any
		if json.Unmarshal(b, &v) != nil {
			Encode(b) // nothing is promised, but it ends
			Decode(b)
			Unquote(b)
			return
		}
		written, err := json.Marshal(v)
		require.NoError(t, err)
		encoded := Encode(written)
		require.True(t, json.Valid(encoded))
		decoded, err := Decode(encoded)
		require.NoError(t, err)
		require.JSONEq(t, string(written), string(decoded))
	})
}
