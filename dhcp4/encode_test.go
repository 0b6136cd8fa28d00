package dhcp4

import (
	"bytes"
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

// codes lists the options of a field in the order of the wire.
func codes(t testing.TB, field []byte) []uint8 {
	t.Helper()
	var all []uint8
	for code, value := range options(field) {
		require.NotNil(t, value)
		all = append(all, code)
	}
	return all
}

func replyWith(t testing.TB, opts map[uint8][]byte) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcpv4.NewReplyFromRequest(query(t, dhcpv4.MessageTypeDiscover), dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer),
		dhcpv4.WithServerIP(net.IPv4(192, 0, 2, 1)), dhcpv4.WithLeaseTime(60),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 0, 2, 1))))
	require.NoError(t, err)
	for code, value := range opts {
		m.Options[code] = value
	}
	return m
}

// encoded is a message of the library in wire form.
func encoded(m *dhcpv4.DHCPv4, requested []byte, limit int) (b []byte, omitted []uint8, err error) {
	var own message
	if err := own.take(m); err != nil {
		return nil, nil, err
	}
	return appendMessage(nil, &own, requested, limit)
}

// decoded is the reverse.
func decoded(b []byte) (*dhcpv4.DHCPv4, error) {
	var own message
	if err := own.decode(b); err != nil {
		return nil, err
	}
	return own.library(), nil
}

func TestOptionsInTheOrderOfTheWire(t *testing.T) {
	t.Parallel()
	m := replyWith(t, map[uint8][]byte{82: {1, 1, 'x'}, 1: make([]byte, 4), 3: make([]byte, 4), 6: make([]byte, 4), 15: []byte("example"), 250: nil, 61: {1}})
	b, omitted, err := encoded(m, []byte{6, 99, 3, 6, 82, 53}, 548)
	require.NoError(t, err)
	require.Empty(t, omitted)
	require.Len(t, b, minBOOTP)
	require.Equal(t, []uint8{53, 54, 51, 6, 3, 1, 15, 61, 250, 82}, codes(t, b[offsetOptions:]))
	back, err := dhcpv4.FromBytes(b)
	require.NoError(t, err)
	m.Options[250] = []byte{}
	back.Options[250] = []byte{}
	require.Equal(t, m.Options, back.Options)
}

func TestLongOptionsAreSplit(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("0123456789"), 60)
	b, omitted, err := encoded(replyWith(t, map[uint8][]byte{121: long}), nil, 1472)
	require.NoError(t, err)
	require.Empty(t, omitted)
	require.Equal(t, []uint8{53, 54, 51, 121, 121, 121}, codes(t, b[offsetOptions:]))
	m, err := decoded(b)
	require.NoError(t, err)
	require.Equal(t, long, m.Options[121])
}

func TestOverload(t *testing.T) {
	t.Parallel()
	opts := map[uint8][]byte{
		15: bytes.Repeat([]byte{15}, 200), // fills options
		20: bytes.Repeat([]byte{20}, 100), // file
		21: bytes.Repeat([]byte{21}, 50),  // sname
		22: bytes.Repeat([]byte{22}, 90),  // nowhere
		23: bytes.Repeat([]byte{23}, 10),  // options again
		82: bytes.Repeat([]byte{82}, 40),
	}
	m := replyWith(t, opts)
	b, omitted, err := encoded(m, nil, 548)
	require.NoError(t, err)
	require.Equal(t, []uint8{22}, omitted)
	require.LessOrEqual(t, len(b), 548)
	require.Equal(t, []uint8{53, 54, 51, 15, 23, 52, 82}, codes(t, b[offsetOptions:]))
	require.Equal(t, []uint8{20}, codes(t, b[offsetFile:offsetCookie]))
	require.Equal(t, []uint8{21}, codes(t, b[offsetSName:offsetFile]))
	back, err := decoded(b)
	require.NoError(t, err)
	delete(m.Options, 22)
	require.Equal(t, m.Options, back.Options)
	require.Empty(t, back.BootFileName)

	m.BootFileName = "pxelinux.0" // a field in use is left alone
	b, omitted, err = encoded(m, nil, 548)
	require.NoError(t, err)
	require.Equal(t, []uint8{20}, omitted)
	back, err = decoded(b)
	require.NoError(t, err)
	require.Equal(t, "pxelinux.0", back.BootFileName)
	require.Equal(t, opts[21], back.Options[21])
}

func TestRelayInformationThatDoesNotFit(t *testing.T) {
	t.Parallel()
	b, omitted, err := encoded(replyWith(t, map[uint8][]byte{82: make([]byte, 400)}), nil, 548)
	require.NoError(t, err)
	require.Equal(t, []uint8{82}, omitted)
	require.Equal(t, []uint8{53, 54, 51}, codes(t, b[offsetOptions:]))
}

func TestMaxLength(t *testing.T) {
	t.Parallel()
	require.Equal(t, 548, maxLength(576, 1500))
	require.Equal(t, 1472, maxLength(9000, 1500))
	require.Equal(t, 1172, maxLength(1200, 1500))
	require.Equal(t, maxMessage, maxLength(65535, 65536))
	require.Equal(t, 548, maxLength(576, 0), "unknown")
}

func TestMessagesThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*dhcpv4.DHCPv4){
		"boot file": func(m *dhcpv4.DHCPv4) { m.BootFileName = string(make([]byte, 128)) },
		"host name": func(m *dhcpv4.DHCPv4) { m.ServerHostName = string(make([]byte, 64)) },
		"hardware":  func(m *dhcpv4.DHCPv4) { m.ClientHWAddr = make([]byte, 17) },
		"yiaddr":    func(m *dhcpv4.DHCPv4) { m.YourIPAddr = net.ParseIP("2001:db8::1") },
	} {
		m := replyWith(t, nil)
		spoil(m)
		_, _, err := encoded(m, nil, 548)
		require.ErrorContains(t, err, name)
	}
}

func TestDecodeAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	b := query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.IPv4(192, 0, 2, 9)), dhcpv4.WithGatewayIP(net.IPv4(10, 0, 0, 1)),
		dhcpv4.WithBroadcast(true), dhcpv4.WithOption(dhcpv4.OptHostName("client")), dhcpv4.WithRequestedOptions(dhcpv4.OptionRouter)).ToBytes()
	want, err := dhcpv4.FromBytes(b)
	require.NoError(t, err)
	got, err := decoded(b)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())
	require.Equal(t, want.ToBytes(), got.ToBytes())

	// What a handler appends to one value must not reach the next.
	hostname := got.Options[12]
	_ = append(hostname, "overwritten"...)
	require.Equal(t, want.ToBytes(), got.ToBytes())
}

// FuzzDecode compares with what the library decodes, as far as that goes: it
// knows no overload, and wants an End.
func FuzzDecode(f *testing.F) {
	f.Add(query(f, dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.IPv4(10, 0, 0, 1))).ToBytes())
	f.Add(query(f, dhcpv4.MessageTypeRequest, dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(121), make([]byte, 300)))).ToBytes())
	named := query(f, dhcpv4.MessageTypeInform, dhcpv4.WithClientIP(net.IPv4(192, 0, 2, 9)), dhcpv4.WithOption(dhcpv4.OptHostName("")))
	named.ServerHostName, named.BootFileName = "server", "file"
	f.Add(named.ToBytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, why := accept(b); why != 0 {
			return
		}
		want, err := dhcpv4.FromBytes(b)
		if err != nil || want.Options.Has(dhcpv4.OptionOptionOverload) {
			return
		}
		before := bytes.Clone(b)
		got, err := decoded(b)
		require.NoError(t, err)
		require.Equal(t, before, b, "a datagram is not changed")
		require.Equal(t, want.MessageType(), got.MessageType())
		require.Len(t, got.Options, len(want.Options))
		for code, value := range want.Options {
			require.True(t, bytes.Equal(value, got.Options[code]), "option %d", code)
		}
		want.Options, got.Options = nil, nil
		require.Equal(t, want.String(), got.String())
		require.Equal(t, want.ToBytes(), got.ToBytes())
	})
}

// FuzzMessage decodes any message that is accepted, encodes it again, and
// expects the same options back, as far as they fitted.
func FuzzMessage(f *testing.F) {
	f.Add(query(f, dhcpv4.MessageTypeDiscover).ToBytes(), 548)
	long := query(f, dhcpv4.MessageTypeRequest, dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(121), make([]byte, 300))))
	f.Add(long.ToBytes(), 548)
	full, _, err := encoded(replyWith(f, map[uint8][]byte{15: make([]byte, 200), 20: make([]byte, 100), 21: make([]byte, 50), 82: make([]byte, 20)}), nil, 548)
	require.NoError(f, err)
	full[offsetOp] = 1
	full[offsetOptions+2] = 3
	f.Add(full, 600)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		if len(b) > maxMessage {
			return
		}
		if _, why := accept(b); why != 0 {
			return
		}
		m, err := decoded(b)
		if err != nil {
			return
		}
		limit = min(max(limit, minMaximum-headersLen), maxMessage)
		out, omitted, err := encoded(m, m.Options[55], limit)
		if err != nil {
			return // a name that fills its field
		}
		require.LessOrEqual(t, len(out), limit)
		require.GreaterOrEqual(t, len(out), minBOOTP)
		back, err := decoded(out)
		require.NoError(t, err)
		for _, code := range omitted {
			delete(m.Options, code)
		}
		delete(m.Options, 52)
		require.Equal(t, len(m.Options), len(back.Options))
		for code, value := range m.Options {
			require.True(t, bytes.Equal(value, back.Options[code]), "option %d", code)
		}
		back.Options, m.Options = nil, nil
		require.Equal(t, m, back)
	})
}
