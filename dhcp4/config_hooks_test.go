package dhcp4_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// What is wrong with the parameters of a hook library is told of with its path
// and place in the file, whoever reads them.
func TestHookParameters(t *testing.T) {
	const text = `{"Dhcp4": {
	"valid-lifetime": -1,
	"hooks-libraries": [
		{"library": "/usr/lib/other.so"},
		{"library": "/usr/lib/mine.so", "parameters": {
			"list": [
				{"a": 1}]}}],
	"renew-timer": "1"}}`
	var seen []string
	var log bytes.Buffer
	opts := &dhcp4.ParseOptions{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Hook: func(h dhcp4.HookLibrary, warn func(dhcp4.ConfigProblem)) error {
			seen = append(seen, h.Name()+string(h.Parameters))
			if h.Name() != "mine" {
				return errors.New("not today")
			}
			misplaced := dhcp4.ConfigProblem{Path: "list[0]", Text: "doubtful"}
			misplaced.Pos.Line = 1 // in the parameters alone
			warn(misplaced)
			return &dhcp4.ConfigError{Problems: []dhcp4.ConfigProblem{{Path: "list[0].a", Text: "must be 2"}, {Text: "are wrong"}}}
		},
	}
	_, err := dhcp4.ParseConfig(strings.NewReader(text), opts)
	require.Equal(t, []string{"other", `mine{"list":[{"a":1}]}`}, seen)
	require.EqualError(t, err, "dhcp4: configuration: "+strings.Join([]string{
		`2:20: valid-lifetime: -1 is out of range, 0 to 4294967295`,
		`4:3: hooks-libraries[0].parameters: other: not today`,
		`5:49: hooks-libraries[1].parameters: are wrong`,
		`7:11: hooks-libraries[1].parameters.list[0].a: must be 2`,
		`8:17: renew-timer: must be an integer, not a string`,
	}, "\n"))
	require.Contains(t, log.String(), `path=hooks-libraries[1].parameters.list[0] at=7:5 warning=doubtful`)

	// A library that the program does not do the work of is not its affair.
	seen, opts.Hooks = nil, []string{"other"}
	_, err = dhcp4.ParseConfig(strings.NewReader(text), opts)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Equal(t, []string{"other"}, seen)
}
