package conf

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHAServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"ha-server-name": "server2", "x": 1}`: "server2", `{}`: "", "": "", `{"ha-server-name": 7}`: "",
	} {
		require.Equal(t, want, HAServer([]byte(text)), text)
	}
}
