package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startKea6 starts Kea with a subnet of the link of eth0, or, with the address
// of eth0 to hear unicast at, of one behind relay agents.
func startKea6(h *Host, valid int, unicast string) *Kea {
	listen, link := "eth0", `"interface": "eth0"`
	if unicast != "" {
		listen, link = "eth0/"+unicast, `"interface-id": "port 7"`
	}
	return h.StartKea("kea-dhcp6", fmt.Sprintf(`{"Dhcp6": {
		"interfaces-config": {"interfaces": [%q]}, "store-extended-info": true,
		"valid-lifetime": %d, "preferred-lifetime": %d, "renew-timer": %d, "rebind-timer": %d,
		"hooks-libraries": [{"library": %q}],
		"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", %s,
			"pools": [{"pool": "2001:db8:1::100 - 2001:db8:1::1ff"}],
			"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56}]}]}}`,
		listen, valid, valid*3/4, valid/5, valid*3/5, KeaHook(h.net.t, "libdhcp_lease_cmds.so"), link))
}

// leases returns what lease6-get-all says, with states in which they are used.
func (k *Kea) leases(ctx context.Context) (map[string]string, error) {
	answer, err := k.Command(ctx, "lease6-get-all", nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Leases []struct {
			Addr  netip.Addr `json:"ip-address"`
			Type  string     `json:"type"`
			State int        `json:"state"`
		} `json:"leases"`
	}
	if err := json.Unmarshal(answer.Arguments, &list); err != nil && answer.Result == 0 {
		return nil, err
	}
	found := map[string]string{}
	for _, l := range list.Leases {
		found[l.Addr.String()] = fmt.Sprint(l.Type, " ", l.State)
	}
	return found, nil
}

const dhcp6cConfig = `
interface eth0 { send ia-na 1; send ia-pd 2; request domain-name-servers; script "/bin/true"; };
id-assoc na 1 { };
id-assoc pd 2 { prefix-interface eth1 { sla-id 1; sla-len 8; }; };
`

func TestClients6(t *testing.T) {
	tests := map[string]struct {
		start func(*Host) *Client
		again []string // what it reports after a restart
	}{
		"dhclient": {func(h *Host) *Client { return h.Dhclient6("eth0", "-N", "-P") }, []string{Rebind, Reboot}},
		"dhcpcd":   {func(h *Host) *Client { return h.Dhcpcd6("eth0", "ia_na 1", "ia_pd 2 eth1/1") }, []string{Rebind, Reboot, Renew}},
		"dhcp6c":   {func(h *Host) *Client { return h.Dhcp6c("eth0", dhcp6cConfig) }, []string{Bound}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Require(t, name, "kea-dhcp6")
			n := New(t)
			lan := n.LAN()
			server, client := n.Host("server"), n.Host("client")
			server.Join(lan, "eth0", "2001:db8:1::1/64")
			client.Join(lan, "eth0")
			client.Join(n.LAN(), "eth1")
			kea := startKea6(server, 40, "")
			ctx := within(t, 100*time.Second)

			c := tt.start(client)
			var addr netip.Addr
			var prefix netip.Prefix
			await := func(kinds ...string) {
				addr, prefix = netip.Addr{}, netip.Prefix{}
				for !addr.IsValid() || !prefix.IsValid() { // dhclient reports them one by one
					e := c.Await(ctx, kinds...)
					require.Equal(t, 40*time.Second, e.Lease)
					if e.Addr.IsValid() {
						addr = e.Addr
					}
					if e.Prefix.IsValid() {
						prefix = e.Prefix
					}
				}
			}
			await(Bound)
			require.True(t, netip.MustParsePrefix("2001:db8:1::/64").Contains(addr), "%v", addr)
			require.True(t, netip.MustParsePrefix("2001:db8:8000::/40").Contains(prefix.Addr()), "%v", prefix)
			require.Equal(t, 56, prefix.Bits())
			Until(ctx, t, "the address is set", func() error {
				for _, p := range client.Addrs("eth0") {
					if p.Addr() == addr {
						return nil
					}
				}
				return errors.New("it is not")
			})
			first, firstPrefix := addr, prefix
			await(Renew)
			require.Equal(t, first, addr)
			require.Equal(t, firstPrefix, prefix)
			c.Restart()
			await(tt.again...)
			require.Equal(t, first, addr)
			require.Equal(t, firstPrefix, prefix)

			found, err := kea.leases(ctx)
			require.NoError(t, err)
			require.Equal(t, map[string]string{addr.String(): "IA_NA 0", prefix.Addr().String(): "IA_PD 0"}, found)
			require.FileExists(t, kea.LeaseFile)
			c.Release(ctx)
			Until(ctx, t, "the leases are gone", func() error {
				found, err := kea.leases(ctx)
				if err == nil && len(found) > 0 {
					err = fmt.Errorf("they are %v", found)
				}
				return err
			})
		})
	}
}

// dhclient finds its address in use, and declines it.
func TestClient6Declines(t *testing.T) {
	t.Parallel()
	Require(t, "dhclient", "kea-dhcp6")
	n := New(t)
	lan := n.LAN()
	server, squatter, client := n.Host("server"), n.Host("squatter"), n.Host("client")
	server.Join(lan, "eth0", "2001:db8:1::1/64")
	squatter.Join(lan, "eth0", "2001:db8:1::100/64")
	client.Join(lan, "eth0")
	client.Sysctl("net/ipv6/conf/eth0/accept_dad", "1")
	kea := startKea6(server, 4000, "")
	ctx := within(t, 60*time.Second)
	c := client.Dhclient6("eth0")
	require.Equal(t, netip.MustParseAddr("2001:db8:1::100"), c.Await(ctx, Decline).Addr)
	require.Equal(t, netip.MustParseAddr("2001:db8:1::101"), c.Await(ctx, Bound).Addr)
	found, err := kea.leases(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"2001:db8:1::100": "IA_NA 1", "2001:db8:1::101": "IA_NA 0"}, found)
}
