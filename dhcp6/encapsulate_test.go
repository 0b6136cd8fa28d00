package dhcp6

import (
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// encapsulated is what is sent to the sender of a query, behind before.
func encapsulated(t testing.TB, query, before []byte, reply *dhcpv6.Message) []byte {
	t.Helper()
	a := &answering{packet: packet{bytes: query}, made: reply}
	require.NoError(t, a.packet.split())
	b, err := a.appendTo(before)
	require.NoError(t, err)
	return b
}

// What a relay agent gets back (RFC 9915, section 19.3, RFC 8357, RFC 4994).
func TestEchoedOptions(t *testing.T) {
	t.Parallel()
	remote, subscriber := &dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("r")}, &dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionRelayAgentSubscriberID, OptionData: []byte("s")}
	id, port := dhcpv6.OptInterfaceID([]byte("eth7")), dhcpv6.OptRelayPort(0)
	asks := func(codes ...byte) dhcpv6.Option {
		return &dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionEchoRequest, OptionData: codes}
	}
	for name, tt := range map[string]struct{ sent, want dhcpv6.Options }{
		"none":                  {nil, nil},
		"interface and port":    {dhcpv6.Options{port, remote, id, subscriber}, dhcpv6.Options{port, id}},
		"echo request":          {dhcpv6.Options{asks(0, 37), remote, id, subscriber}, dhcpv6.Options{remote, id}},
		"of what is not there":  {dhcpv6.Options{asks(0, 38), remote}, nil},
		"of the message itself": {dhcpv6.Options{asks(0, 9, 0, 18), id}, dhcpv6.Options{id}},
		"half a code":           {dhcpv6.Options{asks(0, 37, 0), remote}, dhcpv6.Options{remote}},
	} {
		relay := agent("2001:db8:1::1", "fe80::99", tt.sent...)
		relay.HopCount = 3
		b := encapsulated(t, through(messageOf(solicit), relay).ToBytes(), []byte("before"), messageOf(dhcpv6.MessageTypeReply))
		require.Equal(t, "before", string(b[:6]))
		relay.MessageType, relay.Options.Options = dhcpv6.MessageTypeRelayReply, tt.want
		require.Equal(t, through(messageOf(dhcpv6.MessageTypeReply), relay).ToBytes(), b[6:], name)
	}
}

// Every relay agent finds its header and the reply to the client as it was.
func FuzzEncapsulate(f *testing.F) {
	seeds(f)
	reply := messageOf(dhcpv6.MessageTypeReply, na(1, "2001:db8:1::10 300 400"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxMessage {
			return
		}
		if _, _, why := accept(b, false); why != 0 {
			return
		}
		got := encapsulated(t, b, nil, reply)
		for isRelayed(b) {
			require.EqualValues(t, dhcpv6.MessageTypeRelayReply, got[0])
			require.Equal(t, b[1:relayHeader], got[1:relayHeader])
			for _, code := range []dhcpv6.OptionCode{dhcpv6.OptionInterfaceID, dhcpv6.OptionRelayPort} {
				require.Equal(t, valuesOf(b, code), valuesOf(got, code))
			}
			var why Refusal
			b, _ = innerOf(b)
			got, why = innerOf(got)
			require.Zero(t, why)
		}
		require.Equal(t, reply.ToBytes(), got)
	})
}

// valuesOf are the values of an option of a relay agent.
func valuesOf(relay []byte, wanted dhcpv6.OptionCode) (values []string) {
	for code, value := range options(relay[relayHeader:]) {
		if code == wanted {
			values = append(values, string(value))
		}
	}
	return values
}
