package engine

import (
	"testing"

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
