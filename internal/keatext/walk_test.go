package keatext

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	object := []byte(" { \"a\" : 1,\"b\":[ {\"x\":\"]}\"} , 2],\t\"c\\u0064\":\"q\\\"\\\\\" , \"e\": null, \"f\":{},\"g\":-1.5e3}")
	require.True(t, json.Valid(object))
	var got []string
	for name, value := range Members(object) {
		got = append(got, string(name), string(value))
	}
	require.Equal(t, []string{"a", "1", "b", `[ {"x":"]}"} , 2]`, "cd", `"q\"\\"`, "e", "null", "f", "{}", "g", "-1.5e3"}, got)

	got = nil
	for value := range Elements([]byte(" [1,[ ] , {\"a\":[2]} ,\"]\",true ]")) {
		got = append(got, string(value))
	}
	require.Equal(t, []string{"1", "[ ]", `{"a":[2]}`, `"]"`, "true"}, got)
	for range Elements([]byte("[ ]")) {
		require.Fail(t, "the list is empty")
	}
	for range Members([]byte("{ }")) {
		require.Fail(t, "the object is empty")
	}
}

// What valid JSON is made of is what the library makes of it.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[1,{"c":"\"}"}]}`, `[{},[],"",1]`, `{"a b":null}`, `[[[]],{"a":{"b":[]}}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		switch bytes.TrimSpace(b)[0] {
		case '[':
			var want []json.RawMessage
			require.NoError(t, json.Unmarshal(b, &want))
			n := 0
			for value := range Elements(b) {
				require.Equal(t, string(want[n]), string(value))
				n++
			}
			require.Len(t, want, n)
		case '{':
			var want map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(b, &want))
			got := map[string]string{}
			for name, value := range Members(b) {
				require.True(t, json.Valid(value))
				got[string(name)] = string(value)
			}
			if bytes.Contains(b, []byte(`\`)) || !utf8.Valid(b) {
				return // a name may be written in several ways
			}
			for name, value := range want {
				require.Equal(t, string(value), got[name])
			}
		}
	})
}
