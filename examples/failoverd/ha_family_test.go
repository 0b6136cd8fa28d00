package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"testing"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// haFamily is what differs between the worlds of DHCPv4 and DHCPv6.
type haFamily struct {
	version int    // as in kea-dhcp4, Dhcp4 and lease4-get-all
	each    int    // leases that a client has
	lan     string // a host's address in a branch of the network, a format
	link    string // that of a server to the others

	// subnet returns the members that make the subnet of a branch, which a
	// server has at an interface, with a pool of each kind, or one for each class.
	subnet func(branch int, link string, classes ...string) map[string]any
	pools  string // how the pools of branch 1 are named

	// identify returns what a server with the configuration, and with the
	// address to clients, is known by to clients, see haLease.
	identify func(config map[string]any, addr netip.Addr) string

	crowd func(t *testing.T, h *testnet.Host, link string, branch int) crowd
}

func (f *haFamily) String() string { return fmt.Sprintf("DHCPv%d", f.version) }

// root is the name of the member of a configuration file that has all others.
func (f *haFamily) root() string { return fmt.Sprintf("Dhcp%d", f.version) }

// program is Kea's server.
func (f *haFamily) program() string { return fmt.Sprintf("kea-dhcp%d", f.version) }

// named completes the name of a command or a member, such as "lease%d-get-all".
func (f *haFamily) named(format string) string { return fmt.Sprintf(format, f.version) }

// lanAddr is the address of a host in a branch of the network, with the length
// of the branch's prefix.
func (f *haFamily) lanAddr(branch, host int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf(f.lan, branch, host))
}

// linkAddr is the address of a server to the others.
func (f *haFamily) linkAddr(host int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf(f.link, host))
}

// url is where a server takes the commands of the others.
func (f *haFamily) url(host int) string {
	return fmt.Sprintf("http://%s/", netip.AddrPortFrom(f.linkAddr(host).Addr(), 8000))
}

var family4 = &haFamily{
	version: 4, each: 1, lan: "10.%d.0.%d/16", link: "10.77.0.%d/24",
	subnet: func(branch int, link string, classes ...string) map[string]any {
		pool := func(from, to int, class string) any {
			return guarded(class, map[string]any{"pool": fmt.Sprintf("10.%d.%d.0 - 10.%[1]d.%[3]d.255", branch, from, to)})
		}
		subnet := map[string]any{"id": branch, "subnet": fmt.Sprintf("10.%d.0.0/16", branch), "interface": link}
		if len(classes) == 0 {
			subnet["pools"] = []any{pool(16, 31, "")}
		} else {
			subnet["pools"] = []any{pool(16, 23, classes[0]), pool(24, 31, classes[1])}
		}
		return subnet
	},
	pools:    "[subnet 1: 10.1.16.0-10.1.31.255]",
	identify: func(_ map[string]any, addr netip.Addr) string { return addr.String() },
	crowd: func(t *testing.T, h *testnet.Host, link string, branch int) crowd {
		return newCrowd4(t, h, link, fmt.Sprintf("10.%d.16.0/20", branch))
	},
}

var family6 = &haFamily{
	version: 6, each: 2, lan: "2001:db8:%d::%d/64", link: "fd77::%d/64",
	subnet: func(branch int, link string, classes ...string) map[string]any {
		if len(classes) == 0 {
			classes = []string{""}
		}
		var pools, pdPools []any
		for i, class := range classes {
			pools = append(pools, guarded(class, map[string]any{"pool": fmt.Sprintf("2001:db8:%d::%d:0:0/96", branch, i+1)}))
			pdPools = append(pdPools, guarded(class, map[string]any{
				"prefix": fmt.Sprintf("3fff:%d:%d::", branch, i+1), "prefix-len": 48, "delegated-len": 60,
			}))
		}
		return map[string]any{
			"id": branch, "subnet": fmt.Sprintf("2001:db8:%d::/64", branch), "interface": link, "pools": pools, "pd-pools": pdPools,
		}
	},
	pools: "[subnet 1: 2001:db8:1::1:0:0-2001:db8:1::1:ffff:ffff subnet 1: 3fff:1:1::/48]",
	identify: func(config map[string]any, addr netip.Addr) string {
		// All Keas of a machine would have one DUID in common, from a file.
		const enterprise = 32473 // of examples
		if config["server-id"] == nil {
			config["server-id"] = map[string]any{
				"type": "EN", "enterprise-id": enterprise, "identifier": hex.EncodeToString(addr.AsSlice()), "persist": false,
			}
		}
		return fmt.Sprintf("0002%08x%s", enterprise, config["server-id"].(map[string]any)["identifier"])
	},
	crowd: func(t *testing.T, h *testnet.Host, link string, _ int) crowd { return newCrowd6(t, h, link) },
}

// guarded makes a pool that of a class.
func guarded(class string, pool map[string]any) map[string]any {
	if class != "" {
		pool["client-class"] = class
	}
	return pool
}

// eachFamily runs a test with all families, in parallel.
func eachFamily(t *testing.T, test func(t *testing.T, f *haFamily)) {
	t.Parallel()
	for _, f := range []*haFamily{family4, family6} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}
