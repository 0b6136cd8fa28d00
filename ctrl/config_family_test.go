package ctrl

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigFamily(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	write("subnets", `[{"id": 1}]`)
	for text, want := range map[string]Family{
		`{"Dhcp4": {}}`: V4,
		`{"Dhcp6": {}}`: V6,
		`{"Dhcp6": 1, "valid-lifetme": 2} // whatever else is wrong`:    V6,
		`{"Dhcp6": {"subnet6": <?include "` + dir + `/subnets"?>}, }`:   V6,
		`{"Dhcp4": {"comment": "{\"Dhcp6\": 1}"}, "Logging": null}`:     V4,
		"# a file of Kea's\n/* Dhcp6 */ {\"Dhcp4\": {\"Dhcp6\": null}}": V4,
	} {
		got, err := ConfigFamily(write("conf", text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		`{"DHCPv6": {}}`:  `there is neither a "Dhcp4" nor a "Dhcp6" object in `,
		`["Dhcp4"]`:       `there is neither`,
		`{"Dhcp6": {"a"}`: `conf:1:15: Dhcp6.a: found }, expected`,
		``:                `conf:1:1: there is no configuration`,
	} {
		_, err := ConfigFamily(write("conf", text))
		require.ErrorContains(t, err, want, text)
	}
	_, err := ConfigFamily(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
