package main

import (
	"bytes"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pairFile is the configuration of a pair, for both of its servers.
const pairFile = `{"Dhcp4": {
	"interfaces-config": {"interfaces": ["nosuch0"]},
	"control-socket": {"socket-type": "unix", "socket-name": "DIR/ctrl"},
	"lease-database": {"type": "memfile", "name": "DIR/leases.csv"},
	"hooks-libraries": [
		{"library": "libdhcp_lease_cmds.so"},
		{"library": "libdhcp_ha.so", "parameters": {"high-availability": [{
			"mode": "hot-standby",
			"peers": [
				{"name": "north", "url": "http://192.0.2.1:8000/", "role": "primary"},
				{"name": "south", "url": "http://192.0.2.2:8000/", "role": "standby"},
				{"name": "attic", "url": "http://192.0.2.3:8000/", "role": "backup"}
			]
		}]}}
	],
	"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]}]
}}`

// Of a file without mistakes it is said what a server would do by it.
func TestFileSaysWhatIsServed(t *testing.T) {
	t.Parallel()
	for name, serves := range map[string]string{
		"north": "this server is north, the primary in hot-standby, at http://192.0.2.1:8000/: it serves all clients, while south stands by\n",
		"south": "this server is south, the standby in hot-standby, at http://192.0.2.2:8000/: it serves nobody while north does, and all clients when that is down\n",
		"attic": "this server is attic, the backup in hot-standby, at http://192.0.2.3:8000/: it keeps a copy of the leases and serves nobody\n",
	} {
		output, status := testFile(t, pairFile, "-n", name)
		require.Zero(t, status, output)
		require.Contains(t, output, serves)
	}
	output, _ := testFile(t, pairFile, "-n", "north")
	require.Contains(t, output, "it serves DHCPv4 on nosuch0\n  subnets: 192.0.2.0/24 (id 1)\n")
	require.Regexp(t, `\n  commands: unix:/\S+/ctrl\n  leases: /\S+/leases\.csv\.db, which begins empty\n`, output)
	require.Contains(t, output, "  south is the standby, at http://192.0.2.2:8000/\n  attic is the backup, ")
	require.Contains(t, output, "on this machine: there is no interface nosuch0; a server waits for it\n")
	require.NotContains(t, output, "no folder")

	replaced := func(old, new string) string { return strings.Replace(pairFile, old, new, 1) }
	output, status := testFile(t, replaced("DIR/leases.csv", "DIR/none/leases.csv"), "-n", "north")
	require.Zero(t, status, output)
	require.Regexp(t, `on this machine: there is no folder /\S+/none for the leases; make it`, output)
	output, _ = testFile(t, replaced(`["nosuch0"]`, `[]`), "-n", "north")
	require.Contains(t, output, "it answers nobody: interfaces-config names no interfaces\n")
	shared := strings.NewReplacer("hot-standby", "load-balancing", `"standby"`, `"secondary"`).Replace(pairFile)
	output, _ = testFile(t, shared, "-n", "south")
	require.Contains(t, output, "the secondary in load-balancing, at http://192.0.2.2:8000/: it serves half of the clients, and all when north is down\n")
	require.Contains(t, output, "both servers give addresses of subnet 1: 192.0.2.100-192.0.2.199: with a Kea")
}

// A file for another network has no mistake in it, and serves nobody.
func TestFileSaysWhereNoSubnetIs(t *testing.T) {
	t.Parallel()
	all, err := net.Interfaces()
	require.NoError(t, err)
	at := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	require.GreaterOrEqual(t, at, 0)
	name := all[at].Name
	four := func(subnet string) string {
		return `{"Dhcp4": {"interfaces-config": {"interfaces": ["` + name + `"]}, "lease-database": {"type": "memfile", "name": "DIR/leases.csv"}, ` + subnet + `}}`
	}
	six := func(subnet string) string { return strings.Replace(four(subnet), "Dhcp4", "Dhcp6", 1) }
	no := "on this machine: no subnet is that of " + name + "; clients get nothing there, unless a relay agent asks for them\n"
	for _, tt := range []struct {
		file string
		told bool
	}{
		{four(`"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]`), true},
		{four(`"subnet4": [{"id": 1, "subnet": "127.0.0.0/8"}]`), false},
		{four(`"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "interface": "` + name + `"}]`), false},
		{four(`"shared-networks": [{"name": "floor", "subnet4": [{"id": 1, "subnet": "127.0.0.0/8"}]}]`), false},
		{four(`"shared-networks": [{"name": "floor", "interface": "` + name + `", "subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]}]`), false},
		{six(`"subnet6": [{"id": 1, "subnet": "::/64"}]`), true},
		{six(`"subnet6": [{"id": 1, "subnet": "2001:db8::/64", "interface": "` + name + `"}]`), false},
		{six(`"shared-networks": [{"name": "floor", "interface": "` + name + `", "subnet6": [{"id": 1, "subnet": "2001:db8::/64"}]}]`), false},
	} {
		output, status := testFile(t, tt.file)
		require.Zero(t, status, output)
		require.Equal(t, tt.told, strings.Contains(output, no), "%s\n%s", tt.file, output)
	}
}

// All mistakes are told at once, those of DHCP and those of high availability,
// each in a line of its own with its place.
func TestFileTellsAllMistakes(t *testing.T) {
	t.Parallel()
	broken := strings.NewReplacer(
		`"interfaces-config"`, `"interfaces_config"`,
		`"mode": "hot-standby"`, `"mode": "hot-stand-by", "heartbeat-delay": -1`,
		`"http://192.0.2.1:8000/"`, `"192.0.2.1:8000"`,
		`"role": "backup"`, `"role": "primary"`,
		`192.0.2.100-`, `192.0.1.100-`,
	).Replace(pairFile)
	output, status := testFile(t, broken, "-n", "west")
	require.Equal(t, 1, status)
	for _, want := range []string{
		`conf:2:2: interfaces_config: unknown key; is "interfaces-config" meant?`,
		`conf:7:69: hooks-libraries[1].parameters.high-availability[0].this-server-name: is to be "west", but there is no such peer; there are north, south, attic`,
		`conf:8:12: hooks-libraries[1].parameters.high-availability[0].mode: must be `,
		`conf:8:47: hooks-libraries[1].parameters.high-availability[0].heartbeat-delay: -1 is out of range`,
		`conf:10:30: hooks-libraries[1].parameters.high-availability[0].peers[0].url: it must begin with http://`,
		`conf:12:64: hooks-libraries[1].parameters.high-availability[0].peers[2].role: high-availability[0].peers[0] is already the primary`,
		`conf:16:69: subnet4[0].pools[0].pool: 192.0.1.100-192.0.2.199 is not within`,
	} {
		require.Contains(t, output, want)
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range lines[:len(lines)-1] {
		require.Regexp(t, `^/\S+/conf:\d+:\d+: [\w.\[\]-]+: .`, line)
	}
	require.Len(t, lines, 8)
	require.Regexp(t, `conf: 7 mistakes, 0 warnings$`, lines[7])

	output, status = testFile(t, "{\"Dhcp4\": {\n\t\"subnet4\": [\n}}")
	require.Equal(t, 1, status)
	require.Regexp(t, `^/\S+/conf:3:1: Dhcp4\.subnet4\S*: found }, expected a value\n/\S+/conf: 1 mistake, 0 warnings\n$`, output)
}

// What only a start would find is found.
func TestFileOfAHub(t *testing.T) {
	t.Parallel()
	var file map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(pairFile), &file))
	hook := file["Dhcp4"]["hooks-libraries"].([]any)[1].(map[string]any)["parameters"].(map[string]any)
	one, err := json.Marshal(hook["high-availability"].([]any)[0])
	require.NoError(t, err)
	var other any
	require.NoError(t, json.Unmarshal(bytes.NewBufferString(strings.NewReplacer("north", "east", "attic", "cellar", "192.0.2.", "198.51.100.").Replace(string(one))).Bytes(), &other))
	other.(map[string]any)["peers"].([]any)[1].(map[string]any)["name"] = "hub"
	hook["high-availability"] = append(hook["high-availability"].([]any), other)
	file["Dhcp4"]["subnet4"].([]any)[0].(map[string]any)["user-context"] = map[string]any{"ha-server-name": "nowhere"}
	hook["high-availability"].([]any)[0].(map[string]any)["this-server-name"] = "south"
	other.(map[string]any)["this-server-name"] = "hub"
	text, err := json.Marshal(file)
	require.NoError(t, err)
	output, status := testFile(t, string(text))
	require.Equal(t, 1, status, output)
	require.Contains(t, output, `has the ha-server-name "nowhere", and no relationship has such a peer`)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	output, status := runToEnd(t, "-version")
	require.Zero(t, status)
	require.Regexp(t, `^failoverd \S+ .*go\d.* \w+/\w+\n$`, output)
}
