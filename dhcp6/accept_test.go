package dhcp6

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// nested puts a message into n Relay-forward messages.
func nested(n int, m []byte) []byte {
	head := append([]byte{byte(dhcpv6.MessageTypeRelayForward), 0}, make([]byte, 32)...)
	for range n {
		m = slices.Concat(head, optionOn(dhcpv6.OptionRelayMsg, m...))
	}
	return m
}

func optionOn(code dhcpv6.OptionCode, value ...byte) []byte {
	return append(appendHeader(nil, code, len(value)), value...)
}

func TestAccept(t *testing.T) {
	t.Parallel()
	plain := messageOf(solicit, na(1)).ToBytes()
	short, long := optionOn(dhcpv6.OptionClientID, 0, 3), optionOn(dhcpv6.OptionClientID, make([]byte, 131)...)
	header := []byte{byte(solicit), 1, 2, 3}
	for name, tt := range map[string]struct {
		b    []byte
		want Refusal
	}{
		"good":                          {plain, 0},
		"shortest DUID":                 {slices.Concat(header, optionOn(dhcpv6.OptionClientID, 0, 9, 1)), 0},
		"longest DUID":                  {slices.Concat(header, optionOn(dhcpv6.OptionClientID, make([]byte, 130)...)), 0},
		"relayed 32 times":              {nested(maxRelays, plain), 0},
		"relayed 33 times":              {nested(maxRelays+1, plain), RefusedNesting},
		"relayed 1600 times":            {nested(1600, plain), RefusedNesting},
		"relayed without end":           {nested(maxRelays, nested(1, nil)[:relayHeader]), RefusedNesting},
		"nothing":                       {nil, RefusedTooShort},
		"short header":                  {plain[:3], RefusedTooShort},
		"short header of a relay agent": {nested(1, plain)[:relayHeader-1], RefusedTooShort},
		"nothing relayed":               {nested(1, plain)[:relayHeader], RefusedRelay},
		"nothing in what is relayed":    {nested(1, nil), RefusedTooShort},
		"two messages relayed":          {slices.Concat(nested(1, plain), optionOn(dhcpv6.OptionRelayMsg, plain...)), RefusedRelay},
		"truncated":                     {plain[:len(plain)-1], RefusedOptions},
		"truncated in a relay agent's":  {nested(2, plain)[:100], RefusedOptions},
		"option header beyond":          {append(slices.Clone(plain), 0, 1, 0), RefusedOptions},
		"option in an option beyond":    {nested(1, plain[:len(plain)-1]), RefusedOptions},
		"Advertise":                     {messageOf(dhcpv6.MessageTypeAdvertise).ToBytes(), RefusedType},
		"Relay-reply":                   {append([]byte{byte(dhcpv6.MessageTypeRelayReply)}, nested(1, plain)[1:]...), RefusedType},
		"type unknown":                  {messageOf(200).ToBytes(), RefusedType},
		"type 0 relayed":                {nested(1, messageOf(0).ToBytes()), RefusedType},
		"no DUID":                       {header, RefusedClientID},
		"DUID too short":                {slices.Concat(header, short), RefusedClientID},
		"DUID too long":                 {slices.Concat(header, long), RefusedClientID},
		"two DUIDs":                     {slices.Concat(plain, optionOn(dhcpv6.OptionClientID, duid(2)...)), RefusedClientID},
		"Information-request with none": {messageOf(information, without(dhcpv6.OptionClientID)).ToBytes(), 0},
		"Request to nobody":             {messageOf(request, without(dhcpv6.OptionServerID)).ToBytes(), RefusedServerID},
		"Solicit to somebody":           {messageOf(solicit, toServer(serverDUIDText)).ToBytes(), RefusedServerID},
		"Renew to two":                  {append(messageOf(renew).ToBytes(), optionOn(dhcpv6.OptionServerID, duid(2)...)...), RefusedServerID},
		"server DUID too short":         {append(messageOf(renew, without(dhcpv6.OptionServerID)).ToBytes(), optionOn(dhcpv6.OptionServerID, 0, 3)...), RefusedServerID},
	} {
		_, _, why := accept(tt.b, false)
		require.Equal(t, tt.want, why, "%s: %v instead of %v", name, why, tt.want)
	}
}

func TestAcceptUnicast(t *testing.T) {
	t.Parallel()
	for typ := range dhcpv6.MessageType(40) {
		n, ok := namesOf(typ)
		if !ok {
			continue
		}
		b := messageOf(typ).ToBytes()
		got, known, why := accept(b, true)
		require.True(t, known)
		require.Equal(t, typ, got)
		require.Equal(t, n.server != must, why == RefusedUnicast, "%v: %v", typ, why)
		_, _, why = accept(nested(1, b), true)
		require.Zero(t, why, "relay agents may: %v", typ)
	}
}

func TestAcceptAllocatesNothing(t *testing.T) {
	b := nested(maxRelays, messageOf(solicit, na(1)).ToBytes())
	require.Zero(t, testing.AllocsPerRun(100, func() { accept(b, false) }))
}

func TestEveryRefusalHasAName(t *testing.T) {
	t.Parallel()
	for r := RefusedTooLong; r < refusals; r++ {
		require.NotContains(t, r.String(), "Refusal(")
	}
}

// seeds are queries as clients and relay agents send them, and some that are not
// quite so.
func seeds(f *testing.F) {
	full := messageOf(request, na(1, "2001:db8:1::10 300 400"), pd(2, "2001:db8:f00::/56"), oro(23, 24), fqdn(1, "\x04host\x07example\x00"),
		opt(dhcpv6.OptionElapsedTime, 0, 10), opt(dhcpv6.OptionVendorClass, 0, 0, 0, 1, 0, 2, 'h', 'i'), opt(dhcpv6.OptionUserClass, 0, 1, 'u')).ToBytes()
	f.Add(full)
	f.Add(nested(1, full))
	f.Add(nested(maxRelays, full))
	f.Add(nested(maxRelays+1, full))
	f.Add(through(messageOf(solicit, na(1)), agent("2001:db8:2::1", "2001:db8:1::1", dhcpv6.OptInterfaceID([]byte("far")), dhcpv6.OptRelayPort(7)),
		agent("2001:db8:1::1", "fe80::1", &dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionEchoRequest, OptionData: []byte{0, 37}},
			&dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("r")})).ToBytes())
	f.Add(messageOf(register, with(prefixOption(1, wished("2001:db8::9").prefix, 1, 2))).ToBytes())
	for typ := range uint16(6) { // DUIDs that are not what their type says
		for n := range 20 {
			id := binary.BigEndian.AppendUint16(nil, typ)
			f.Add(slices.Concat([]byte{byte(solicit), 1, 2, 3}, optionOn(dhcpv6.OptionClientID, append(id, bytes.Repeat([]byte{7}, n)...)...)))
		}
	}
}

func FuzzAccept(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, known, why := accept(b, false)
		if why != 0 {
			require.NotContains(t, why.String(), "Refusal(")
			return
		}
		require.True(t, known)
		_, ok := namesOf(typ)
		require.True(t, ok)
	})
}
