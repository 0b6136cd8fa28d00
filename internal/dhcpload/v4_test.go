package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

var (
	relay4 = netip.MustParseAddr("192.0.2.1")
	offer4 = answer{server: []byte{198, 51, 100, 1}, leases: [2]lease{{what: netip.MustParsePrefix("192.0.2.7/32")}}}
)

// Another implementation must read what is built.
func TestV4Queries(t *testing.T) {
	t.Parallel()
	q := query{takes, 0xfeedfa, 0xff0102030405, 3 * time.Second, offer4}
	m, err := dhcpv4.FromBytes(v4{relay4}.query(nil, &q))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeRequest, m.MessageType())
	require.Equal(t, dhcpv4.TransactionID{0, 0xfe, 0xed, 0xfa}, m.TransactionID)
	require.Equal(t, "fe:01:02:03:04:05", m.ClientHWAddr.String(), "unicast, locally administered")
	require.Equal(t, "192.0.2.1", m.GatewayIPAddr.String())
	require.Equal(t, "192.0.2.7", m.RequestedIPAddress().String())
	require.Equal(t, "198.51.100.1", m.ServerIdentifier().String())
	require.Equal(t, append([]byte{1}, m.ClientHWAddr...), m.Options.Get(dhcpv4.OptionClientIdentifier))
	require.EqualValues(t, 3, m.NumSeconds)

	q.step = renews
	m, err = dhcpv4.FromBytes(v4{relay4}.query(nil, &q))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeRequest, m.MessageType())
	require.Equal(t, "192.0.2.7", m.ClientIPAddr.String())
	require.Nil(t, m.RequestedIPAddress(), "RFC 2131, section 4.3.2")
	require.Nil(t, m.ServerIdentifier())

	q.step = rebinds
	again, err := dhcpv4.FromBytes(v4{relay4}.query(nil, &q))
	require.NoError(t, err)
	require.Equal(t, m, again, "what differs is to whom a client sends it")

	q.step = returns
	m, err = dhcpv4.FromBytes(v4{relay4}.query(nil, &q))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeRelease, m.MessageType())
	require.Equal(t, "192.0.2.7", m.ClientIPAddr.String())
	require.Equal(t, "198.51.100.1", m.ServerIdentifier().String())

	d, err := dhcpv4.FromBytes(v4{relay4}.query(nil, &query{step: asks, client: 1}))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeDiscover, d.MessageType())
	require.Nil(t, d.RequestedIPAddress())
}

func TestV4Parse(t *testing.T) {
	t.Parallel()
	m, err := dhcpv4.New(
		dhcpv4.WithTransactionID(dhcpv4.TransactionID{0, 0, 1, 2}),
		dhcpv4.WithHwAddr([]byte{2, 0, 0, 0, 0, 9}),
		dhcpv4.WithMessageType(dhcpv4.MessageTypeAck),
		dhcpv4.WithYourIP(netip.MustParseAddr("192.0.2.7").AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(netip.MustParseAddr("198.51.100.1").AsSlice())),
		dhcpv4.WithLeaseTime(3600))
	require.NoError(t, err)
	m.OpCode = dhcpv4.OpcodeBootReply
	var a answer
	require.True(t, v4{}.parse(m.ToBytes(), &a))
	want := answer{kind: granted, xid: 0x102, hw: client(9).hwAddr(), server: offer4.server, leases: offer4.leases}
	want.leases[0].seconds = 3600
	require.Equal(t, want, a)

	require.False(t, v4{}.parse(v4{relay4}.query(nil, &query{step: asks}), &a), "a client's")
}

func FuzzV4Parse(f *testing.F) {
	ack := v4{relay4}.query(nil, &query{step: takes, has: offer4})
	ack[0], ack[offOptions+2] = 2, 5
	f.Add(ack)
	f.Add(ack[:len(ack)-3])
	f.Add(append(ack[:offOptions:offOptions], optPad, optPad, optMessageType, 1, 5))
	f.Fuzz(func(t *testing.T, p []byte) {
		var a answer
		if (v4{}).parse(p, &a) {
			require.NotZero(t, a.kind)
			require.True(t, a.leases[0].what.Addr().Is4())
		}
	})
}
