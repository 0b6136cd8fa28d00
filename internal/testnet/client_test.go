package testnet

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func startKea4(h *Host, valid int) *Kea {
	return h.StartKea("kea-dhcp4", fmt.Sprintf(`{"Dhcp4": {
		"interfaces-config": {"interfaces": ["eth0"]},
		"valid-lifetime": %d, "renew-timer": %d, "rebind-timer": %d,
		"hooks-libraries": [{"library": %q}],
		"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100 - 192.0.2.199"}],
			"option-data": [{"name": "routers", "data": "192.0.2.1"}]}]}}`,
		valid, valid/5, valid*3/4, KeaHook(h.net.t, "libdhcp_lease_cmds.so")))
}

func TestClients(t *testing.T) {
	tests := map[string]struct {
		start func(*Host) *Client
		renew func(*Client)
		again string // what it reports after a restart
	}{
		"dhclient": {func(h *Host) *Client { return h.Dhclient("eth0") }, func(*Client) {}, Reboot},
		"udhcpc":   {func(h *Host) *Client { return h.Udhcpc("eth0") }, func(c *Client) { c.Signal("USR1") }, Bound},
		"dhcpcd":   {func(h *Host) *Client { return h.Dhcpcd("eth0", "--noarp") }, func(*Client) {}, Reboot},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Require(t, name, "kea-dhcp4")
			n := New(t)
			lan := n.LAN()
			server, client := n.Host("server"), n.Host("client")
			server.Join(lan, "eth0", "192.0.2.1/24")
			client.Join(lan, "eth0")
			kea := startKea4(server, 20)
			ctx := within(t, 60*time.Second)

			c := tt.start(client)
			bound := c.Await(ctx, Bound)
			require.True(t, netip.MustParsePrefix("192.0.2.0/24").Contains(bound.Addr), "%v", bound)
			require.Equal(t, netip.MustParseAddr("192.0.2.1"), bound.Server)
			require.Equal(t, 20*time.Second, bound.Lease)
			Until(ctx, t, "the address is set", func() error {
				for _, p := range client.Addrs("eth0") {
					if p == netip.PrefixFrom(bound.Addr, 24) {
						return nil
					}
				}
				return errors.New("it is not")
			})
			tt.renew(c)
			require.Equal(t, bound.Addr, c.Await(ctx, Renew).Addr)
			c.Restart()
			require.Equal(t, bound.Addr, c.Await(ctx, tt.again).Addr)

			answer, err := kea.Command(ctx, "lease4-get", map[string]string{"ip-address": bound.Addr.String()})
			require.NoError(t, err)
			require.Equal(t, 0, answer.Result, answer.Text)
			require.Contains(t, string(answer.Arguments), client.HWAddr("eth0").String())
			require.FileExists(t, kea.LeaseFile)

			c.Release(ctx)
			Until(ctx, t, "the lease is gone", func() error {
				answer, err := kea.Command(ctx, "lease4-get", map[string]string{"ip-address": bound.Addr.String()})
				if err == nil && answer.Result != 3 {
					err = errors.New(answer.Text)
				}
				return err
			})
		})
	}
}
