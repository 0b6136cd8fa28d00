package lease

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMembers compares with the JSON library.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : 1 , "b\"" : [ {"c": "}"}, ",\\" ] , "a" : -1.5e3 }`, `{"a":null,"b":{"c":[]},"d":true}`,
		`null`, `[]`, ``, `{`, `{"a"}`, `{"a":1`, `{"a":1}}`, `{"a":"b\n","":""}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte(`\u`)) || bytes.ContainsFunc(b, func(r rune) bool { return r > 127 }) {
			t.Skip("Kea's strings are bytes")
		}
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(b, &want)
		m, err := parseMembers(b)
		if wantErr != nil || want == nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		got := make(map[string]json.RawMessage)
		for _, one := range m.all {
			got[string(one.name)] = one.value
		}
		require.Equal(t, want, got)
	})
}
