package dhcp4_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// configs returns the test configurations of a kind.
func configs(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/config/" + kind + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// problemLines returns the problems of an error as "line:column: path: text".
func problemLines(t *testing.T, err error) []string {
	t.Helper()
	var e *dhcp4.ConfigError
	require.ErrorAs(t, err, &e)
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		p.Pos.File = ""
		lines[i] = p.String()
	}
	return lines
}

func TestConfigsAreAccepted(t *testing.T) {
	for _, file := range append(configs(t, "valid"), configs(t, "ours")...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := dhcp4.LoadConfig(file, nil)
			require.NoError(t, err)
			require.NoError(t, cfg.Validate())
		})
	}
}

// What config-get answers can be given to a server again.
func TestConfigsReadAsWritten(t *testing.T) {
	for _, file := range append(configs(t, "valid"), configs(t, "ours")...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := dhcp4.LoadConfig(file, nil)
			require.NoError(t, err)
			written, err := json.Marshal(map[string]any{"Dhcp4": cfg})
			require.NoError(t, err)
			again, err := dhcp4.ParseConfig(bytes.NewReader(written), nil)
			require.NoError(t, err)
			rewritten, err := json.Marshal(map[string]any{"Dhcp4": again})
			require.NoError(t, err)
			require.JSONEq(t, string(written), string(rewritten))
		})
	}
}

// No member of the file is lost: whatever an operator wrote is found again in
// what is written, unless it is nothing.
func TestConfigsKeepEveryMember(t *testing.T) {
	original, err := os.ReadFile("testdata/config/ours/kea-3.json")
	require.NoError(t, err)
	cfg, err := dhcp4.ParseConfig(bytes.NewReader(original), nil)
	require.NoError(t, err)
	written, err := json.Marshal(map[string]any{"Dhcp4": cfg})
	require.NoError(t, err)

	// The two that are not supported but configure nothing, and the form of a
	// pool, are the only differences.
	expected := strings.NewReplacer(`"stash-agent-options": false,`, "", `"dhcp4o6-port": 0,`, "",
		"192.0.2.0/25", "192.0.2.0-192.0.2.127").Replace(string(original))
	require.JSONEq(t, expected, string(written))
}

func TestMistakesAreReportedAllAtOnce(t *testing.T) {
	cfg, err := dhcp4.LoadConfig("testdata/config/mistakes/many.json", nil)
	require.Nil(t, cfg)
	require.Equal(t, []string{
		`2:3: valid-lifetme: unknown key; is "valid-lifetime" meant?`,
		`3:25: min-valid-lifetime: must be an integer, not a string`,
		`4:42: interfaces-config.interfaces[0]: "eth0/x": behind "/" belongs an IPv4 address of the interface`,
		`9:19: subnet4[0].pools[1].pool: 192.0.2.20-192.0.2.30 overlaps 192.0.2.10-192.0.2.20, which is subnet4[0].pools[0].pool`,
		`10:19: subnet4[0].pools[2].pool: 192.0.3.1-192.0.3.9 is not within the subnet 192.0.2.0/24`,
		`12:24: subnet4[0].option-data[0]: option routers: data: field 1: "192.0.2.256" is not an IPv4 address`,
		`14:25: subnet4[0].reservations[0].hw-address: "zz" is neither hexadecimal digits nor text between single quotes`,
		`17:13: subnet4[1].id: 1 is already the id of subnet4[0]; subnets without an id are numbered from 1`,
		`17:26: subnet4[1].subnet: "192.0.2.0" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`,
		`17:39: subnet4[1].t1-percnt: unknown key; is "t1-percent" meant?`,
		`18:7: subnet4[1].4o6-interface: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
	}, problemLines(t, err))
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestUnsupportedIsOneErrorThatListsAll(t *testing.T) {
	cfg, err := dhcp4.LoadConfig("testdata/config/unsupported/everything.json", nil)
	require.Nil(t, cfg)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Equal(t, []string{
		`2:72: interfaces-config.outbound-interface: is not supported: replies leave by the interface that the query came in on; write "same-as-inbound"`,
		`3:31: lease-database.type: is not supported: leases are kept in a file, not in mysql; write "memfile"`,
		`3:55: lease-database.user: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`3:70: lease-database.host: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`3:91: lease-database.port: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`3:116: lease-database.persist: is not supported: leases are always kept on disk; remove it`,
		`4:3: hosts-databases: is not supported: write the reservations into the file, under "reservations"`,
		`5:3: config-control: is not supported: the configuration is this file; write all of it here`,
		`6:36: dhcp-ddns.enable-updates: is not supported: DNS is not updated; write "enable-updates": false`,
		`7:43: dhcp-queue-control.enable-queue: is not supported: the server bounds the queries in flight itself; write "enable-queue": false`,
		`8:3: dhcp4o6-port: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
		`9:38: sanity-checks.lease-checks: is not supported: leases are neither moved to another subnet nor removed because they lie outside theirs; write "none"`,
		`10:48: compatibility.lenient-option-parsing: is not supported: queries with malformed options are dropped; write "lenient-option-parsing": false`,
		`12:42: subnet4[0].4o6-subnet: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
		`12:73: subnet4[0].4o6-interface: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
	}, problemLines(t, err))
}

func TestAllowUnsupportedMakesWarnings(t *testing.T) {
	var log bytes.Buffer
	cfg, err := dhcp4.LoadConfig("testdata/config/unsupported/everything.json", &dhcp4.ParseOptions{
		AllowUnsupported: true,
		Logger:           slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	require.Equal(t, 15, strings.Count(log.String(), "level=WARN"), log.String())
	require.Contains(t, log.String(), "path=subnet4[0].4o6-subnet at=testdata/config/unsupported/everything.json:12:42")

	require.NoError(t, cfg.Validate(), "what is not supported is left out")
	require.Equal(t, "memfile", cfg.LeaseDatabase.Type)
	require.False(t, cfg.DHCPDDNS.EnableUpdates)
	require.Equal(t, "none", cfg.SanityChecks.LeaseChecks)
	require.Nil(t, cfg.Compatibility)

	_, err = dhcp4.ParseConfig(strings.NewReader(`{"Dhcp4": {"dhcp4o6-port": 1, "nonsense": 1}}`), &dhcp4.ParseOptions{AllowUnsupported: true})
	require.Equal(t, []string{"1:31: nonsense: unknown key"}, problemLines(t, err))
}

func TestConfigErrors(t *testing.T) {
	_, err := dhcp4.LoadConfig("testdata/config/gone.json", nil)
	require.ErrorIs(t, err, fs.ErrNotExist)

	_, err = dhcp4.ParseConfig(strings.NewReader("{\"Dhcp4\":\n{\"subnet4\": [}}"), nil)
	require.EqualError(t, err, `dhcp4: configuration: 2:14: subnet4[0]: found }, expected a value`)

	_, err = dhcp4.ParseConfig(strings.NewReader(`[]`), nil)
	require.EqualError(t, err, `dhcp4: configuration: 1:1: there is no "Dhcp4" object`)

	_, err = dhcp4.ParseConfig(strings.NewReader(`{"Dhcp4": <?include "/etc/passwd"?>}`), nil)
	require.ErrorContains(t, err, "files can only be included by a file")
}

func TestKeaNumbersSubnets(t *testing.T) {
	cfg, err := dhcp4.LoadConfig("testdata/config/valid/numbered-by-kea.json", nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, cfg.SharedNetworks[0].Subnets[0].ID)
	require.EqualValues(t, 2, cfg.SharedNetworks[0].Subnets[1].ID)
	require.EqualValues(t, 3, cfg.Subnets[0].ID)
	require.EqualValues(t, 1000, cfg.Subnets[1].ID)
	require.EqualValues(t, 4, cfg.Subnets[2].ID)
	require.Equal(t, "192.0.2.0/24", cfg.Subnets[0].Subnet.String())
}

// FuzzParseConfig: no text makes reading a configuration panic, and what is
// accepted is accepted again as it is written.
func FuzzParseConfig(f *testing.F) {
	for _, pattern := range []string{"testdata/config/*/*.json"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := dhcp4.ParseConfig(bytes.NewReader(text), nil)
		if err != nil {
			return
		}
		written, err := json.Marshal(map[string]any{"Dhcp4": cfg})
		require.NoError(t, err)
		again, err := dhcp4.ParseConfig(bytes.NewReader(written), nil)
		require.NoError(t, err, "%s", written)
		rewritten, err := json.Marshal(map[string]any{"Dhcp4": again})
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}

func TestHooks(t *testing.T) {
	const file = `{"Dhcp4": {"hooks-libraries": [{"library": "/usr/lib/libdhcp_radius.so"}, {"library": "/any/where/libdhcp_lease_cmds.so"}]}}`
	parse := func(opts *dhcp4.ParseOptions) (*dhcp4.Config, error) {
		return dhcp4.ParseConfig(strings.NewReader(file), opts)
	}
	cfg, err := parse(nil)
	require.NoError(t, err)
	require.True(t, cfg.HasHook("libdhcp_radius"))

	opts := &dhcp4.ParseOptions{Hooks: []string{"libdhcp_lease_cmds"}}
	_, err = parse(opts)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "1:44: hooks-libraries[0].library: is not supported: this server has nothing of libdhcp_radius; remove it")

	opts.AllowUnsupported = true
	cfg, err = parse(opts)
	require.NoError(t, err)
	require.False(t, cfg.HasHook("libdhcp_radius"))
	require.True(t, cfg.HasHook("libdhcp_lease_cmds"))
}
