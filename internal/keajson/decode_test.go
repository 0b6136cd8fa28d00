package keajson

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type word string

func (w *word) UnmarshalText(b []byte) error {
	if strings.Contains(string(b), " ") {
		return errors.New("must be one word")
	}
	*w = word(b)
	return nil
}

type inherited struct {
	Timer *uint32 `json:"timer,omitempty"`
}

type item struct {
	inherited
	Name string `json:"name"`
}

type sample struct {
	inherited
	Bool   bool              `json:"bool"`
	Small  uint8             `json:"small"`
	Signed int16             `json:"signed"`
	Large  uint64            `json:"large"`
	Share  *float64          `json:"share"`
	Word   word              `json:"word"`
	Addr   netip.Addr        `json:"addr"`
	Prefix netip.Prefix      `json:"prefix"`
	Raw    json.RawMessage   `json:"raw"`
	Items  []item            `json:"items"`
	Tags   map[string]string `json:"tags"`
	Unseen string            `json:"-"`
}

func decode(t *testing.T, text string, unsupported Unsupported) (sample, []Problem) {
	t.Helper()
	root, _, err := Parse("", []byte(text), nil)
	require.NoError(t, err)
	var s sample
	problems := Decode(root, &s, unsupported)
	return s, problems
}

func TestDecode(t *testing.T) {
	s, problems := decode(t, `{"timer": 4294967295, "bool": true, "small": 255, "signed": -32768, "large": 18446744073709551615,
		"share": 1, "word": "one", "addr": "2001:db8::1", "prefix": "192.0.2.0/24", "raw": {"a": [01, {"b": null}]},
		"items": [{"name": "x", "timer": 0}, {}], "tags": {"k": "v"}}`, nil)
	require.Empty(t, problems)
	require.Equal(t, sample{
		inherited: inherited{new(uint32(4294967295))}, Bool: true, Small: 255, Signed: -32768, Large: 1<<64 - 1,
		Share: new(1.0), Word: "one", Addr: netip.MustParseAddr("2001:db8::1"), Prefix: netip.MustParsePrefix("192.0.2.0/24"),
		Raw:   json.RawMessage(`{"a":[1,{"b":null}]}`),
		Items: []item{{inherited{new(uint32(0))}, "x"}, {}},
		Tags:  map[string]string{"k": "v"},
	}, s)
}

func TestDecodeReportsEverything(t *testing.T) {
	_, problems := decode(t, `{"timer": 4294967296, "bool": "true", "small": 256, "signed": -32769, "large": -1,
"share": "1", "word": "two words", "addr": "192.0.2.256", "prefix": "192.0.2.0", "raw": [1],
"items": [{"name": 1}, 2, {"nmae": "x", "Names": "x"}], "tags": {"k": 1}, "Unseen": "x", "-": 1, "share_": 1e400}`, nil)
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	require.Equal(t, []string{
		`1:11: timer: 4294967296 is out of range, 0 to 4294967295`,
		`1:31: bool: must be a boolean, not a string`,
		`1:48: small: 256 is out of range, 0 to 255`,
		`1:63: signed: -32769 is out of range, -32768 to 32767`,
		`1:80: large: -1 is out of range, 0 to 18446744073709551615`,
		`2:10: share: must be a number, not a string`,
		`2:23: word: must be one word`,
		`2:44: addr: "192.0.2.256" is not an IP address`,
		`2:69: prefix: "192.0.2.0" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`,
		`2:89: raw: must be an object, not a list`,
		`3:20: items[0].name: must be a string, not an integer`,
		`3:24: items[1]: must be an object, not an integer`,
		`3:28: items[2].nmae: unknown key`,
		`3:41: items[2].Names: unknown key; is "name" meant?`,
		`3:71: tags.k: must be a string, not an integer`,
		`3:75: Unseen: unknown key`,
		`3:90: -: unknown key`,
		`3:98: share_: unknown key; is "share" meant?`,
	}, lines)
}

func TestDecodeTellsUnsupportedFromUnknown(t *testing.T) {
	unsupported := Unsupported{
		reflect.TypeFor[sample](): {"far": "go near"},
		reflect.TypeFor[item]():   {"deep": "go up"},
	}
	_, problems := decode(t, `{"far": {"x": 1}, "deep": 1, "items": [{"deep": "x", "far": 1}]}`, unsupported)
	require.Equal(t, []Problem{
		{Path: "far", Pos: Pos{"", 1, 2}, Text: "is not supported: go near", Unsupported: true},
		{Path: "deep", Pos: Pos{"", 1, 19}, Text: "unknown key", Unknown: true},
		{Path: "items[0].deep", Pos: Pos{"", 1, 41}, Text: "is not supported: go up", Unsupported: true},
		{Path: "items[0].far", Pos: Pos{"", 1, 54}, Text: "unknown key", Unknown: true},
	}, problems)
	require.ErrorIs(t, &Error{problems}, errors.ErrUnsupported)
	require.NotErrorIs(t, &Error{problems[1:2]}, errors.ErrUnsupported)
}

func TestDecodeAcceptsUnsupportedKeysThatConfigureNothing(t *testing.T) {
	unsupported := Unsupported{reflect.TypeFor[sample](): {"far": "go near"}}
	for _, nothing := range []string{`""`, `0`, `0.0`, `false`, `null`, `[]`, `{}`} {
		_, problems := decode(t, `{"far": `+nothing+`}`, unsupported)
		require.Empty(t, problems, nothing)
	}
	for _, something := range []string{`"x"`, `1`, `-0.1`, `true`, `[0]`, `{"a":0}`} {
		_, problems := decode(t, `{"far": `+something+`}`, unsupported)
		require.Len(t, problems, 1, something)
	}
}

func TestLocate(t *testing.T) {
	root, _, err := Parse("f", []byte("{\"a\": [\n {\"b\": 1},\n {\"c\": [2, 3]}]}"), nil)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"":           "f:1:1",
		"a":          "f:1:7",
		"a[0].b":     "f:2:8",
		"a[1].c[1]":  "f:3:12",
		"a[1].x":     "f:3:2",
		"a[1].x[2]":  "f:3:2",
		"a[7].c":     "f:1:7",
		"a[-1]":      "f:1:7",
		"a.b":        "f:1:7",
		"a[1].c[x]":  "f:3:8",
		"a[1].c[1":   "f:3:12",
		"a[1].c[1].": "f:3:12",
	} {
		require.Equal(t, want, root.Locate(path).String(), path)
	}
}

func TestSortKeepsFilesTogether(t *testing.T) {
	problems := []Problem{
		{Pos: Pos{"b", 2, 1}}, {Pos: Pos{"a", 1, 1}}, {Pos: Pos{"b", 1, 9}}, {Pos: Pos{"b", 1, 2}},
	}
	Sort(problems)
	require.Equal(t, []Problem{
		{Pos: Pos{"b", 1, 2}}, {Pos: Pos{"b", 1, 9}}, {Pos: Pos{"b", 2, 1}}, {Pos: Pos{"a", 1, 1}},
	}, problems)
}
