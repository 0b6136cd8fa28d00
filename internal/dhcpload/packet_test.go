package main

import (
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

var relay = netip.MustParseAddr("192.0.2.1")

// Another implementation must read what is built.
func TestBuild(t *testing.T) {
	t.Parallel()
	p := build(relay, query{typ: request, xid: 0xfeedface, client: 0xff0102030405, requested: netip.MustParseAddr("192.0.2.7"), server: netip.MustParseAddr("198.51.100.1")})
	setSecs(p, 3)
	m, err := dhcpv4.FromBytes(p)
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeRequest, m.MessageType())
	require.Equal(t, dhcpv4.TransactionID{0xfe, 0xed, 0xfa, 0xce}, m.TransactionID)
	require.Equal(t, "fe:01:02:03:04:05", m.ClientHWAddr.String(), "unicast, locally administered")
	require.Equal(t, "192.0.2.1", m.GatewayIPAddr.String())
	require.Equal(t, "192.0.2.7", m.RequestedIPAddress().String())
	require.Equal(t, "198.51.100.1", m.ServerIdentifier().String())
	require.Equal(t, append([]byte{1}, m.ClientHWAddr...), m.Options.Get(dhcpv4.OptionClientIdentifier))
	require.EqualValues(t, 3, m.NumSeconds)

	d, err := dhcpv4.FromBytes(build(relay, query{typ: discover, xid: 1, client: 1}))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeDiscover, d.MessageType())
	require.Nil(t, d.RequestedIPAddress())
}

func TestParse(t *testing.T) {
	t.Parallel()
	m, err := dhcpv4.New(
		dhcpv4.WithTransactionID(dhcpv4.TransactionID{0, 0, 1, 2}),
		dhcpv4.WithMessageType(dhcpv4.MessageTypeAck),
		dhcpv4.WithYourIP(netip.MustParseAddr("192.0.2.7").AsSlice()),
		dhcpv4.WithServerIP(nil),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(netip.MustParseAddr("198.51.100.1").AsSlice())),
		dhcpv4.WithLeaseTime(3600))
	require.NoError(t, err)
	m.OpCode = dhcpv4.OpcodeBootReply
	a, ok := parse(m.ToBytes())
	require.True(t, ok)
	require.Equal(t, answer{typ: ack, xid: 0x102, addr: netip.MustParseAddr("192.0.2.7"), server: netip.MustParseAddr("198.51.100.1"), lease: 3600}, a)

	_, ok = parse(build(relay, query{typ: discover})) // a client's
	require.False(t, ok)
}

func FuzzParse(f *testing.F) {
	reply := build(relay, query{typ: request, requested: relay, server: relay})
	reply[0] = 2
	f.Add(reply)
	f.Add(reply[:len(reply)-3])
	f.Add(append(reply[:offOptions:offOptions], optPad, optPad, optMessageType, 1, ack))
	f.Fuzz(func(t *testing.T, p []byte) {
		if a, ok := parse(p); ok {
			require.NotZero(t, a.typ)
			require.True(t, a.addr.Is4())
		}
	})
}
