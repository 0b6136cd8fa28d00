package dhcp6_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/dhcpha/dhcpha/dhcp6"
)

// A file's mistakes are reported all at once.
func ExampleParseConfig() {
	_, err := dhcp6.ParseConfig(strings.NewReader(`
{
  "Dhcp6": {
    "valid-lifetme": 3600,   # a slip
    "dhcp4o6-port": 6767,    # known to Kea, not supported here
    "subnet6": [ {
      "id": 1, "subnet": "2001:db8:1::/64",
      "pools": [ { "pool": "2001:db8:2::10 - 2001:db8:2::99" } ],
      "pd-pools": [ { "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 40 } ],
    } ]
  }
}`), nil)

	var mistakes *dhcp6.ConfigError
	if errors.As(err, &mistakes) {
		for _, m := range mistakes.Problems {
			fmt.Printf("line %d: %s: %s\n", m.Pos.Line, m.Path, m.Text)
		}
	}
	// Output:
	// line 4: valid-lifetme: unknown key; is "valid-lifetime" meant?
	// line 5: dhcp4o6-port: is not supported: DHCPv4 over DHCPv6 is not served; remove it
	// line 8: subnet6[0].pools[0].pool: 2001:db8:2::10-2001:db8:2::99 is not within the subnet 2001:db8:1::/64
	// line 9: subnet6[0].pd-pools[0].delegated-len: 40 is less than prefix-len, which is 48
}

// A program can write a configuration itself, and Kea would read its JSON.
func ExampleConfig() {
	cfg := dhcp6.Config{
		Params:     dhcp6.Params{PreferredLifetime: new(uint32(3000)), ValidLifetime: new(uint32(4000))},
		OptionData: []dhcp6.OptionData{{Name: "dns-servers", Data: "2001:db8::1"}},
		Subnets: []dhcp6.Subnet{{
			ID:     1,
			Subnet: netip.MustParsePrefix("2001:db8:1::/64"),
			Pools: []dhcp6.Pool{{Range: dhcp6.Range{
				First: netip.MustParseAddr("2001:db8:1::10"),
				Last:  netip.MustParseAddr("2001:db8:1::99"),
			}}},
			PDPools: []dhcp6.PDPool{{Prefix: netip.MustParseAddr("2001:db8:8::"), PrefixLen: 48, DelegatedLen: 56}},
			Reservations: []dhcp6.Reservation{{
				DUID:        dhcp6.Identifier{0, 3, 0, 1, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f},
				IPAddresses: []netip.Addr{netip.MustParseAddr("2001:db8:1::5")},
			}},
		}},
	}
	if err := cfg.Validate(); err != nil {
		fmt.Println(err)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	_ = e.Encode(map[string]any{"Dhcp6": cfg})
	// Output:
	// {
	//   "Dhcp6": {
	//     "valid-lifetime": 4000,
	//     "preferred-lifetime": 3000,
	//     "option-data": [
	//       {
	//         "name": "dns-servers",
	//         "data": "2001:db8::1"
	//       }
	//     ],
	//     "subnet6": [
	//       {
	//         "id": 1,
	//         "subnet": "2001:db8:1::/64",
	//         "pools": [
	//           {
	//             "pool": "2001:db8:1::10-2001:db8:1::99"
	//           }
	//         ],
	//         "pd-pools": [
	//           {
	//             "prefix": "2001:db8:8::",
	//             "prefix-len": 48,
	//             "delegated-len": 56
	//           }
	//         ],
	//         "reservations": [
	//           {
	//             "duid": "00:03:00:01:1a:1b:1c:1d:1e:1f",
	//             "ip-addresses": [
	//               "2001:db8:1::5"
	//             ]
	//           }
	//         ]
	//       }
	//     ]
	//   }
	// }
}
