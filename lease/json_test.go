package lease

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

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
		`"duid":"01:02:03"`:      `"duid":"01:02"`,
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

func TestInput(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	base := `"ip-address":"10.0.0.1","hw-address":"2:0:5E:1:2:3"`
	v4 := func(more string) string { return "{" + base + more + "}" }
	v6 := func(more string) string { return `{"ip-address":"2001:db8::1","duid":"01:02:03","iaid":4` + more + "}" }
	pd := func(more string) string {
		return `{"ip-address":"2001:db8::","type":"IA_PD","duid":"01:02:03","iaid":4` + more + "}"
	}
	min4 := Lease{Type: V4, Addr: rowsOf()[0].Addr, HWAddr: []byte{2, 0, 0x5e, 1, 2, 3}, SubnetID: 9, CLTT: now.Unix(), ValidLft: 600}
	for in, want := range map[string]func(*Lease){
		v4(""):                                        func(*Lease) {},
		v4(`,"client-id":"0x010203"`):                 func(l *Lease) { l.ClientID = []byte{1, 2, 3} },
		v4(`,"client-id":"1:2:aB"`):                   func(l *Lease) { l.ClientID = []byte{1, 2, 0xab} },
		v4(`,"client-id":"01 02"`):                    func(l *Lease) { l.ClientID = []byte{1, 2} },
		v4(`,"client-id":"ABCD"`):                     func(l *Lease) { l.ClientID = []byte{0xab, 0xcd} },
		v4(`,"client-id":"abc"`):                      func(l *Lease) { l.ClientID = []byte{0x0a, 0xbc} },
		v4(`,"valid-lft":7,"cltt":5`):                 func(l *Lease) { l.ValidLft = 7 },
		v4(`,"valid-lft":7,"expire":1007`):            func(l *Lease) { l.ValidLft, l.CLTT = 7, 1000 },
		v4(`,"expire":1600`):                          func(l *Lease) { l.CLTT = 1000 },
		v4(`,"valid-lft":0`):                          func(l *Lease) { l.ValidLft = 0 },
		v4(`,"hostname":"HoSt","fqdn-fwd":true`):      func(l *Lease) { l.Hostname, l.FQDNFwd = "host", true },
		v4(`,"state":3,"pool-id":2,"x":[1]`):          func(l *Lease) { l.State, l.PoolID = Released, 2 },
		v4(`,"user-context":{ "a": "\u00c3\u00a9" }`): func(l *Lease) { l.UserContext = []byte(`{"a":"é"}`) },
		v4(`,"comment":"c"`):                          func(l *Lease) { l.UserContext = []byte(`{"comment":"c"}`) },
		v4(`,"comment":[1],"user-context":{}`):        func(l *Lease) { l.UserContext = []byte(`{"comment":[1]}`) },
		v4(`,"comment":1,"user-context":{"a":2}`):     func(l *Lease) { l.UserContext = []byte(`{"comment":1,"a":2}`) },
		v6(""): func(l *Lease) {
			l.Type, l.Addr, l.HWAddr, l.ClientID, l.IAID, l.PreferredLft = NA, netipAddr("2001:db8::1"), nil, []byte{1, 2, 3}, 4, 600
		},
		v6(`,"valid-lft":9,"preferred-lft":0,"prefix-len":128`): func(l *Lease) {
			l.Type, l.Addr, l.HWAddr, l.ClientID, l.IAID, l.ValidLft = NA, netipAddr("2001:db8::1"), nil, []byte{1, 2, 3}, 4, 9
		},
		pd(`,"subnet-id":9,"prefix-len":32`): func(l *Lease) {
			l.Type, l.Addr, l.PrefixLen, l.HWAddr, l.ClientID, l.IAID, l.PreferredLft = PD, netipAddr("2001:db8::"), 32, nil, []byte{1, 2, 3}, 4, 600
		},
	} {
		parsed, err := ParseInput([]byte(in), strings.Contains(in, "iaid"))
		require.NoError(t, err, in)
		got, err := parsed.Complete(9, 600, now)
		require.NoError(t, err, in)
		l := min4
		want(&l)
		require.Equal(t, l, got, in)
		require.NoError(t, got.valid(), in)
		require.False(t, parsed.ForceCreate)
	}
	for in, text := range map[string]string{
		`[]`:                                 "",
		`null`:                               "a lease is a JSON object",
		`{"hw-address":""}`:                  "missing parameter 'ip-address'",
		`{"ip-address":"10.0.0.1"}`:          "missing parameter 'hw-address'",
		`{"ip-address":"x","hw-address":""}`: "Failed to convert string to address 'x'",
		v4(`,"hw-address":"zz"`):             "'z' is not a valid hexadecimal digit in decoded string 'zz'",
		v4(`,"hw-address":"02005e"`):         "invalid format of the decoded string '02005e'",
		v4(`,"client-id":""`):                "Empty DUIDs are not allowed",
		v4(`,"client-id":"01"`):              "client-id is too short (1), at least 2 is required",
		v4(`,"client-id":"0xzz"`):            "client-id",
		v4(`,"expire":0`):                    "expiration time must be positive for address 10.0.0.1",
		v4(`,"expire":50`):                   "expiration time must be greater than valid lifetime for address 10.0.0.1",
		v4(`,"state":4`):                     "Invalid state value: 4",
		v4(`,"state":-1`):                    "out of range value (-1) specified for parameter 'state'",
		v4(`,"force-create":"yes"`):          "invalid type specified for parameter 'force-create'",
		v4(`,"fqdn-rev":true`):               "hostname",
		v4(`,"user-context":[]`):             "user context",
		v4(`,"user-context":{"comment":1},"comment":2`):             "comment",
		v4(`,"valid-lft":1e3`):                                      "invalid type specified for parameter 'valid-lft'",
		`{"ip-address":"2001:db8::1","iaid":1}`:                     "missing parameter 'duid'",
		`{"ip-address":"2001:db8::1","duid":"01:02:03","iaid":"1"}`: "invalid type specified for parameter 'iaid'",
		pd(`,"prefix-len":32`):                                      "Subnet-id is 0 or not specified",
		pd(`,"subnet-id":1`):                                        "missing parameter 'prefix-len'",
		pd(`,"subnet-id":1,"prefix-len":16`):                        "prefix",
		pd(`,"subnet-id":1,"prefix-len":129`):                       "out of range value (129) specified for parameter 'prefix-len'",
		pd(`,"subnet-id":1,"prefix-len":32,"state":1`):              "Invalid declined state for PD prefix",
	} {
		parsed, err := ParseInput([]byte(in), strings.Contains(in, "iaid"))
		if err == nil {
			_, err = parsed.Complete(9, 600, now)
		}
		require.ErrorContains(t, err, text, in)
	}
	_, err := ParseInput([]byte(v4("")), true)
	require.ErrorContains(t, err, "Non-IPv6 address specified: 10.0.0.1")
	_, err = ParseInput([]byte(v6(`,"hw-address":""`)), false)
	require.ErrorContains(t, err, "Non-IPv4 address specified: 2001:db8::1")
	forced, err := ParseInput([]byte(v4(`,"force-create":true`)), false)
	require.NoError(t, err)
	require.True(t, forced.ForceCreate)
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
		for _, v6 := range []bool{false, true} {
			if in, err := ParseInput(b, v6); err == nil {
				in.Complete(1, 1, time.Unix(1, 0))
			}
		}
		var l, again, update Lease
		if json.Unmarshal(b, &l) != nil || l.valid() != nil || l.CLTT == 0 {
			return
		}
		out, err := json.Marshal(l)
		require.NoError(t, err)
		require.True(t, ascii(out), "%s", out)
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, l, again)
		require.NoError(t, json.Unmarshal(l.AppendUpdate(nil), &update))
		require.Equal(t, l, update)
	})
}
