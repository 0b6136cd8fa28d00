package dhcp4

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// What only ours accepts or refuses, or Kea 2.2 does not know.
func TestCheckSocketsAndSelection(t *testing.T) {
	subnet := func(change func(*Subnet)) func(*Config) {
		return func(c *Config) {
			s := Subnet{ID: 1, Subnet: netip.MustParsePrefix("192.0.2.0/24")}
			change(&s)
			c.Subnets = []Subnet{s}
		}
	}
	socket := func(s ctrl.SocketConfig) func(*Config) {
		return func(c *Config) { c.ControlSockets = []ctrl.SocketConfig{s} }
	}
	for problem, change := range map[string]func(*Config){
		`control-sockets[0].socket-type: is missing; it is unix, http or https`:                           socket(ctrl.SocketConfig{Name: "x"}),
		`control-sockets[0].socket-type: must be unix, http or https, not "tcp"`:                          socket(ctrl.SocketConfig{Type: "tcp"}),
		`control-sockets[0].socket-name: is missing; it is the socket's path`:                             socket(ctrl.SocketConfig{Type: "unix"}),
		`control-sockets[0].cert-file: is for "socket-type": "https"`:                                     socket(ctrl.SocketConfig{Type: "http", CertFile: "c"}),
		`control-sockets[0].key-file: is missing; https needs trust-anchor, cert-file and key-file`:       socket(ctrl.SocketConfig{Type: "https", TrustAnchor: "a", CertFile: "c"}),
		`control-sockets[0].authentication.type: must be "basic", not "bearer"`:                           socket(ctrl.SocketConfig{Type: "http", Authentication: &ctrl.Authentication{Type: "bearer"}}),
		`control-sockets[0].authentication.clients[0]: user "a:b": it must not be empty nor have a colon`: socket(ctrl.SocketConfig{Type: "http", Authentication: &ctrl.Authentication{Type: "basic", Clients: []ctrl.Credentials{{User: "a:b"}}}}),
		`control-socket: cannot be given together with control-sockets, which replaces it`: func(c *Config) {
			s := ctrl.SocketConfig{Type: "unix", Name: "x"}
			c.ControlSocket, c.ControlSockets = &s, []ctrl.SocketConfig{s}
		},
		`lease-database.type: must be memfile, mysql or postgresql, not "sqlite"`:                       func(c *Config) { c.LeaseDatabase = &LeaseDatabase{Type: "sqlite"} },
		`server-hostname: has 64 bytes; the field sname takes 63`:                                       func(c *Config) { c.ServerHostname = new(fmt.Sprintf("%064d", 0)) },
		`boot-file-name: has 128 bytes; the field file takes 127`:                                       func(c *Config) { c.BootFileName = new(fmt.Sprintf("%0128d", 0)) },
		`allocator: must be iterative, random or flq, not "best"`:                                       func(c *Config) { c.Allocator = new("best") },
		`next-server: ::1 is not an IPv4 address`:                                                       func(c *Config) { c.NextServer = new(netip.IPv6Loopback()) },
		`dhcp-ddns.enable-updates: is not supported: DNS is not updated; write "enable-updates": false`: func(c *Config) { c.DHCPDDNS = &DHCPDDNS{EnableUpdates: true} },

		`hooks-libraries[0].parameters: libdhcp_flex_id: replace-client-id and ignore-iaid are not supported`: func(c *Config) {
			c.HooksLibraries = []HookLibrary{{Library: "libdhcp_flex_id.so", Parameters: []byte(`{"replace-client-id": true}`)}}
		},

		`subnet4[0].id: 0 is out of range, 1 to 4294967294`:                                        subnet(func(s *Subnet) { s.ID = 0 }),
		`subnet4[0].subnet: 192.0.2.1/24 has bits beyond its length set; 192.0.2.0/24 is meant`:    subnet(func(s *Subnet) { s.Subnet = netip.MustParsePrefix("192.0.2.1/24") }),
		`subnet4[0].interface: "eth 0" is not the name of an interface`:                            subnet(func(s *Subnet) { s.Interface = "eth 0" }),
		`subnet4[0].pools[0].pool: is missing`:                                                     subnet(func(s *Subnet) { s.Pools = []Pool{{}} }),
		`subnet4[0].client-class: cannot be given together with client-classes, which replaces it`: subnet(func(s *Subnet) { s.ClientClass, s.ClientClasses = "KNOWN", []string{"KNOWN"} }),
		`subnet4[0].require-client-classes: cannot be given together with evaluate-additional-classes, which replaces it`: subnet(func(s *Subnet) {
			s.RequireClientClasses, s.EvaluateAdditionalClasses = []string{"KNOWN"}, []string{"KNOWN"}
		}),
		`subnet4[0].reservations[0].hw-address: has 21 bytes; it may have 20`: subnet(func(s *Subnet) {
			s.Reservations = []Reservation{{HWAddress: make(Identifier, 21), Hostname: "x"}}
		}),
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
}

// Pools of two subnets cannot share addresses, even where the subnets do.
func TestPoolsOverlapAcrossSubnets(t *testing.T) {
	pool := Pool{Range: Range{First: netip.MustParseAddr("192.0.2.10"), Last: netip.MustParseAddr("192.0.2.20")}}
	cfg := Config{Subnets: []Subnet{
		{ID: 1, Subnet: netip.MustParsePrefix("192.0.2.0/24"), Pools: []Pool{pool}},
		{ID: 2, Subnet: netip.MustParsePrefix("192.0.2.0/25"), Pools: []Pool{pool}},
	}}
	require.EqualError(t, cfg.Validate(), "dhcp4: configuration: subnet4[1].pools[0].pool: "+
		"192.0.2.10-192.0.2.20 overlaps 192.0.2.10-192.0.2.20, which is subnet4[0].pools[0].pool")
}

// Validate leaves the program's configuration alone.
func TestValidateChangesNothing(t *testing.T) {
	cfg := Config{LeaseDatabase: &LeaseDatabase{Type: "mysql", Persist: new(false)}}
	require.Error(t, cfg.Validate())
	require.Equal(t, Config{LeaseDatabase: &LeaseDatabase{Type: "mysql", Persist: new(false)}}, cfg)
}
