package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// parseTest parses parameters and returns the problems, which all have a place.
func parseTest(t *testing.T, text string, opts *ParseOptions) (cfgs []*Config, problems []string) {
	t.Helper()
	cfgs, err := ParseConfigs([]byte(text), opts)
	if err != nil {
		var e *ConfigError
		require.ErrorAs(t, err, &e)
		require.Nil(t, cfgs)
		for _, p := range e.Problems {
			require.NotZero(t, p.Pos.Line, p)
			problems = append(problems, p.Path+": "+p.Text)
		}
	}
	return cfgs, problems
}

func TestParseConfigsTellsAllMistakes(t *testing.T) {
	_, problems := parseTest(t, `{"high-availability": [{
		"this-server-name": "nobody", "mode": "hot-standby", "wait-backup-ack": true, "heartbeat-delay": -1,
		"peers": [
			{"name": "a", "url": "http://192.0.2.1:8000/", "role": "primary"},
			{"name": "a", "url": "192.0.2.2:8000", "role": "secondary", "auto-failover": "yes"}]}]}`, nil)
	require.Equal(t, []string{
		`high-availability[0].this-server-name: there is no peer "nobody"`,
		`high-availability[0].wait-backup-ack: must be false in mode hot-standby, it is for passive-backup`,
		`high-availability[0].heartbeat-delay: -1 is out of range, 0 to 4294967295`,
		`high-availability[0].peers: there is no standby, which mode hot-standby needs`,
		`high-availability[0].peers[1].name: "a" is already the name of high-availability[0].peers[0]`,
		`high-availability[0].peers[1].url: "192.0.2.2:8000": first path segment in URL cannot contain colon`,
		`high-availability[0].peers[1].role: there is no secondary in mode hot-standby`,
		`high-availability[0].peers[1].auto-failover: must be a boolean, not a string`,
	}, problems)
}
