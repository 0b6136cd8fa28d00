package dhcp6_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp6"
)

// How guards are judged is the same as with DHCPv4; prefixes are guarded, too.
func TestUnguardedPools(t *testing.T) {
	const (
		pool   = `"pools": [{"pool": "2001:db8:1::10-2001:db8:1::99"`
		prefix = `"pd-pools": [{"prefix": "3000::", "prefix-len": 32, "delegated-len": 56`
	)
	for name, c := range map[string]struct {
		config string
		found  []string
	}{
		"no guard":        {inSubnet(pool + `}], ` + prefix + `}]`), []string{"subnet 1: 2001:db8:1::10-2001:db8:1::99", "subnet 1: 3000::/32"}},
		"no pool":         {inSubnet(`"pools": []`), nil},
		"pools":           {inSubnet(pool + `, "client-class": "HA_a"}], ` + prefix + `, "client-classes": ["HA_b"]}]`), nil},
		"only addresses":  {inSubnet(pool + `, "client-class": "HA_a"}], ` + prefix + `, "client-class": "phones"}]`), []string{"subnet 1: 3000::/32"}},
		"subnet":          {inSubnet(`"client-class": "HA_b", ` + pool + `}], ` + prefix + `}]`), nil},
		"network":         {network(`"client-class": "HA_a", `, `, `+prefix+`}]`, ``), nil},
		"test of a class": {strings.Replace(inSubnet(prefix+`, "client-class": "routers"}]`), `{"subnet6"`, `{"client-classes": [{"name": "routers", "test": "option[25].exists and member('HA_a')"}], "subnet6"`, 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := dhcp6.ParseConfig(strings.NewReader(c.config), nil)
			require.NoError(t, err)
			require.Equal(t, c.found, cfg.UnguardedPools([]string{"HA_a", "HA_b"}))
			require.Empty(t, cfg.UnguardedPools([]string{"HA_a"}))
		})
	}
}
