package lease

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata/leases.jsonl has one lease of every shape that Kea servers were seen
// to emit, in answers and in updates.
func TestRecordedLeases(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/leases.jsonl")
	require.NoError(t, err)
	shapes := 0
	for line := range bytes.Lines(recorded) {
		line = bytes.TrimSpace(line)
		var l Lease
		require.NoError(t, json.Unmarshal(line, &l), string(line))
		l.Revision = 0
		require.NoError(t, l.valid())

		ours := l.AppendUpdate(nil)
		if bytes.Contains(line, []byte(`"cltt"`)) {
			ours, err = json.Marshal(l)
			require.NoError(t, err)
		}
		want := strings.Replace(string(line), `"duid":"00"`, `"duid":"00:00:00"`, 1)
		// Byte by byte but for the spaces: Kea's order of members is ours.
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, ours))
		require.Equal(t, want, compact.String())
		shapes++
	}
	require.Greater(t, shapes, 10)
}

func TestJSONOfEveryMember(t *testing.T) {
	t.Parallel()
	l := rowsOf()[3]
	l.CLTT = 1_700_000_000
	b, err := json.Marshal(l)
	require.NoError(t, err)
	require.Equal(t, `{"cltt":1700000000,"duid":"01:02:00:0a:00:00:03","fqdn-fwd":true,"fqdn-rev":true,"hostname":"host3",`+
		`"hw-address":"02:00:0a:00:00:03","iaid":3,"ip-address":"2001:db9:0:300::","pool-id":9,"preferred-lft":1800,`+
		`"prefix-len":56,"state":3,"subnet-id":6,"type":"IA_PD","user-context":{"ISC":{"relay-info":[{"hop":0}]}},"valid-lft":4294967295}`, string(b))
	require.Contains(t, string(l.AppendUpdate(nil)), `"expire":5994967295,`)
	var again Lease
	require.NoError(t, json.Unmarshal(l.AppendUpdate(nil), &again))
	l.HWType, l.HWSource = 0, 0 // these Kea does not send
	require.Equal(t, l, again)

	_, err = json.Marshal(Lease{})
	require.Error(t, err)
}

// Kea writes each byte as one escape and knows no other escapes.
func TestJSONBytes(t *testing.T) {
	t.Parallel()
	l := v4(1)
	l.Hostname = "bücher\xff\n\u2028"
	l.UserContext = []byte(`{"é":"\u0041ü"}`)
	b, err := json.Marshal(map[string]any{"lease": l})
	require.NoError(t, err)
	require.Contains(t, string(b), `"b\u00c3\u00bccher\u00ff\u000a\u00e2\u0080\u00a8"`)
	require.True(t, ascii(b), string(b))
	var got map[string]Lease
	require.NoError(t, json.Unmarshal(b, &got))
	require.Equal(t, l.Hostname, got["lease"].Hostname)
	require.JSONEq(t, string(l.UserContext), string(got["lease"].UserContext))
}

func ascii(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r > 0x7e || r < 0x20 })
}

func TestUnmarshalNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := `{"cltt":1700000000,"duid":"01:02:03","fqdn-fwd":false,"fqdn-rev":false,"hostname":"h","hw-address":"0a:0b",` +
		`"iaid":3,"ip-address":"2001:db8::1","preferred-lft":1,"state":0,"subnet-id":6,"type":"IA_NA","valid-lft":2}`
	require.NoError(t, json.Unmarshal([]byte(good), new(Lease)))
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(good), &all))
	for name := range all {
		if name == "hw-address" { // may be unknown
			continue
		}
		value := all[name]
		delete(all, name)
		without, err := json.Marshal(all)
		require.NoError(t, err)
		want := strings.Replace(name, "cltt", "expire", 1)
		require.ErrorContains(t, json.Unmarshal(without, new(Lease)), "'"+want+"'", name)
		all[name] = json.RawMessage(`[]`)
		wrong, err := json.Marshal(all)
		require.NoError(t, err)
		require.ErrorContains(t, json.Unmarshal(wrong, new(Lease)), "invalid type specified for parameter '"+name+"'")
		all[name] = value
	}
	for from, to := range map[string]string{
		`"state":0`:              `"state":5`,
		`"subnet-id":6`:          `"subnet-id":0`,
		`"valid-lft":2`:          `"valid-lft":4294967296`,
		`"iaid":3`:               `"iaid":-1`,
		`"cltt":1700000000`:      `"cltt":0`,
		`"hw-address":"0a:0b"`:   `"hw-address":"0a0b"`,
		`"type":"IA_NA"`:         `"type":"IA_TA"`,
		`"preferred-lft":1`:      `"preferred-lft":1.0`,
		`"hostname":"h"`:         `"hostname":"\u2028"`,
		`"ip-address":"2001:db8`: `"ip-address":"fe80::1%1`,
	} {
		require.Contains(t, good, from)
		require.Error(t, json.Unmarshal([]byte(strings.Replace(good, from, to, 1)), new(Lease)), to)
	}
}

func TestUnmarshalPrefix(t *testing.T) {
	t.Parallel()
	pd := func(more string) string {
		return `{"cltt":1700000000,"duid":"01:02:03","fqdn-fwd":false,"fqdn-rev":false,"hostname":"","iaid":3,` +
			`"ip-address":"2001:db8::","preferred-lft":1,"subnet-id":6,"type":"IA_PD","valid-lft":2` + more + "}"
	}
	var l Lease
	require.NoError(t, json.Unmarshal([]byte(pd(`,"state":0,"prefix-len":32`)), &l))
	require.Equal(t, Key{Type: PD, Addr: netipAddr("2001:db8::")}, l.Key())
	require.EqualValues(t, 32, l.PrefixLen)
	for more, text := range map[string]string{
		`,"state":0`:                                    "missing parameter 'prefix-len'",
		`,"state":0,"prefix-len":0`:                     "out of range value (0) specified for parameter 'prefix-len'",
		`,"state":0,"prefix-len":129`:                   "out of range value (129) specified for parameter 'prefix-len'",
		`,"state":0,"prefix-len":16`:                    "2001:db8:: is not the first address of 2001::/16",
		`,"state":1,"prefix-len":32`:                    "state 1 is not one of IA_PD leases",
		`,"state":0,"prefix-len":32,"user-context":[]`:  "user-context is not an object",
		`,"state":0,"prefix-len":32,"pool-id":-1`:       "out of range value (-1) specified for parameter 'pool-id'",
		`,"state":0,"prefix-len":32,"hw-address":"1:z"`: "'z' is not a valid hexadecimal digit",
	} {
		require.ErrorContains(t, json.Unmarshal([]byte(pd(more)), &l), text, more)
	}
}

// What comes out of a lease from anywhere goes in again and is the same.
func FuzzJSON(f *testing.F) {
	recorded, err := os.ReadFile("testdata/leases.jsonl")
	require.NoError(f, err)
	for line := range bytes.Lines(recorded) {
		f.Add(bytes.TrimSpace(line))
	}
	for _, l := range rowsOf() {
		f.Add(l.AppendUpdate(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var l, again, update Lease
		if json.Unmarshal(b, &l) != nil || l.valid() != nil || l.CLTT == 0 {
			return
		}
		out, err := json.Marshal(l)
		require.NoError(t, err)
		require.True(t, ascii(out), "%s", out)
		require.NoError(t, json.Unmarshal(out, &again))
		requireSame(t, l, again)
		require.NoError(t, json.Unmarshal(l.AppendUpdate(nil), &update))
		requireSame(t, l, update)
	})
}

// requireSame compares leases octet by octet, but for the escapes in a user
// context: some characters are written as \u00XX that were read as they are.
func requireSame(t *testing.T, want, got Lease) {
	t.Helper()
	want.UserContext, got.UserContext = unescaped(want.UserContext), unescaped(got.UserContext)
	require.Equal(t, want, got)
}

var octetEscape = regexp.MustCompile(`\\u00[0-9a-fA-F]{2}`)

func unescaped(b []byte) []byte {
	return octetEscape.ReplaceAllFunc(b, func(e []byte) []byte {
		octet, _ := hex.DecodeString(string(e[4:]))
		return octet
	})
}
