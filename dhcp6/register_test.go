package dhcp6

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// RFC 9686.
func TestRegistration(t *testing.T) {
	t.Parallel()
	const own = "2001:db8:1::abcd"
	address := func(addr string, preferred, valid uint32) mod {
		return with(prefixOption(lease.NA, wished(addr).prefix, preferred, valid))
	}
	b := newBench(t, oneSubnet(`, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["2001:db8:1::77"]}]`), nil)
	b.put(of(3, 1, addr10), of(4, 1, prefix1))
	m := b.ask(register, 7, address(own, 100, 200), from(own), fqdn(0, "\x02me\x03lan\x00"))
	require.Equal(t, typeRegistered, m.MessageType)
	require.Equal(t, prefixOption(lease.NA, wished(own).prefix, 100, 200).ToBytes(), m.GetOneOption(dhcpv6.OptionIAAddr).ToBytes())
	l := b.stored(own)
	require.Equal(t, lease.Lease{
		Type: lease.NA, Addr: l.Addr, ClientID: duid(7), HWAddr: []byte{2, 0, 0, 0, 0, 7}, HWType: 1, HWSource: uint32(fromDUID), SubnetID: 1,
		CLTT: l.CLTT, ValidLft: 200, PreferredLft: 100, Hostname: "me.lan.", State: lease.Registered, Revision: l.Revision,
	}, *l)
	require.EqualValues(t, 1, b.stat("registered-nas"))

	relayedFrom := func(peer string) mod {
		return relayed(agent("::", "2001:db8:9::1"), agent("2001:db8:1::1", peer))
	}
	require.NotNil(t, b.ask(register, 8, address(own, 1, 2), relayedFrom(own)), "another client may take it over")
	require.Equal(t, duid(8), b.stored(own).ClientID)
	require.NotNil(t, b.ask(register, 4, address("2001:db8:f00:100::5", 1, 2), from("2001:db8:f00:100::5")), "of a prefix of the client's own")

	for name, mods := range map[string][]mod{
		"not where it comes from":    {address(own, 1, 2), from("2001:db8:1::eeee")},
		"nor the relay agent's peer": {address(own, 1, 2), relayedFrom("2001:db8:1::eeee")},
		"of another link":            {address(elsewhere, 1, 2), from(elsewhere)},
		"of somebody else's prefix":  {address("2001:db8:f00:100::5", 1, 2), from("2001:db8:f00:100::5")},
		"a lease":                    {address(addr10, 1, 2), from(addr10)},
		"reserved":                   {address("2001:db8:1::77", 1, 2), from("2001:db8:1::77")},
		"no address":                 {from(own)},
		"two addresses":              {address(own, 1, 2), address(own, 1, 2), from(own)},
		"an ORO":                     {address(own, 1, 2), from(own), oro(23)},
		"an IA":                      {address(own, 1, 2), from(own), na(0)},
		"a server":                   {address(own, 1, 2), from(own), toServer(serverDUIDText)},
		"nobody":                     {address(own, 1, 2), from(own), without(dhcpv6.OptionClientID)},
	} {
		require.Equal(t, "silence", short(b.ask(register, 8, mods...)), name)
	}
	require.NotNil(t, b.ask(register, 7, address(own, 0, 0), from(own)), "somebody else's end")
	require.NotNil(t, b.stored(own))
	require.NotNil(t, b.ask(register, 8, address(own, 0, 0), from(own)))
	require.Nil(t, b.stored(own), "it is not used any more")

	require.NotNil(t, b.ask(solicit, 1, oro(148)).GetOneOption(optRegisterEnable))
	require.Nil(t, b.ask(solicit, 1, oro(23)).GetOneOption(optRegisterEnable))
	b = newBench(t, oneSubnet("", `, "allow-address-registration": false`), nil)
	require.Equal(t, "silence", short(b.ask(register, 7, address(own, 1, 2), from(own))))
	require.Nil(t, b.ask(solicit, 1, oro(148)).GetOneOption(optRegisterEnable))
}

// A link has more addresses than a server has memory, and a client as many DUIDs
// as it likes.
func TestRegistrationsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(""), nil)
	tell := func(client byte, addr string, valid uint32) bool {
		return b.ask(register, client, with(prefixOption(lease.NA, wished(addr).prefix, valid, valid)), from(addr)) != nil
	}
	number := func(i int) netip.Addr {
		return netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 2: 0xd, 3: 0xb8, 5: 1, 11: 1, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)})
	}
	require.True(t, tell(7, number(0).String(), lease.Infinite))
	l := b.stored(number(0).String())
	require.EqualValues(t, 30*24*60*60, l.ValidLft)
	require.EqualValues(t, 30*24*60*60, l.PreferredLft)

	for i := range maxOwnRegistered - 1 {
		require.True(t, tell(7, number(1+i).String(), 100))
	}
	require.False(t, tell(7, number(maxOwnRegistered).String(), 100))
	require.True(t, tell(7, number(1).String(), 200), "one that it has registered")
	require.EqualValues(t, 200, b.stored(number(1).String()).ValidLft)
	require.True(t, tell(7, number(1).String(), 0))
	require.True(t, tell(7, number(maxOwnRegistered).String(), 100))

	var others []lease.Change
	for i := range maxRegistered - maxOwnRegistered {
		l := of(8, 0, number(1000+i).String())
		l.State, l.SubnetID, l.ClientID = lease.Registered, 1, fmt.Append(nil, "client", i)
		others = append(others, lease.Change{Lease: l})
	}
	require.NoError(t, b.store.Commit(t.Context(), others...))
	require.False(t, tell(9, number(1).String(), 100))
	require.True(t, tell(9, number(2).String(), 100), "one that another client has registered")
	require.True(t, tell(9, number(1).String(), 0), "that it is not used is always taken")
	require.True(t, tell(9, number(2).String(), 0))
	require.True(t, tell(9, number(1).String(), 100))
	require.Equal(t, "REPLY NA1["+addr10+"]", short(b.ask(request, 9, na(1))), "leases are not bounded by that")
}

// RFC 9686, section 4.2.1: who has used an address can be seen in the log.
func TestRegistrationsInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, oneSubnet(""), &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	const own = "2001:db8:1::abcd"
	tell := func(valid uint32) string {
		log.Reset()
		require.NotNil(t, b.ask(register, 7, with(prefixOption(lease.NA, wished(own).prefix, 100, valid)), from(own)))
		return log.String()
	}
	for _, valid := range []uint32{200, 300, 0} {
		require.Regexp(t, fmt.Sprintf(`msg="address registered" client.hw-address=02:00:00:00:00:07 client.duid=\S+ address=%s subnet=1 seconds=%d`, own, valid), tell(valid))
	}
}

// Nobody fills a disk by what is not registered.
func TestRefusedRegistrationsInTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := newBench(t, oneSubnet(""), &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 100 {
			require.Nil(t, b.ask(register, 7, with(prefixOption(lease.NA, wished(elsewhere).prefix, 1, 2)), from(elsewhere)))
		}
		require.Equal(t, engine.ThrottleBurst, strings.Count(log.String(), "address not registered"))
		require.Contains(t, log.String(), "not of the client's link")
	})
}

// The subnets of a shared network are one link, each with reservations of its own.
func TestRegistrationInASharedNetwork(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"shared-networks": [{"name": "n", "interface": "eth0", "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64"}, {"id": 2, "subnet": "2001:db8:2::/64",
		"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["2001:db8:2::77"]}]}]}]`, nil)
	tell := func(addr string) *dhcpv6.Message {
		return b.ask(register, 3, with(prefixOption(lease.NA, wished(addr).prefix, 100, 200)), from(addr))
	}
	require.NotNil(t, tell("2001:db8:1::77"))
	require.EqualValues(t, 1, b.stored("2001:db8:1::77").SubnetID)
	require.NotNil(t, tell("2001:db8:2::78"))
	require.EqualValues(t, 2, b.stored("2001:db8:2::78").SubnetID)
	require.Nil(t, tell("2001:db8:2::77"), "it is reserved")
}
