package dhcp6

import (
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

func TestHardwareAddress(t *testing.T) {
	t.Parallel()
	named := func(duid ...byte) mod {
		return func(q *Query) {
			q.Message.Options.Del(dhcpv6.OptionClientID)
			opt(dhcpv6.OptionClientID, duid...)(q)
		}
	}
	anonymous := named(0, 2, 0, 0, 0, 1, 7)
	linkAddr := raw(dhcpv6.OptionClientLinkLayerAddr, []byte{0, 6, 2, 0, 0, 0, 0, 3})
	remote := raw(dhcpv6.OptionRemoteID, []byte{0, 0, 0, 9, 2, 0, 0, 0, 0, 4})
	cmts := raw(dhcpv6.OptionVendorOpts, []byte("\x00\x00\x11\x8b\x00\x24\x00\x01x\x04\x02\x00\x06\x02\x00\x00\x00\x00\x05"))
	modem := opt(dhcpv6.OptionVendorOpts, []byte("\x00\x00\x11\x8b\x04\x02\x00\x01x\x00\x24\x00\x06\x02\x00\x00\x00\x00\x06")...)
	unique := from("fe80::200:5eff:fe00:2%eth0")
	long := make([]byte, 4+21)
	for name, c := range map[string]struct {
		sources string
		mods    []mod
		hw      string
		typ     uint16
		from    macSource
	}{
		"DUID-LL":                     {``, []mod{named(0, 3, 0, 6, 2, 9)}, "\x02\x09", 6, fromDUID},
		"DUID-LLT":                    {``, []mod{named(0, 1, 0, 1, 0, 0, 0, 9, 2, 8)}, "\x02\x08", 1, fromDUID},
		"DUID-LL without address":     {``, []mod{named(0, 3, 0, 1)}, "", 0, 0},
		"DUID-LLT without address":    {``, []mod{named(0, 1, 0, 1, 0, 0, 0, 9)}, "", 0, 0},
		"too long":                    {``, []mod{named(append([]byte{0, 3, 0, 1}, long[4:]...)...)}, "", 0, 0},
		"as long as can be":           {``, []mod{named(append([]byte{0, 3, 0, 1}, long[5:]...)...)}, string(long[5:]), 1, fromDUID},
		"link-local":                  {``, []mod{anonymous, unique}, "\x00\x00\x5e\x00\x00\x02", 1, fromLinkLocal},
		"link-local, not unique":      {``, []mod{anonymous, from("fe80::ff:fe00:2")}, "", 0, 0},
		"link-local, not of hardware": {``, []mod{anonymous, from("fe80::200:5e00:1:2")}, "", 0, 0},
		"not link-local":              {``, []mod{anonymous, from("2001:db8::200:5eff:fe00:2")}, "", 0, 0},
		"IPv4":                        {``, []mod{anonymous, from("192.0.2.1")}, "", 0, 0},
		"relayed link-local":          {``, []mod{anonymous, relayed(agent("::", "fe80::200:5eff:fe00:9"), agent("::", "fe80::200:5eff:fe00:2"))}, "\x00\x00\x5e\x00\x00\x02", 1, fromLinkLocal},
		"option":                      {``, []mod{relayed(agent("::", "fe80::1", linkAddr))}, "\x02\x00\x00\x00\x00\x03", 6, fromLinkAddrOption},
		"empty option":                {``, []mod{anonymous, relayed(agent("::", "fe80::1", raw(79, []byte{0, 1})))}, "", 0, 0},
		"option of another agent":     {``, []mod{anonymous, relayed(agent("::", "fe80::1", linkAddr), agent("::", "fe80::1"))}, "", 0, 0},
		"remote-id":                   {``, []mod{anonymous, relayed(agent("::", "fe80::1", remote))}, "\x02\x00\x00\x00\x00\x04", 1, fromRemoteID},
		"remote-id of another agent":  {``, []mod{anonymous, relayed(agent("::", "fe80::1", remote), agent("::", "fe80::1"))}, "", 0, 0},
		"empty remote-id":             {``, []mod{anonymous, relayed(agent("::", "fe80::1", raw(37, make([]byte, 4))))}, "", 0, 0},
		"subscriber-id":               {`"subscriber-id", "any"`, []mod{anonymous, relayed(agent("::", "fe80::1", raw(38, []byte{2, 0, 0, 0, 0, 4})))}, "", 0, 0},
		"CMTS":                        {``, []mod{anonymous, relayed(agent("::", "fe80::1", cmts), agent("::", "fe80::1"))}, "\x02\x00\x00\x00\x00\x05", 1, fromCMTS},
		"modem":                       {``, []mod{anonymous, modem}, "\x02\x00\x00\x00\x00\x06", 1, fromModem},
		"another enterprise":          {``, []mod{anonymous, opt(dhcpv6.OptionVendorOpts, []byte("\x00\x00\x11\x8c\x00\x24\x00\x01x")...)}, "", 0, 0},
		"only what is configured":     {`"docsis-modem", "rfc4649"`, []mod{relayed(agent("::", "fe80::1", linkAddr))}, "", 0, 0},
		"in the configured order":     {`"rfc4649", "duid", "rfc6939"`, []mod{relayed(agent("::", "fe80::1", linkAddr, remote))}, "\x02\x00\x00\x00\x00\x04", 1, fromRemoteID},
		"the next":                    {`"rfc4649", "duid", "rfc6939"`, []mod{relayed(agent("::", "fe80::1", linkAddr))}, "\x02\x00\x00\x00\x00\x07", 1, fromDUID},
		"raw, then any":               {`"raw", "any"`, nil, "\x02\x00\x00\x00\x00\x07", 1, fromDUID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sources := ""
			if c.sources != "" {
				sources = `, "mac-sources": [` + c.sources + `]`
			}
			x := located(t, oneSubnet("", sources), queryOf(solicit, 7, c.mods...))
			require.Equal(t, c.hw, string(x.client.HWAddr))
			require.Equal(t, c.typ, x.hwType)
			require.Equal(t, c.from, macSource(x.hwSource))
		})
	}
}

func TestHardwareAddressSourceNumbers(t *testing.T) {
	t.Parallel()
	// Kea's, which are in leases and lease files.
	require.Equal(t, []macSource{1, 2, 4, 8, 16, 32, 64, 128},
		[]macSource{fromRaw, fromDUID, fromLinkLocal, fromLinkAddrOption, fromRemoteID, fromSubscriberID, fromCMTS, fromModem})
	_, err := macSourcesOf([]string{"duid", "mac"})
	require.ErrorContains(t, err, `mac-sources: "mac" is none`)
	require.Nil(t, hwAddrInAddress(netip.Addr{}))
}
