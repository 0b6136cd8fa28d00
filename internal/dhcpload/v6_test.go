package main

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"github.com/stretchr/testify/require"
)

var (
	relay6     = v6{link: netip.MustParseAddr("2001:db8::1"), pd: true}
	serverDUID = []byte{0, 2, 0, 0, 0, 9, 1, 2, 3}
	offer6     = answer{server: serverDUID, leases: [2]lease{
		{netip.MustParsePrefix("2001:db8::7/128"), 3600},
		{netip.MustParsePrefix("2001:db8:1::/56"), 7200},
	}}
)

// inner reads a query with another implementation.
func inner(t *testing.T, p []byte) (*dhcpv6.RelayMessage, *dhcpv6.Message) {
	t.Helper()
	d, err := dhcpv6.FromBytes(p)
	require.NoError(t, err)
	require.Equal(t, dhcpv6.MessageTypeRelayForward, d.Type())
	m, err := d.GetInnerMessage()
	require.NoError(t, err)
	return d.(*dhcpv6.RelayMessage), m
}

func TestV6Queries(t *testing.T) {
	t.Parallel()
	q := query{takes, 0xfeedfa, 0xff0102030405, 3 * time.Second, offer6}
	outer, m := inner(t, relay6.query(nil, &q))
	require.Equal(t, "2001:db8::1", outer.LinkAddr.String())
	require.Equal(t, "fe80::fc01:2ff:fe03:405", outer.PeerAddr.String())
	require.Equal(t, dhcpv6.MessageTypeRequest, m.MessageType)
	require.Equal(t, dhcpv6.TransactionID{0xfe, 0xed, 0xfa}, m.TransactionID)
	require.Equal(t, &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: net.HardwareAddr{0xfe, 1, 2, 3, 4, 5}}, m.Options.ClientID())
	require.Equal(t, serverDUID, m.Options.ServerID().ToBytes())
	require.Equal(t, 3*time.Second, m.Options.ElapsedTime())
	require.True(t, m.IsOptionRequested(dhcpv6.OptionDNSRecursiveNameServer))
	na := m.Options.OneIANA()
	require.Equal(t, [4]byte{0, 0, 0, 1}, na.IaId)
	require.Equal(t, "2001:db8::7", na.Options.OneAddress().IPv6Addr.String())
	pd := m.Options.OneIAPD()
	require.Equal(t, [4]byte{0, 0, 0, 1}, pd.IaId)
	require.Equal(t, "2001:db8:1::/56", pd.Options.Prefixes()[0].Prefix.String())

	options := m.Options
	q.step = renews
	_, m = inner(t, relay6.query(nil, &q))
	require.Equal(t, dhcpv6.MessageTypeRenew, m.MessageType)
	require.Equal(t, options, m.Options)

	q.step = returns
	_, m = inner(t, relay6.query(nil, &q))
	require.Equal(t, dhcpv6.MessageTypeRelease, m.MessageType)
	require.Equal(t, options, m.Options)

	q.step = rebinds
	_, m = inner(t, relay6.query(nil, &q))
	require.Equal(t, dhcpv6.MessageTypeRebind, m.MessageType)
	require.Nil(t, m.Options.ServerID(), "any server may answer")
	require.Equal(t, options.OneIANA(), m.Options.OneIANA())

	first := &query{step: asks}
	_, m = inner(t, v6{link: relay6.link, rapid: true}.query(nil, first))
	require.Equal(t, dhcpv6.MessageTypeSolicit, m.MessageType)
	require.Len(t, m.Options.Get(dhcpv6.OptionRapidCommit), 1)
	require.Empty(t, m.Options.OneIANA().Options.Addresses())
	require.Nil(t, m.Options.OneIAPD())
	require.Zero(t, m.Options.ElapsedTime())
	_, m = inner(t, relay6.query(nil, first))
	require.Empty(t, m.Options.Get(dhcpv6.OptionRapidCommit))
	require.Empty(t, m.Options.OneIAPD().Options.Prefixes())
}

func TestV6ElapsedTimeHasABound(t *testing.T) {
	t.Parallel()
	_, m := inner(t, relay6.query(nil, &query{step: asks, elapsed: time.Hour}))
	require.Equal(t, 0xffff*10*time.Millisecond, m.Options.ElapsedTime())
}

// answer6 is the answer to a query, with the given options behind the DUIDs.
func answer6(t testing.TB, query []byte, typ dhcpv6.MessageType, options ...dhcpv6.Option) []byte {
	t.Helper()
	d, err := dhcpv6.RelayMessageFromBytes(query)
	require.NoError(t, err)
	q, err := d.GetInnerMessage()
	require.NoError(t, err)
	m := &dhcpv6.Message{MessageType: typ, TransactionID: q.TransactionID}
	m.AddOption(q.GetOneOption(dhcpv6.OptionClientID))
	m.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionServerID, OptionData: serverDUID})
	for _, o := range options {
		m.AddOption(o)
	}
	r, err := dhcpv6.NewRelayReplFromRelayForw(d, m)
	require.NoError(t, err)
	return r.ToBytes()
}

func address6(l lease) dhcpv6.Option {
	return &dhcpv6.OptIANA{Options: dhcpv6.IdentityOptions{Options: dhcpv6.Options{
		&dhcpv6.OptIAAddress{IPv6Addr: l.what.Addr().AsSlice(), ValidLifetime: time.Duration(l.seconds) * time.Second},
	}}}
}

func prefix6(l lease) dhcpv6.Option {
	return &dhcpv6.OptIAPD{Options: dhcpv6.PDOptions{Options: dhcpv6.Options{&dhcpv6.OptIAPrefix{
		ValidLifetime: time.Duration(l.seconds) * time.Second,
		Prefix:        &net.IPNet{IP: l.what.Addr().AsSlice(), Mask: net.CIDRMask(l.what.Bits(), 128)},
	}}}}
}

var noAddress = &dhcpv6.OptIANA{Options: dhcpv6.IdentityOptions{Options: dhcpv6.Options{
	&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoAddrsAvail},
}}}

func TestV6Parse(t *testing.T) {
	t.Parallel()
	asked := relay6.query(nil, &query{step: asks, xid: 0x102, client: 9})
	want := answer{kind: offered, xid: 0x102, hw: client(9).hwAddr(), server: serverDUID, leases: offer6.leases}
	var a, kept answer
	require.True(t, relay6.parse(answer6(t, asked, dhcpv6.MessageTypeAdvertise, address6(offer6.leases[0]), prefix6(offer6.leases[1])), &a))
	kept.keep(&a)
	require.Equal(t, want, kept)
	require.True(t, relay6.parse(answer6(t, asked, dhcpv6.MessageTypeReply, prefix6(offer6.leases[1]), address6(offer6.leases[0])), &a))
	kept.keep(&a)
	want.kind = granted
	require.Equal(t, want, kept)
	require.Equal(t, "2001:db8::7", a.leases[0].String())
	require.Equal(t, "2001:db8:1::/56", a.leases[1].String())

	require.False(t, relay6.parse(asked, &a), "a relay agent's")
	require.False(t, relay6.parse(answer6(t, asked, dhcpv6.MessageTypeReconfigure), &a))
}

func TestV6AnswersWithoutWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	asked := relay6.query(nil, &query{step: asks})
	zero := offer6.leases[1]
	zero.seconds = 0
	for name, options := range map[string][]dhcpv6.Option{
		"nothing":        nil,
		"no prefix":      {address6(offer6.leases[0])},
		"no address":     {noAddress, prefix6(offer6.leases[1])},
		"prefix is gone": {address6(offer6.leases[0]), prefix6(zero)},
	} {
		var a answer
		require.True(t, relay6.parse(answer6(t, asked, dhcpv6.MessageTypeReply, options...), &a), name)
		require.Equal(t, refused, a.kind, name)
	}
	var a answer
	require.True(t, v6{}.parse(answer6(t, asked, dhcpv6.MessageTypeReply, address6(offer6.leases[0])), &a))
	require.Equal(t, granted, a.kind, "no prefix was asked for")
}

func TestV6ClientKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	asked := relay6.query(nil, &query{step: asks})
	addr := func(text string, seconds uint32) lease { return lease{netip.MustParsePrefix(text + "/128"), seconds} }
	first, second := addr("2001:db8::1", 60), addr("2001:db8::2", 60)
	gone := func(l lease) lease { return lease{l.what, 0} }
	for _, test := range []struct {
		has  lease
		then []lease
		want lease
	}{
		{first, []lease{first, second}, first},
		{second, []lease{first, second}, second},
		{lease{}, []lease{first, second}, first},
		{first, []lease{gone(first), second}, second},
		{first, []lease{second, gone(first)}, second},
		{second, []lease{gone(first), second}, second},
		{first, []lease{gone(first), gone(second)}, lease{}},
	} {
		option := address6(test.then[0])
		ia := &option.(*dhcpv6.OptIANA).Options
		ia.Add(address6(test.then[1]).(*dhcpv6.OptIANA).Options.OneAddress())
		var a answer
		require.True(t, v6{}.parse(answer6(t, asked, dhcpv6.MessageTypeReply, option), &a))
		require.Equal(t, test.want.seconds == 0, a.kind == refused, test)
		a.prefer([2]lease{test.has})
		require.Equal(t, test.want, a.leases[0], test)
	}
}

func FuzzV6Parse(f *testing.F) {
	asked := relay6.query(nil, &query{step: asks})
	p := answer6(f, asked, dhcpv6.MessageTypeReply, address6(offer6.leases[0]), prefix6(offer6.leases[1]))
	f.Add(p)
	f.Add(p[:len(p)-3])
	f.Add(answer6(f, asked, dhcpv6.MessageTypeAdvertise, noAddress))
	f.Fuzz(func(t *testing.T, p []byte) {
		var a answer
		if !relay6.parse(p, &a) {
			return
		}
		require.NotZero(t, a.kind)
		if a.kind == refused {
			return
		}
		// What was understood can be asked for, and is read alike by another
		// implementation, which wants to understand DUIDs.
		a.server = serverDUID
		_, m := inner(t, relay6.query(nil, &query{step: takes, xid: a.xid, has: a}))
		require.Equal(t, a.leases[0].what.Addr().AsSlice(), []byte(m.Options.OneIANA().Options.OneAddress().IPv6Addr.To16()))
		require.Len(t, m.Options.OneIAPD().Options.Prefixes(), 1)
	})
}
