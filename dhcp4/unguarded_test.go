package dhcp4_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
)

func TestUnguardedPools(t *testing.T) {
	const pool = `{"pool": "192.0.2.10-192.0.2.99"`
	for name, c := range map[string]struct {
		config string
		found  []string
	}{
		"no guard":            {inSubnet(`"pools": [` + pool + `}]`), []string{"subnet 1: 192.0.2.10-192.0.2.99"}},
		"no pool":             {inSubnet(`"pools": []`), nil},
		"pool":                {inSubnet(`"pools": [` + pool + `, "client-class": "HA_a"}, {"pool": "192.0.2.128/25", "client-classes": ["HA_b"]}]`), nil},
		"one of two":          {inSubnet(`"pools": [` + pool + `, "client-class": "HA_a"}, {"pool": "192.0.2.128/25"}]`), []string{"subnet 1: 192.0.2.128-192.0.2.255"}},
		"subnet":              {inSubnet(`"client-class": "HA_b", "pools": [` + pool + `}]`), nil},
		"both classes":        {inSubnet(`"pools": [` + pool + `, "client-classes": ["HA_a", "HA_b"]}]`), []string{"subnet 1: 192.0.2.10-192.0.2.99"}},
		"with another class":  {inSubnet(`"pools": [` + pool + `, "client-classes": ["HA_a", "phones"]}]`), []string{"subnet 1: 192.0.2.10-192.0.2.99"}},
		"only another":        {inSubnet(`"pools": [` + pool + `, "client-class": "phones"}]`), []string{"subnet 1: 192.0.2.10-192.0.2.99"}},
		"class of a stranger": {inSubnet(`"pools": [` + pool + `, "client-class": "HA_c"}]`), []string{"subnet 1: 192.0.2.10-192.0.2.99"}},
		"network":             {network(`"client-class": "HA_a", `, `, "pools": [{"pool": "192.0.2.0/25"}]`, `, "pools": [{"pool": "192.0.3.0/25"}]`), nil},
		"open network": {network(``, `, "client-class": "HA_a", "pools": [{"pool": "192.0.2.0/25"}]`, `, "pools": [{"pool": "192.0.3.0/25"}]`),
			[]string{"subnet 2: 192.0.3.0-192.0.3.127"}},
		"guards that exclude each other": {inSubnet(`"client-class": "HA_a", "pools": [` + pool + `, "client-class": "HA_b"}]`), nil},
		// The manual's example of classes beside those of HA.
		"tests": {global(`"client-classes": [
				{"name": "phones", "test": "substring(option[60].hex, 0, 6) == 'Aastra'"},
				{"name": "laptops", "test": "not member('phones')"},
				{"name": "phones_a", "test": "member('phones') and member('HA_a')"},
				{"name": "laptops_b", "test": "member('laptops') and member('HA_b')"},
				{"name": "phones_not_a", "test": "member('phones') and not member('HA_a')"},
				{"name": "either", "test": "member('HA_a') or member('HA_b')"}],
			"subnet4": [{"subnet": "192.0.2.0/24", "pools": [
				{"pool": "192.0.2.0/29", "client-class": "phones_a"}, {"pool": "192.0.2.8/29", "client-class": "laptops_b"},
				{"pool": "192.0.2.16/29", "client-class": "phones_not_a"}, {"pool": "192.0.2.24/29", "client-class": "either"},
				{"pool": "192.0.2.32/29", "client-class": "laptops"}, {"pool": "192.0.2.40/29", "client-class": "ALL"}]}]`),
			[]string{"subnet 1: 192.0.2.24-192.0.2.31", "subnet 1: 192.0.2.32-192.0.2.39", "subnet 1: 192.0.2.40-192.0.2.47"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := dhcp4.ParseConfig(strings.NewReader(c.config), nil)
			require.NoError(t, err)
			require.Equal(t, c.found, cfg.UnguardedPools([]string{"HA_a", "HA_b"}))
			require.Empty(t, cfg.UnguardedPools([]string{"HA_a"}))
		})
	}
}
