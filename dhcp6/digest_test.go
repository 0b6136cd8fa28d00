package dhcp6

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		t.Helper()
		cfg, err := ParseConfig(strings.NewReader(`{"Dhcp6": {`+text+`}}`), nil)
		require.NoError(t, err, text)
		d := digestOf(cfg)
		require.Len(t, d, 64)
		return d
	}
	const (
		pools   = `"pools": [{"pool": "2001:db8:1::/80", "client-class": "HA_a"}], "pd-pools": [{"prefix": "3000::", "prefix-len": 32, "delegated-len": 56}]`
		subnet1 = `{"id": 1, "subnet": "2001:db8:1::/64", ` + pools + `, "option-data": [{"name": "dns-servers", "data": "2001:db8::1"}]}`
		class   = `"client-classes": [{"name": "a", "test": "option[16].exists"}], `
	)
	second := func(members string) string {
		return class + `"subnet6": [` + subnet1 + `,{"id": 2, "subnet": "2001:db8:2::/64"` + members + `}]`
	}
	base := digest(second(``))
	for what, text := range map[string]string{
		"order of subnets": class + `"subnet6": [{"id": 2, "subnet": "2001:db8:2::/64"},` + subnet1 + `]`,
		"a default":        `"valid-lifetime": 7200, "t2-percent": 0.8, "calculate-tee-times": true, ` + second(``),
		"what is its own": `"server-id": {"type": "LL"}, "data-directory": "/x", "interfaces-config": {"interfaces": ["eth7"]}, "lease-database": {"type": "memfile", "name": "/x"},
			"server-tag": "x", "control-socket": {"socket-type": "unix", "socket-name": "/run/kea/x"}, "hooks-libraries": [{"library": "x.so", "parameters": {"a": 1}}],
			"loggers": [{"name": "kea-dhcp6", "severity": "DEBUG"}], "multi-threading": {"thread-pool-size": 3}, "expired-leases-processing": {"max-reclaim-leases": 1},
			"option-data": [{"name": "preference", "data": "7"}], "comment": "of the first", ` + second(``),
		"a subnet's own": second(`, "interface": "eth1", "user-context": {"floor": 2}, "option-data": [{"code": 7, "data": "200"}]`),
	} {
		require.Equal(t, base, digest(text), what)
	}
	for what, text := range map[string]string{
		"a lifetime":        `"preferred-lifetime": 7200, ` + second(``),
		"registration":      `"allow-address-registration": false, ` + second(``),
		"sources":           `"mac-sources": ["duid"], ` + second(``),
		"relay's options":   `"relay-supplied-options": ["110"], ` + second(``),
		"an option":         `"option-data": [{"name": "domain-search", "data": "x"}], ` + second(``),
		"an interface-id":   second(`, "interface-id": "x"`),
		"a pool":            second(`, "pools": [{"pool": "2001:db8:2::/80"}]`),
		"prefixes":          second(`, "pd-pools": [{"prefix": "3001::", "prefix-len": 32, "delegated-len": 56}]`),
		"excluded prefixes": second(`, "pd-pools": [{"prefix": "3001::", "prefix-len": 32, "delegated-len": 56, "excluded-prefix": "3001::", "excluded-prefix-len": 64}]`),
		"a guard":           second(`, "client-class": "a"`),
		"a reservation":     second(`, "reservations": [{"duid": "01:02:03", "ip-addresses": ["2001:db8:2::1"]}]`),
		"its server":        second(`, "user-context": {"ha-server-name": "a"}`),
		"rapid commit":      second(`, "rapid-commit": true`),
	} {
		require.NotEqual(t, base, digest(text), what)
	}

	// In whatever is in something else, the order of networks and subnets and
	// what is each server's own do not count either.
	const (
		members = `"interface": "IF", "option-data": [{"code": 7, "data": "N"}]`
		inner   = `{"id": 3, "subnet": "2001:db8:3::/64", ` + members + `, "pools": [{"pool": "2001:db8:3::/80", "option-data": [{"code": 7, "data": "N"}]}],
			"pd-pools": [{"prefix": "3001::", "prefix-len": 32, "delegated-len": 56, "option-data": [{"code": 7, "data": "N"}]}]}`
		other = `{"id": 4, "subnet": "2001:db8:4::/64"}`
	)
	networks := func(own, first, second string) string {
		text := `"client-classes": [{"name": "a", "option-data": [{"code": 7, "data": "N"}]}], "shared-networks": [` + first + `, ` + second + `]`
		return digest(strings.NewReplacer("IF", "eth"+own, `"N"`, `"`+own+`"`).Replace(text))
	}
	n := `{"name": "n", ` + members + `, "subnet6": [` + inner + `, ` + other + `]}`
	require.Equal(t, networks("1", n, `{"name": "m"}`), networks("2", `{"name": "m"}`, strings.Replace(n, inner+`, `+other, other+`, `+inner, 1)))
	require.NotEqual(t, networks("1", n, `{"name": "m"}`), networks("1", n, `{"name": "o"}`))

	cfg, err := ParseConfig(strings.NewReader(`{"Dhcp6": {"option-data": [{"code": 7, "data": "1"}], "subnet6": [{"id": 2, "subnet": "2001:db8:2::/64"}, {"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0"}]}}`), nil)
	require.NoError(t, err)
	digestOf(cfg)
	require.EqualValues(t, 2, cfg.Subnets[0].ID, "the configuration itself is left as it is")
	require.Equal(t, "eth0", cfg.Subnets[1].Interface)
	require.Len(t, cfg.OptionData, 1)

	cfg, err = ParseConfig(strings.NewReader(`{"Dhcp6": {"client-classes": [{"name": "a", "option-data": [{"code": 7, "data": "1"}]}], "shared-networks": [{"name": "n", "interface": "eth0", "subnet6": [
		{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::/80", "option-data": [{"code": 7, "data": "1"}]}]}]}]}}`), nil)
	require.NoError(t, err)
	digestOf(cfg)
	require.Len(t, cfg.ClientClasses[0].OptionData, 1)
	require.Equal(t, "eth0", cfg.SharedNetworks[0].Interface)
	require.Len(t, cfg.SharedNetworks[0].Subnets[0].Pools[0].OptionData, 1)
}
