package option_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

func TestDefs(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	byName, ok := defs.ByName("", "domain-search")
	require.True(t, ok)
	require.Equal(t, option.Def{Name: "domain-search", Code: 119, Type: option.FQDN, Array: true, Space: "dhcp4"}, byName)
	byCode, ok := defs.ByCode("dhcp4", 119)
	require.True(t, ok)
	require.Equal(t, byName, byCode)
	_, ok = defs.ByName("vendor-4491", "tftp-servers")
	require.True(t, ok)
	_, ok = defs.ByName("dhcp4", "no-such")
	require.False(t, ok)
	_, ok = defs.ByCode("dhcp4", 230)
	require.False(t, ok)
}

// A standard definition that Kea 2.2 lacks makes way for one of its own.
func TestDefsReplace(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	require.NoError(t, defs.Add(option.Def{Name: "rfc3442", Code: 121, Type: option.Binary}))
	_, ok := defs.ByName("", "classless-static-route")
	require.False(t, ok)
	require.EqualError(t, defs.Add(option.Def{Name: "again", Code: 121, Type: option.Binary}),
		"option-def again (121): code 121 of space dhcp4 is defined already, as rfc3442")
	require.EqualError(t, defs.Add(option.Def{Name: "rfc3442", Code: 224, Type: option.Binary}),
		"option-def rfc3442 (224): space dhcp4 has an option of that name already, with code 121")

	// A name moves to another code.
	require.NoError(t, defs.Add(option.Def{Name: "v4-dnr", Code: 225, Type: option.Binary}))
	_, ok = defs.ByCode("", 162)
	require.False(t, ok)
}

// A class may define what the configuration defines, and nobody else sees it.
func TestDefsClone(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	require.NoError(t, defs.Add(option.Def{Name: "x", Code: 224, Type: option.Uint8}))
	clone := defs.Clone()
	require.NoError(t, clone.Add(option.Def{Name: "y", Code: 224, Type: option.Uint16}))
	require.NoError(t, clone.Add(option.Def{Name: "vendor-encapsulated-options", Code: 43, Type: option.Empty, Encapsulate: "APC"}))
	require.Error(t, clone.Add(option.Def{Name: "z", Code: 224, Type: option.Uint16}))
	require.Error(t, clone.Add(option.Def{Name: "z", Code: 3, Type: option.Uint16}))
	was, ok := defs.ByName("", "x")
	require.True(t, ok)
	require.Equal(t, option.Uint8, was.Type)
	_, ok = clone.ByName("", "x")
	require.False(t, ok)
	was, _ = defs.ByCode("", 43)
	require.Equal(t, "vendor-encapsulated-options-space", was.Encapsulate)
}

// The tables follow the rules that they are there to check, but for what only
// they may have: internal types, and an option within its own space.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, f := range []option.Family{option.V4, option.V6} {
		n, defs := 0, option.NewDefs(f)
		for code := range 1 << 16 {
			def, ok := defs.ByCode("", uint16(code))
			if !ok {
				continue
			}
			n++
			byName, ok := defs.ByName("", def.Name)
			require.True(t, ok, def.Name)
			require.Equal(t, def, byName)
			if def.Type == option.Internal || def.Encapsulate == def.Space {
				continue
			}
			def.Space = "mine"
			require.NoError(t, defs.Add(def))
		}
		require.Greater(t, n, 70)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	const def = `{"name":"x","code":224,"type":"record","array":true,"record-types":"uint8, ipv4-address","space":"dhcp4","encapsulate":"a"}`
	var d option.Def
	require.NoError(t, json.Unmarshal([]byte(def), &d))
	require.Equal(t, option.Def{Name: "x", Code: 224, Type: option.Record, Array: true, RecordTypes: option.RecordTypes{option.Uint8, option.IPv4}, Space: "dhcp4", Encapsulate: "a"}, d)
	back, err := json.Marshal(d)
	require.NoError(t, err)
	require.JSONEq(t, def, string(back))

	const data = `{"name":"x","code":224,"space":"dhcp4","csv-format":false,"data":"01","always-send":true,"never-send":true,"client-classes":["A"]}`
	var o option.Data
	require.NoError(t, json.Unmarshal([]byte(data), &o))
	back, err = json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, data, string(back))

	require.ErrorContains(t, json.Unmarshal([]byte(`{"type":"internal"}`), &d), `unknown option type "internal"`)
	require.ErrorContains(t, json.Unmarshal([]byte(`{"record-types":"uint8, x"}`), &d), `record-types: unknown option type "x"`)
}
