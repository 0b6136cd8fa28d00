package dhcp4_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// A file's mistakes are reported all at once.
func ExampleParseConfig() {
	_, err := dhcp4.ParseConfig(strings.NewReader(`
{
  "Dhcp4": {
    "valid-lifetme": 3600,   # a slip
    "dhcp4o6-port": 6767,    # known to Kea, not supported here
    "subnet4": [ {
      "id": 1, "subnet": "192.0.2.0/24",
      "pools": [ { "pool": "192.0.3.10 - 192.0.3.99" } ],
    } ]
  }
}`), nil)

	var mistakes *dhcp4.ConfigError
	if errors.As(err, &mistakes) {
		for _, m := range mistakes.Problems {
			fmt.Printf("line %d: %s: %s\n", m.Pos.Line, m.Path, m.Text)
		}
	}
	// Output:
	// line 4: valid-lifetme: unknown key; is "valid-lifetime" meant?
	// line 5: dhcp4o6-port: is not supported: DHCPv4 over DHCPv6 is not served; remove it
	// line 8: subnet4[0].pools[0].pool: 192.0.3.10-192.0.3.99 is not within the subnet 192.0.2.0/24
}

// A program can write a configuration itself, and Kea would read its JSON.
func ExampleConfig() {
	cfg := dhcp4.Config{
		Params:     dhcp4.Params{ValidLifetime: new(uint32(3600)), Authoritative: new(true)},
		OptionData: []dhcp4.OptionData{{Name: "domain-name-servers", Data: "192.0.2.1"}},
		Subnets: []dhcp4.Subnet{{
			ID:     1,
			Subnet: netip.MustParsePrefix("192.0.2.0/24"),
			Pools: []dhcp4.Pool{{Range: dhcp4.Range{
				First: netip.MustParseAddr("192.0.2.10"),
				Last:  netip.MustParseAddr("192.0.2.99"),
			}}},
			Reservations: []dhcp4.Reservation{{
				HWAddress: dhcp4.Identifier{0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f},
				IPAddress: netip.MustParseAddr("192.0.2.5"),
			}},
		}},
	}
	if err := cfg.Validate(); err != nil {
		fmt.Println(err)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	_ = e.Encode(map[string]any{"Dhcp4": cfg})
	// Output:
	// {
	//   "Dhcp4": {
	//     "valid-lifetime": 3600,
	//     "authoritative": true,
	//     "option-data": [
	//       {
	//         "name": "domain-name-servers",
	//         "data": "192.0.2.1"
	//       }
	//     ],
	//     "subnet4": [
	//       {
	//         "id": 1,
	//         "subnet": "192.0.2.0/24",
	//         "pools": [
	//           {
	//             "pool": "192.0.2.10-192.0.2.99"
	//           }
	//         ],
	//         "reservations": [
	//           {
	//             "hw-address": "1a:1b:1c:1d:1e:1f",
	//             "ip-address": "192.0.2.5"
	//           }
	//         ]
	//       }
	//     ]
	//   }
	// }
}
