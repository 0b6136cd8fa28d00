package dhcp4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		t.Helper()
		d := digestOf(config(t, text))
		require.Len(t, d, 64)
		return d
	}
	const (
		pools   = `"pools": [{"pool": "192.0.2.10-192.0.2.19", "client-class": "HA_a"}]`
		subnet1 = `{"id": 1, "subnet": "192.0.2.0/24", ` + pools + `, "option-data": [{"name": "routers", "data": "192.0.2.1"}]}`
		subnet2 = `{"id": 2, "subnet": "198.51.100.0/24"}`
		class   = `"client-classes": [{"name": "a", "test": "option[60].exists"}]`
	)
	base := digest(class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`)
	for what, text := range map[string]string{
		"order of members": `"subnet4": [{` + pools + `, "option-data": [{"data": "192.0.2.1", "name": "routers"}], "subnet": "192.0.2.0/24", "id": 1},` + subnet2 + `], ` + class,
		"order of subnets": class + `, "subnet4": [` + subnet2 + `,` + subnet1 + `]`,
		"a default":        `"valid-lifetime": 7200, ` + class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`,
		"what is its own":  `"interfaces-config": {"interfaces": ["eth7"]}, "lease-database": {"type": "memfile", "name": "/x"}, "server-tag": "x", "control-socket": {"socket-type": "unix", "socket-name": "/run/kea/x"}, "hooks-libraries": [{"library": "x.so", "parameters": {"a": 1}}], "loggers": [{"name": "kea-dhcp4", "severity": "DEBUG"}], "option-data": [{"name": "dhcp-server-identifier", "data": "192.0.2.2"}], "comment": "of the first", ` + class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`,
		"a subnet's own":   class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "interface": "eth1", "user-context": {"floor": 2}, "option-data": [{"code": 54, "data": "198.51.100.2"}]}]`,
		"how it tidies up": `"expired-leases-processing": {"max-reclaim-leases": 1}, ` + class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`,
	} {
		require.Equal(t, base, digest(text), what)
	}
	for what, text := range map[string]string{
		"no class":       `"subnet4": [` + subnet1 + `,` + subnet2 + `]`,
		"a lifetime":     `"valid-lifetime": 7201, ` + class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`,
		"an option":      `"option-data": [{"name": "domain-name", "data": "x"}], ` + class + `, "subnet4": [` + subnet1 + `,` + subnet2 + `]`,
		"a subnet":       class + `, "subnet4": [` + subnet1 + `]`,
		"an id":          class + `, "subnet4": [` + subnet1 + `,{"id": 3, "subnet": "198.51.100.0/24"}]`,
		"a prefix":       class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/25"}]`,
		"a pool":         class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.1-198.51.100.2"}]}]`,
		"a guard":        class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "client-class": "a"}]`,
		"a reservation":  class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "reservations": [{"hw-address": "02:00:00:00:00:01", "ip-address": "198.51.100.9"}]}]`,
		"its server":     class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "user-context": {"ha-server-name": "a"}}]`,
		"a shared one":   class + `, "subnet4": [` + subnet1 + `], "shared-networks": [{"name": "n", "subnet4": [` + subnet2 + `]}]`,
		"subnet options": class + `, "subnet4": [` + subnet1 + `,{"id": 2, "subnet": "198.51.100.0/24", "option-data": [{"code": 3, "data": "198.51.100.2"}]}]`,
	} {
		require.NotEqual(t, base, digest(text), what)
	}
	b := newBench(t, class+`, "subnet4": [`+subnet1+`,`+subnet2+`]`, nil)
	require.Equal(t, base, b.e.Digest())
	cfg := config(t, `"interfaces-config": {"interfaces": ["eth0"]}, "subnet4": [{"id": 2, "subnet": "192.0.3.0/24"}, {"id": 1, "subnet": "192.0.2.0/24", "interface": "eth0"}]`)
	digestOf(cfg)
	require.EqualValues(t, 2, cfg.Subnets[0].ID, "the configuration itself is left as it is")
	require.Equal(t, "eth0", cfg.Subnets[1].Interface)
}
