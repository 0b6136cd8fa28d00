package dhcp6_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp6"
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
	var e *dhcp6.ConfigError
	require.ErrorAs(t, err, &e)
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		p.Pos.File = ""
		lines[i] = p.String()
	}
	return lines
}

// What config-get answers can be given to a server again.
func TestConfigsReadAsWritten(t *testing.T) {
	for _, file := range append(configs(t, "valid"), configs(t, "ours")...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := dhcp6.LoadConfig(file, nil)
			require.NoError(t, err)
			require.NoError(t, cfg.Validate())
			written, err := json.Marshal(map[string]any{"Dhcp6": cfg})
			require.NoError(t, err)
			again, err := dhcp6.ParseConfig(bytes.NewReader(written), nil)
			require.NoError(t, err)
			require.Equal(t, cfg, again)
		})
	}
}

// The real server reads what we write.
func TestKeaReadsConfigsAsWritten(t *testing.T) {
	for _, file := range configs(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := dhcp6.LoadConfig(file, nil)
			require.NoError(t, err)
			written, err := json.Marshal(map[string]any{"Dhcp6": cfg})
			require.NoError(t, err)
			output, ok := keaTest(t, string(written))
			require.True(t, ok, output)
		})
	}
}

// No member of the file is lost: whatever an operator wrote is found again in
// what is written, unless it is nothing.
func TestConfigsKeepEveryMember(t *testing.T) {
	original, err := os.ReadFile("testdata/config/ours/kea-3.json")
	require.NoError(t, err)
	cfg, err := dhcp6.ParseConfig(bytes.NewReader(original), nil)
	require.NoError(t, err)
	written, err := json.Marshal(map[string]any{"Dhcp6": cfg})
	require.NoError(t, err)

	// One that is not supported but configures nothing, and the form of a
	// pool, are the only differences.
	expected := strings.NewReplacer(`"dhcp4o6-port": 0,`, "", "2001:db8:1::/112", "2001:db8:1::-2001:db8:1::ffff").Replace(string(original))
	require.JSONEq(t, expected, string(written))
}

func TestMistakesAreReportedAllAtOnce(t *testing.T) {
	cfg, err := dhcp6.LoadConfig("testdata/config/mistakes/many.json", nil)
	require.Nil(t, cfg)
	require.Equal(t, []string{
		`2:3: valid-lifetme: unknown key; is "valid-lifetime" meant?`,
		`3:25: min-valid-lifetime: must be an integer, not a string`,
		`4:42: interfaces-config.interfaces[0]: "eth0/x": behind "/" belongs an IPv6 address of the interface`,
		`9:19: subnet6[0].pools[1].pool: 2001:db8:1::20-2001:db8:1::30 overlaps 2001:db8:1::10-2001:db8:1::20, which is subnet6[0].pools[0].pool`,
		`10:19: subnet6[0].pools[2].pool: 2001:db8:2::1-2001:db8:2::9 is not within the subnet 2001:db8:1::/64`,
		`13:72: subnet6[0].pd-pools[0].delegated-len: 40 is less than prefix-len, which is 48`,
		`14:51: subnet6[0].pd-pools[1].prefix-len: 300 is out of range, 0 to 255`,
		`16:24: subnet6[0].option-data[0]: option dns-servers: data: field 1: "2001:db8::g" is not an IPv6 address`,
		`18:19: subnet6[0].reservations[0].duid: "zz" is neither hexadecimal digits nor text between single quotes`,
		`19:52: subnet6[0].reservations[1].ip-addresses[0]: 2001:db8:7::5 is not within the subnet 2001:db8:1::/64`,
		`19:69: subnet6[0].reservations[1].ip-addresses[1]: "x" is not an IP address`,
		`22:13: subnet6[1].id: 1 is already the id of subnet6[0]; subnets without an id are numbered from 1`,
		`22:26: subnet6[1].subnet: "2001:db8::" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`,
		`22:40: subnet6[1].t1-percnt: unknown key; is "t1-percent" meant?`,
		`23:7: subnet6[1].4o6-interface: unknown key`,
		`25:3: dhcp4o6-port: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
	}, problemLines(t, err))
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestUnsupportedIsOneErrorThatListsAll(t *testing.T) {
	cfg, err := dhcp6.LoadConfig("testdata/config/unsupported/everything.json", nil)
	require.Nil(t, cfg)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Equal(t, []string{
		`2:31: lease-database.type: is not supported: leases are kept in a file, not in mysql; write "memfile"`,
		`2:55: lease-database.user: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`2:70: lease-database.host: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`2:91: lease-database.port: is not supported: it is for a database server, and leases are kept in a file; remove it`,
		`2:116: lease-database.persist: is not supported: leases are always kept on disk; remove it`,
		`3:3: hosts-databases: is not supported: write the reservations into the file, under "reservations"`,
		`4:3: config-control: is not supported: the configuration is this file; write all of it here`,
		`5:36: dhcp-ddns.enable-updates: is not supported: DNS is not updated; write "enable-updates": false`,
		`6:43: dhcp-queue-control.enable-queue: is not supported: the server bounds the queries in flight itself; write "enable-queue": false`,
		`7:3: dhcp4o6-port: is not supported: DHCPv4 over DHCPv6 is not served; remove it`,
		`8:38: sanity-checks.lease-checks: is not supported: leases are neither moved to another subnet nor removed because they lie outside theirs; write "none"`,
		`9:48: compatibility.lenient-option-parsing: is not supported: queries with malformed options are dropped; write "lenient-option-parsing": false`,
	}, problemLines(t, err))
}

func TestAllowUnsupportedMakesWarnings(t *testing.T) {
	var log bytes.Buffer
	cfg, err := dhcp6.LoadConfig("testdata/config/unsupported/everything.json", &dhcp6.ParseOptions{
		AllowUnsupported: true,
		Logger:           slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	require.Equal(t, 12, strings.Count(log.String(), "level=WARN"), log.String())
	require.Contains(t, log.String(), "path=dhcp4o6-port at=testdata/config/unsupported/everything.json:7:3")

	require.NoError(t, cfg.Validate(), "what is not supported is left out")
	require.Equal(t, "memfile", cfg.LeaseDatabase.Type)
	require.False(t, cfg.DHCPDDNS.EnableUpdates)
	require.False(t, cfg.DHCPQueueControl.EnableQueue)
	require.Equal(t, "none", cfg.SanityChecks.LeaseChecks)
	require.Nil(t, cfg.Compatibility)
}

// What is accepted, but hardly meant, is warned of.
func TestConfigWarnings(t *testing.T) {
	for config, warning := range map[string]string{
		global(`"preferred-lifetime": 2000, "valid-lifetime": 1000`):                                  `preferred-lifetime warning="2000 is greater than valid-lifetime, which is 1000; 5/8 of that is taken"`,
		inSubnet(`"valid-lifetime": 10, "preferred-lifetime": 11`):                                    `subnet6[0].preferred-lifetime`,
		global(`"subnet6": [{"subnet": "2001:db8::1/64"}]`):                                           `subnet6[0].subnet warning="2001:db8::1/64 has bits beyond its length set; it is taken for 2001:db8::/64"`,
		global(`"subnet6": [{"subnet": "2001:db8::/64"}, {"subnet": "2001:db8::/80"}]`):               `subnet6[1].subnet warning="overlaps subnet6[0].subnet"`,
		inSubnet(`"pools": [{"pool": "2001:db8:1::/80", "client-class": "nope"}]`):                    `subnet6[0].pools[0].client-class`,
		inSubnet(`"client-class": "nope"`):                                                            `subnet6[0].client-class warning="there is no class \"nope\""`,
		global(`"server-id": {"type": "LL", "time": 7}`):                                              `server-id.time warning="has no effect: a DUID of type LL has no such part"`,
		global(`"interfaces-config": {"service-sockets-require-all": true}`):                          `interfaces-config.service-sockets-require-all`,
		global(`"loggers": [{"name": "kea-dhcp6", "severity": "loud"}]`):                              `loggers[0].severity`,
		prefixes(`"prefix": "3000::", "prefix-len": 16, "delegated-len": 64, "client-class": "nope"`): `subnet6[0].pd-pools[0].client-class`,
	} {
		var log bytes.Buffer
		_, err := dhcp6.ParseConfig(strings.NewReader(config), &dhcp6.ParseOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err, config)
		require.Contains(t, regexp.MustCompile(` at=[0-9:]+`).ReplaceAllString(log.String(), ""), "path="+warning)
		require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	}
}

// A class that is defined is not missed where it is asked for.
func TestConfigsWithoutWarnings(t *testing.T) {
	var log bytes.Buffer
	_, err := dhcp6.LoadConfig("testdata/config/ours/kea-3.json", &dhcp6.ParseOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.Empty(t, log.String())
}

func TestConfigErrors(t *testing.T) {
	_, err := dhcp6.LoadConfig("testdata/config/gone.json", nil)
	require.ErrorIs(t, err, fs.ErrNotExist)

	_, err = dhcp6.ParseConfig(strings.NewReader("{\"Dhcp6\":\n{\"subnet6\": [}}"), nil)
	require.EqualError(t, err, `dhcp6: configuration: 2:14: subnet6[0]: found }, expected a value`)

	_, err = dhcp6.ParseConfig(strings.NewReader(`[]`), nil)
	require.EqualError(t, err, `dhcp6: configuration: 1:1: there is no "Dhcp6" object`)
}

// What Kea takes for absent is left out.
func TestConfigsAreNormalized(t *testing.T) {
	cfg, err := dhcp6.ParseConfig(strings.NewReader(prefixes(`"prefix": "3000::", "prefix-len": 16, "delegated-len": 64, "excluded-prefix": "::", "excluded-prefix-len": 0`)), nil)
	require.NoError(t, err)
	require.False(t, cfg.Subnets[0].PDPools[0].ExcludedPrefix.IsValid())

	cfg, err = dhcp6.ParseConfig(strings.NewReader(global(`"compatibility": {"lenient-option-parsing": false}`)), nil)
	require.NoError(t, err)
	require.Nil(t, cfg.Compatibility, "Kea reads no empty object")
}

func TestKeaNumbersSubnets(t *testing.T) {
	cfg, err := dhcp6.LoadConfig("testdata/config/valid/numbered-by-kea.json", nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, cfg.SharedNetworks[0].Subnets[0].ID)
	require.EqualValues(t, 2, cfg.SharedNetworks[0].Subnets[1].ID)
	require.EqualValues(t, 3, cfg.Subnets[0].ID)
	require.EqualValues(t, 1000, cfg.Subnets[1].ID)
	require.EqualValues(t, 4, cfg.Subnets[2].ID)
	require.Equal(t, "2001:db8:1::/64", cfg.Subnets[0].Subnet.String())
}

// FuzzParseConfig: no text makes reading a configuration panic, and what is
// accepted is accepted again as it is written, and means the same.
func FuzzParseConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*/*.json")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, c := range refused {
		f.Add([]byte(c.config))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := dhcp6.ParseConfig(bytes.NewReader(text), nil)
		if err != nil {
			return
		}
		written, err := json.Marshal(map[string]any{"Dhcp6": cfg})
		require.NoError(t, err)
		again, err := dhcp6.ParseConfig(bytes.NewReader(written), nil)
		require.NoError(t, err, "%s", written)
		rewritten, err := json.Marshal(map[string]any{"Dhcp6": again})
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}
