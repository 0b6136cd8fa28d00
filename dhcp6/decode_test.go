package dhcp6

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// decoded is what a handler is given of a datagram, and the length of the
// client's message.
func decoded(b []byte) (m *dhcpv6.Message, relays []*dhcpv6.RelayMessage, length int, err error) {
	p := new(packet)
	if err := p.read(b); err != nil {
		return nil, nil, 0, err
	}
	m, relays = p.decode()
	return m, relays, len(p.message), nil
}

func TestDecode(t *testing.T) {
	t.Parallel()
	m := messageOf(request, na(1, "2001:db8:1::10 300 400"), pd(2, "2001:db8:f00::/56 500 600", "::/48"), oro(23, 24), fqdn(1, "\x04host"),
		with(dhcpv6.OptElapsedTime(70*time.Millisecond)), opt(dhcpv6.OptionVendorClass, 0, 0, 0, 1, 0, 2, 'h', 'i'),
		with(&dhcpv6.OptIATA{IaId: [4]byte{9}}))
	b := m.ToBytes()
	got, relays, length, err := decoded(b)
	require.NoError(t, err)
	require.Empty(t, relays)
	require.Equal(t, len(b), length)
	require.Equal(t, b, got.ToBytes())
	clear(b) // none of it is used again

	require.Equal(t, m.TransactionID, got.TransactionID)
	require.Equal(t, duid(1), got.Options.ClientID().ToBytes())
	require.IsType(t, &dhcpv6.DUIDLL{}, got.Options.ClientID())
	require.Equal(t, unhex(serverDUIDText), got.Options.ServerID().ToBytes())
	require.Equal(t, "2001:db8:1::10", got.Options.OneIANA().Options.OneAddress().IPv6Addr.String())
	require.Equal(t, 400*time.Second, got.Options.OneIANA().Options.OneAddress().ValidLifetime)
	require.Equal(t, "2001:db8:f00::/56", got.Options.OneIAPD().Options.Prefixes()[0].Prefix.String())
	require.Equal(t, "::/48", got.Options.OneIAPD().Options.Prefixes()[1].Prefix.String())
	require.Equal(t, dhcpv6.OptionCodes{23, 24}, got.Options.RequestedOptions())
	require.Equal(t, []string{"host"}, got.Options.FQDN().DomainName.Labels)
	require.Equal(t, 70*time.Millisecond, got.Options.ElapsedTime())
	require.Equal(t, [][]byte{[]byte("hi")}, got.Options.VendorClass(1))
	require.Equal(t, [4]byte{9}, got.Options.OneIATA().IaId)
}

func TestDecodeRelayed(t *testing.T) {
	t.Parallel()
	far := agent("2001:db8:2::1", "2001:db8:1::1", dhcpv6.OptInterfaceID([]byte("far")))
	far.HopCount = 1
	near := agent("2001:db8:1::1", "fe80::99", &dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("r")}, dhcpv6.OptClientLinkLayerAddress(1, []byte{2, 0, 0, 0, 0, 1}))
	m := messageOf(solicit)
	b := through(m, far, near).ToBytes()
	got, relays, length, err := decoded(b)
	require.NoError(t, err)
	require.Equal(t, len(m.ToBytes()), length)
	require.Equal(t, m.ToBytes(), got.ToBytes())
	require.Len(t, relays, 2)
	require.Equal(t, b, relays[0].ToBytes())
	require.Same(t, relays[1], relays[0].Options.RelayMessage())
	require.Same(t, got, relays[1].Options.RelayMessage())
	require.EqualValues(t, 1, relays[0].HopCount)
	require.Equal(t, []byte("far"), relays[0].Options.InterfaceID())
	require.Equal(t, []byte("r"), relays[1].Options.RemoteID().RemoteID)
	typ, mac := relays[1].Options.ClientLinkLayerAddress()
	require.EqualValues(t, 1, typ)
	require.Equal(t, "02:00:00:00:00:01", mac.String())
}

// Options that the server acts on must be well formed; what others hold is for
// those who know.
func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	address := optionOn(dhcpv6.OptionIAAddr, make([]byte, 24)...)
	ia := make([]byte, 12)
	for name, tt := range map[string]struct {
		option []byte
		ok     bool
	}{
		"IA_NA":                        {optionOn(dhcpv6.OptionIANA, ia...), true},
		"IA_NA too short":              {optionOn(dhcpv6.OptionIANA, ia[1:]...), false},
		"IA_TA too short":              {optionOn(dhcpv6.OptionIATA, 1, 2, 3), false},
		"IA_PD too short":              {optionOn(dhcpv6.OptionIAPD, ia[1:]...), false},
		"option beyond its IA":         {optionOn(dhcpv6.OptionIANA, slices.Concat(ia, address[:len(address)-1])...), false},
		"address too short":            {optionOn(dhcpv6.OptionIANA, slices.Concat(ia, optionOn(dhcpv6.OptionIAAddr, make([]byte, 23)...))...), false},
		"prefix too short":             {optionOn(dhcpv6.OptionIAPD, slices.Concat(ia, optionOn(dhcpv6.OptionIAPrefix, make([]byte, 24)...))...), false},
		"prefix too long":              {optionOn(dhcpv6.OptionIAPD, slices.Concat(ia, optionOn(dhcpv6.OptionIAPrefix, slices.Concat(make([]byte, 8), []byte{129}, make([]byte, 16))...))...), false},
		"half a requested option":      {optionOn(dhcpv6.OptionORO, 1), false},
		"elapsed time":                 {optionOn(dhcpv6.OptionElapsedTime, 1), false},
		"preference":                   {optionOn(dhcpv6.OptionPreference), false},
		"architecture":                 {optionOn(dhcpv6.OptionClientArchType, 0, 7), true},
		"half an architecture":         {optionOn(dhcpv6.OptionClientArchType, 0, 7, 0), false},
		"no architecture":              {optionOn(dhcpv6.OptionClientArchType), false},
		"name":                         {optionOn(dhcpv6.OptionFQDN), true},
		"name with a label beyond":     {optionOn(dhcpv6.OptionFQDN, 0, 9, 'x'), true},
		"vendor class too short":       {optionOn(dhcpv6.OptionVendorClass, 1), true},
		"vendor class with an odd end": {optionOn(dhcpv6.OptionVendorClass, 0, 0, 0, 1, 0, 9, 'x'), true},
		"option nobody knows":          {optionOn(65000, 1, 2, 3), true},
	} {
		b := slices.Concat(messageOf(solicit).ToBytes(), tt.option)
		_, _, why := accept(b, false)
		require.Zero(t, why)
		m, _, _, err := decoded(b)
		if !tt.ok {
			require.Error(t, err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, b, m.ToBytes(), name)
	}
}

// A DUID is what was on the wire, whatever its type says of it: the lease, the
// hash of load balancing and the partner depend on it.
func FuzzDUID(f *testing.F) {
	for typ := range byte(6) {
		for n := range 20 {
			f.Add(append([]byte{0, typ}, bytes.Repeat([]byte{1}, n)...))
		}
	}
	f.Fuzz(func(t *testing.T, id []byte) {
		b := slices.Concat([]byte{byte(solicit), 1, 2, 3}, optionOn(dhcpv6.OptionClientID, id...))
		if len(b) > 1000 {
			return
		}
		if _, _, why := accept(b, false); why != 0 {
			return
		}
		m, _, _, err := decoded(b)
		require.NoError(t, err)
		require.Equal(t, id, m.Options.ClientID().ToBytes())
		reply, err := appendMessage(nil, m)
		require.NoError(t, err)
		require.Equal(t, b, reply)
	})
}

// What is decoded is written again as it was, by the library and by this
// package, but for what the library cannot say.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxMessage {
			return
		}
		if _, _, why := accept(b, false); why != 0 {
			return
		}
		m, relays, length, err := decoded(b)
		if err != nil {
			return
		}
		whole := dhcpv6.DHCPv6(m)
		if len(relays) > 0 {
			whole = relays[0]
		}
		b = slices.Clone(b)
		forgetAddressesOfPrefixes(b)
		require.Equal(t, b, whole.ToBytes())
		written, err := appendMessage(nil, m)
		require.NoError(t, err)
		require.Equal(t, b[bytes.LastIndex(b, written):][:length], written)
		// The accessors of the library do not panic.
		m.Options.ClientID()
		m.Options.ServerID()
		for _, ia := range m.Options.IANA() {
			ia.Options.Addresses()
			ia.Options.Status()
		}
		m.Options.IATA()
		for _, ia := range m.Options.IAPD() {
			ia.Options.Prefixes()
		}
		m.Options.Preference()
		m.Options.ArchTypes()
		m.Options.FQDN()
		m.Options.VendorOpts()
	})
}

// What an Engine sees of a datagram is what the message library sees, where that
// can read it.
func FuzzPacket(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxMessage {
			return
		}
		if _, _, why := accept(b, false); why != 0 {
			return
		}
		in := new(packet)
		if in.read(b) != nil {
			return
		}
		theirs, err := dhcpv6.FromBytes(b)
		if err != nil {
			return
		}
		for _, r := range in.relays {
			relay := theirs.(*dhcpv6.RelayMessage)
			require.Equal(t, relay.HopCount, r.hops())
			require.Equal(t, addressOf(relay.LinkAddr), r.link())
			require.Equal(t, addressOf(relay.PeerAddr), r.peer())
			id, _ := r.option(dhcpv6.OptionInterfaceID)
			require.Equal(t, string(relay.Options.InterfaceID()), string(id))
			theirs = relay.Options.RelayMessage()
		}
		m := theirs.(*dhcpv6.Message)
		require.Equal(t, m.MessageType, in.message.typ())
		require.Equal(t, m.TransactionID, in.message.transaction())
		x := &exchange{course: course{m: in.message}}
		require.Equal(t, m.Options.ElapsedTime(), x.waited())
		for _, code := range m.Options.RequestedOptions() {
			require.True(t, x.requests(code))
		}
		for _, code := range x.requested() {
			require.Contains(t, m.Options.RequestedOptions(), dhcpv6.OptionCode(code))
		}
		var want []ia
		add := func(typ lease.Type, id [4]byte, asked []wish) {
			a := ia{typ: typ, id: binary.BigEndian.Uint32(id[:]), asked: asked}
			if !slices.ContainsFunc(want, func(b ia) bool { return b.typ == typ && b.id == a.id }) {
				want = append(want, a)
			}
		}
		for _, o := range m.Options.Options {
			var asked []wish
			switch o := o.(type) {
			case *dhcpv6.OptIANA:
				for _, addr := range o.Options.Addresses() {
					asked = append(asked, wish{netip.PrefixFrom(addressOf(addr.IPv6Addr), 128), uint32(addr.PreferredLifetime / time.Second), uint32(addr.ValidLifetime / time.Second)})
				}
				add(lease.NA, o.IaId, asked)
			case *dhcpv6.OptIAPD:
				for _, p := range o.Options.Prefixes() {
					if p.Prefix != nil {
						bits, _ := p.Prefix.Mask.Size()
						asked = append(asked, wish{netip.PrefixFrom(addressOf(p.Prefix.IP), bits).Masked(), uint32(p.PreferredLifetime / time.Second), uint32(p.ValidLifetime / time.Second)})
					}
				}
				add(lease.PD, o.IaId, asked)
			}
		}
		got := x.ias()
		require.Len(t, got, len(want))
		for i, a := range got {
			require.Equal(t, want[i].typ, a.typ)
			require.Equal(t, want[i].id, a.id)
			require.Equal(t, want[i].asked, append([]wish(nil), a.asked...)) // none is nil
		}
	})
}

// forgetAddressesOfPrefixes clears the address of each prefix of length 0, for
// which the library has no place.
func forgetAddressesOfPrefixes(b []byte) {
	for isRelayed(b) {
		b, _ = innerOf(b)
	}
	for code, ia := range options(b[messageHeader:]) {
		body := map[dhcpv6.OptionCode]int{dhcpv6.OptionIANA: 12, dhcpv6.OptionIATA: 4, dhcpv6.OptionIAPD: 12}[code]
		if body == 0 {
			continue
		}
		for code, prefix := range options(ia[body:]) {
			if code == dhcpv6.OptionIAPrefix && prefix[8] == 0 {
				clear(prefix[9:25])
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	packet := messageOf(request, na(1, "2001:db8:1::10 300 400"), oro(23, 24), with(dhcpv6.OptElapsedTime(0))).ToBytes()
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, err := decoded(packet); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dhcpv6.FromBytes(packet); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	m := messageOf(request, na(1, "2001:db8:1::10 300 400"), opt(dhcpv6.OptionDNSRecursiveNameServer, netip.MustParseAddr("2001:db8::1").AsSlice()...))
	m.MessageType = dhcpv6.MessageTypeReply
	room := make([]byte, 0, 1000)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := appendMessage(room, m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.ToBytes()
		}
	})
}
