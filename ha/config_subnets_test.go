package ha_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func TestCheckServerNames(t *testing.T) {
	hub := []*ha.Config{
		{Peers: []ha.Peer{{Name: "a"}, {Name: "b"}}},
		{Peers: []ha.Peer{{Name: "c"}, {Name: "d"}}},
	}
	subnet := func(id uint32, server string) ctrl.Subnet {
		return ctrl.Subnet{ID: id, Prefix: netip.MustParsePrefix("192.0.2.0/24"), Server: server}
	}
	good := []ctrl.Subnet{subnet(1, "a"), subnet(2, "d"), subnet(3, "")}
	bad := append(good, subnet(4, "x"), subnet(5, "A"))
	require.NoError(t, ha.CheckServerNames(hub, slices.Values(good)))
	require.NoError(t, ha.CheckServerNames(hub[:1], slices.Values(bad)))
	require.EqualError(t, ha.CheckServerNames(hub, slices.Values(bad)), "ha: configuration: "+
		`subnet 4, 192.0.2.0/24, has the ha-server-name "x", and no relationship has such a peer`+"\n"+
		`subnet 5, 192.0.2.0/24, has the ha-server-name "A", and no relationship has such a peer`)
}

func TestForgottenFamily(t *testing.T) {
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	defer store.Close()
	for prefix, family := range map[string]ctrl.Family{"2001:db8::/64": 0, "192.0.2.0/24": ctrl.V6} {
		server, err := ha.New([]*ha.Config{{
			ThisServerName: "server1",
			Mode:           ha.PassiveBackup,
			Peers:          []ha.Peer{{Name: "server1", URL: "http://127.0.0.1:1/", Role: ha.Primary}},
		}}, store, &ha.Options{Family: family})
		require.NoError(t, err)
		err = server.Run(t.Context(), nil, subnets{{ID: 7, Prefix: netip.MustParsePrefix(prefix)}})
		require.ErrorContains(t, err, "subnet 7 is "+prefix)
	}
}
