package engine

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestWithExtendedInfo(t *testing.T) {
	t.Parallel()
	const made = `{ "ISC": { "relay": "0x0A" } }`
	for _, c := range []struct{ context, want string }{
		{"", made},
		{"null", made},
		{"[1]", made},
		{"{", made},
		{made, made},
		{`{"a": 1}`, `{"ISC":{"relay":"0x0A"},"a":1}`},
		{`{"ISC": 5}`, `{"ISC":{"relay":"0x0A"}}`},
		{`{"ISC": {"b": 2, "relay": "0x0B"}}`, `{"ISC":{"b":2,"relay":"0x0A"}}`},
	} {
		require.Equal(t, c.want, string(WithExtendedInfo([]byte(c.context), "relay", []byte(`"0x0A"`))), c.context)
	}
}

// Whatever stands in a user context, what is put into it can be read there, and
// what else is there stays.
func FuzzWithExtendedInfo(f *testing.F) {
	for _, context := range []string{"", "null", `{"a": 1}`, `{"ISC": 5}`, `{"ISC": {"b": 2, "relay": "0x0B"}}`, `{"ISC":{},"a":"<\u2028é"}`, "{\"\xff\":1,\"\xfe\":2}"} {
		f.Add([]byte(context), []byte{10})
	}
	f.Fuzz(func(t *testing.T, context, info []byte) {
		value := fmt.Appendf(nil, `"0x%X"`, info)
		out := WithExtendedInfo(context, "relay", value)
		// Not into a struct: that would take any spelling of the name.
		var got, places map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(out, &got), "%s", out)
		require.NoError(t, json.Unmarshal(got["ISC"], &places), "%s", out)
		require.Equal(t, string(value), string(places["relay"]))
		require.Equal(t, string(out), string(WithExtendedInfo(out, "relay", value)), "once is enough")
		var before, after map[string]any
		if json.Unmarshal(context, &before) != nil || !utf8.Valid(context) {
			return
		}
		require.NoError(t, json.Unmarshal(out, &after))
		isc, _ := before["ISC"].(map[string]any)
		delete(before, "ISC")
		kept := after["ISC"].(map[string]any)
		delete(after, "ISC")
		delete(isc, "relay")
		delete(kept, "relay")
		require.Equal(t, len(before), len(after))
		for name := range before {
			require.Equal(t, before[name], after[name])
		}
		for name := range isc {
			require.Equal(t, isc[name], kept[name])
		}
	})
}
