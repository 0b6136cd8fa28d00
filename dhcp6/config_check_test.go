package dhcp6

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// What a program may write and no file can say, or Kea 2.2 does not know.
func TestValidate(t *testing.T) {
	subnet := func(change func(*Subnet)) func(*Config) {
		return func(c *Config) {
			s := Subnet{ID: 1, Subnet: netip.MustParsePrefix("2001:db8:1::/64")}
			change(&s)
			c.Subnets = []Subnet{s}
		}
	}
	host := func(r Reservation) func(*Config) {
		r.DUID = Identifier{1, 2, 3}
		return subnet(func(s *Subnet) { s.Reservations = []Reservation{r} })
	}
	prefix := netip.MustParsePrefix("2001:db8:8::/48")
	for problem, change := range map[string]func(*Config){
		`subnet6[0].id: 0 is out of range, 1 to 4294967294`:                                        subnet(func(s *Subnet) { s.ID = 0 }),
		`subnet6[0].subnet: 2001:db8::1/64 has bits beyond its length set; 2001:db8::/64 is meant`: subnet(func(s *Subnet) { s.Subnet = netip.MustParsePrefix("2001:db8::1/64") }),
		`subnet6[0].interface: "eth 0" is not the name of an interface`:                            subnet(func(s *Subnet) { s.Interface = "eth 0" }),
		`subnet6[0].interface-id: has 65536 bytes; an option has at most 65535`:                    subnet(func(s *Subnet) { s.InterfaceID = strings.Repeat("x", 65536) }),
		`subnet6[0].pools[0].pool: is missing`:                                                     subnet(func(s *Subnet) { s.Pools = []Pool{{}} }),
		`subnet6[0].pd-pools[0].prefix: is missing`:                                                subnet(func(s *Subnet) { s.PDPools = []PDPool{{}} }),
		`subnet6[0].pd-pools[0].delegated-len: 129 is out of range, 1 to 128`: subnet(func(s *Subnet) {
			s.PDPools = []PDPool{{Prefix: prefix.Addr(), PrefixLen: 48, DelegatedLen: 129}}
		}),
		`shared-networks[0].user-context.ha-server-name: must be a string, the name of a server`: func(c *Config) {
			c.SharedNetworks = []SharedNetwork{{Name: "n", UserContext: []byte(`{"ha-server-name": {}}`)}}
		},
		`subnet6[0].relay: fe80::1%eth0 is not an IPv6 address`:                                        subnet(func(s *Subnet) { s.Relay.IPAddress = netip.MustParseAddr("fe80::1%eth0") }),
		`subnet6[0].pd-allocator: must be iterative, random or flq, not "best"`:                        subnet(func(s *Subnet) { s.PDAllocator = new("best") }),
		`subnet6[0].user-context.ha-server-name: must be a string, the name of a server`:               subnet(func(s *Subnet) { s.UserContext = []byte(`{"ha-server-name": 1}`) }),
		`server-id.identifier: has 3 bytes; a UUID has 16`:                                             func(c *Config) { c.ServerID = &ServerID{Type: "UUID", Identifier: Hex{1, 2, 3}} },
		`server-id.identifier: has 123 bytes; it may have 122`:                                         func(c *Config) { c.ServerID = &ServerID{Type: "LLT", Identifier: make(Hex, 123)} },
		`subnet6[0].reservations[0].prefixes[0]: invalid Prefix cannot be delegated to an IPv6 client`: host(Reservation{Prefixes: []netip.Prefix{{}}}),
		`subnet6[0].reservations[0].ip-addresses[0]: invalid IP cannot be given to an IPv6 client`:     host(Reservation{IPAddresses: []netip.Addr{{}}}),
		`subnet6[0].reservations[0].excluded-prefixes: has 1 elements, but prefixes has 0; write "" for one that excludes nothing`: host(Reservation{
			Hostname: "x", ExcludedPrefixes: []string{""}}),
		`subnet6[0].reservations[0].excluded-prefixes[0]: "2001:db8::" is not a prefix such as 2001:db8::/32`: host(Reservation{
			Prefixes: []netip.Prefix{prefix}, ExcludedPrefixes: []string{"2001:db8::"}}),
		`subnet6[0].reservations[0].excluded-prefixes[0]: 2001:db8:9::/64 is not a part of the delegated prefix 2001:db8:8::/48`: host(Reservation{
			Prefixes: []netip.Prefix{prefix}, ExcludedPrefixes: []string{"2001:db8:9::/64"}}),
		`subnet6[0].reservations[0].excluded-prefixes[0]: 2001:db8:8::/48 is not a part of the delegated prefix 2001:db8:8::/48`: host(Reservation{
			Prefixes: []netip.Prefix{prefix}, ExcludedPrefixes: []string{"2001:db8:8::/48"}}),
	} {
		t.Run(problem, func(t *testing.T) {
			var cfg Config
			change(&cfg)
			err := cfg.Validate()
			var e *ConfigError
			require.ErrorAs(t, err, &e)
			require.Equal(t, []string{problem}, []string{keajson.Problem{Path: e.Problems[0].Path, Text: e.Problems[0].Text}.String()})
			require.Len(t, e.Problems, 1)
		})
	}
	for name, change := range map[string]func(*Config){
		"nothing":          func(*Config) {},
		"UUID":             func(c *Config) { c.ServerID = &ServerID{Type: "UUID", Identifier: make(Hex, 16)} },
		"UUID to be drawn": func(c *Config) { c.ServerID = &ServerID{Type: "UUID"} },
		"longest DUID":     func(c *Config) { c.ServerID = &ServerID{Type: "LLT", Identifier: make(Hex, 122)} },
		"excluded":         host(Reservation{Prefixes: []netip.Prefix{prefix}, ExcludedPrefixes: []string{"2001:db8:8:7::/64"}}),
		"nothing excluded": host(Reservation{Prefixes: []netip.Prefix{prefix, netip.MustParsePrefix("2001:db8:9::/48")}, ExcludedPrefixes: []string{"", "::/0"}}),
	} {
		var cfg Config
		change(&cfg)
		require.NoError(t, cfg.Validate(), name)
	}
}

// Validate leaves the program's configuration alone.
func TestValidateChangesNothing(t *testing.T) {
	cfg := func() Config {
		return Config{LeaseDatabase: &LeaseDatabase{Type: "mysql", Persist: new(false)}, Compatibility: &Compatibility{LenientOptionParsing: true}}
	}
	was := cfg()
	require.Error(t, was.Validate())
	require.Equal(t, cfg(), was)
}
