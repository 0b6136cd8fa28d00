package dhcp6

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// RFC 9915, section 18.3: what every reply has.
func TestReplyOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}, {"name": "domain-search", "data": "example.org"}]`), nil)
	for _, q := range []*Query{
		queryOf(solicit, 7, na(1), oro(23)), queryOf(request, 7, na(1), oro(23)), queryOf(renew, 7, na(1), oro(23)), queryOf(rebind, 7, na(1), oro(23)),
		queryOf(confirm, 7, na(1, addr10), oro(23)), queryOf(information, 7, oro(23)), queryOf(solicit, 7, na(1), oro(23), onInterface("eth5")),
	} {
		reply, err := b.e.ServeDHCP(context.Background(), q)
		if q.Interface == "eth5" {
			require.NoError(t, err)
			require.Nil(t, reply.Message.Options.GetOne(dhcpv6.OptionDNSRecursiveNameServer), "options of a subnet are for its clients")
			continue
		}
		require.NoError(t, err)
		m := reply.Message
		require.Equal(t, q.Message.TransactionID, m.TransactionID)
		require.Equal(t, duid(7), m.Options.ClientID().ToBytes())
		require.Equal(t, unhex(serverDUIDText), m.Options.ServerID().ToBytes())
		require.NotNil(t, m.Options.GetOne(dhcpv6.OptionDNSRecursiveNameServer), q.Message.MessageType)
		require.Nil(t, m.Options.GetOne(dhcpv6.OptionDomainSearchList))
	}
}

// RFC 9915, section 18.3.1: two messages instead of four, where it is
// configured.
func TestRapidCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "rapid-commit": true`), nil)
	require.Equal(t, "ADVERTISE NA1["+addr10+"]", short(b.ask(solicit, 1, na(1))), "the client does not ask for it")
	m := b.ask(solicit, 1, na(1), pd(1), opt(dhcpv6.OptionRapidCommit))
	require.Equal(t, "REPLY NA1["+addr10+"] PD1["+prefix0+"]", short(m))
	require.NotNil(t, m.Options.GetOne(dhcpv6.OptionRapidCommit))
	require.Len(t, b.all(), 2)

	b = newBench(t, oneSubnet(), nil)
	m = b.ask(solicit, 1, na(1), opt(dhcpv6.OptionRapidCommit))
	require.Equal(t, "ADVERTISE NA1["+addr10+"]", short(m), "off by default")
	require.Nil(t, m.Options.GetOne(dhcpv6.OptionRapidCommit))
}

// RFC 9915, sections 16.12 and 18.3.6.
func TestInformationRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}], "reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:02", "option-data": [{"name": "dns-servers", "data": "2001:db8::2"}]}]`), nil)
	dns := func(m *dhcpv6.Message) string {
		v := payloadOf(m.Options.Options, dhcpv6.OptionDNSRecursiveNameServer)
		return string(v)
	}
	nobody := b.ask(information, 1, without(dhcpv6.OptionClientID), oro(23))
	require.Equal(t, "REPLY", short(nobody))
	require.Equal(t, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x53", dns(nobody))
	require.Nil(t, nobody.Options.GetOne(dhcpv6.OptionClientID))
	require.Equal(t, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02", dns(b.ask(information, 2, oro(23))))
	require.Equal(t, "REPLY", short(b.ask(information, 1, toServer(serverDUIDText))))
	require.Equal(t, "silence", short(b.ask(information, 1, toServer("00020000f3f002"))))
	require.Equal(t, "silence", short(b.ask(information, 1, na(1))), "an IA")
	require.Equal(t, "silence", short(b.ask(information, 1, pd(1))))
	require.Empty(t, b.all())
}

func TestNotForServers(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	for _, typ := range []dhcpv6.MessageType{0, dhcpv6.MessageTypeAdvertise, dhcpv6.MessageTypeReply, dhcpv6.MessageTypeReconfigure, dhcpv6.MessageTypeRelayForward,
		dhcpv6.MessageTypeRelayReply, dhcpv6.MessageTypeLeaseQuery, typeRegistered, 255} {
		require.Equal(t, "silence", short(b.ask(typ, 1, na(1))), typ)
	}
	var many []mod
	for i := range uint32(maxIAs) {
		many = append(many, pd(i))
	}
	require.NotEqual(t, "silence", short(b.ask(solicit, 1, many...)))
	require.Equal(t, "silence", short(b.ask(solicit, 1, append(many, na(1))...)), "more than a client can need")
	ta := with(&dhcpv6.OptIATA{IaId: [4]byte{1}})
	require.Equal(t, "ADVERTISE NA1["+addr10+"]", short(b.ask(solicit, 2, ta, na(1))), "RFC 9915 has no IA_TA any more")
}

// What becomes of names (RFC 4704).
func TestNames(t *testing.T) {
	t.Parallel()
	const names = `, "ddns-qualifying-suffix": "example.org", "ddns-generated-prefix": "host", "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "hostname": "two"}]`
	for _, c := range []struct {
		name   string
		client byte
		mods   []mod
		option string // what the client is told
		stored string
	}{
		{name: "none", client: 1},
		{name: "complete", client: 1, mods: []mod{fqdn(0, "\x02Me\x03lan\x00")}, option: "\x04\x02me\x03lan\x00", stored: "me.lan."},
		{name: "to be completed", client: 1, mods: []mod{fqdn(0, "\x02me")}, option: "\x04\x02me\x07example\x03org\x00", stored: "me.example.org."},
		{name: "to be updated by the server", client: 1, mods: []mod{fqdn(fqdnS, "\x02me")}, option: "\x06\x02me\x07example\x03org\x00", stored: "me.example.org."},
		{name: "to be made", client: 1, mods: []mod{fqdn(0, "")}, option: "\x04\x13host-2001-db8-1--10\x07example\x03org\x00", stored: "host-2001-db8-1--10.example.org."},
		{name: "reserved", client: 2, mods: []mod{fqdn(0, "\x02me")}, option: "\x04\x03two\x07example\x03org\x00", stored: "two.example.org."},
		{name: "reserved and not asked for", client: 2, stored: "two.example.org"},
		{name: "malformed", client: 1, mods: []mod{fqdn(0, "\x09me")}},
		{name: "flags that do not go together", client: 1, mods: []mod{fqdn(fqdnS|fqdnN, "\x02me")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(names), nil)
			m := b.ask(request, c.client, append(c.mods, na(1, addr10), pd(1, prefix0))...)
			v := payloadOf(m.Options.Options, dhcpv6.OptionFQDN)
			require.Equal(t, c.option, string(v))
			require.Equal(t, c.stored, b.stored(addr10).Hostname)
			require.Equal(t, c.stored, b.stored(prefix0).Hostname)
		})
	}
}

// A lease that is renewed soon is not written again, where it is configured.
func TestLeaseCaching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(`, "cache-threshold": 0.25`), nil)
		b.ask(request, 7, na(1, addr10), pd(1, prefix0))
		revision := b.store.Revision()
		time.Sleep(100 * time.Second)
		for _, typ := range []dhcpv6.MessageType{renew, rebind, request} {
			m := b.ask(typ, 7, na(1, addr10), pd(1, prefix0))
			got := m.Options.OneIANA().Options.OneAddress()
			require.Equal(t, 3900*time.Second, got.ValidLifetime)
			require.Equal(t, 2900*time.Second, got.PreferredLifetime)
		}
		require.Equal(t, revision, b.store.Revision())
		require.EqualValues(t, 3, b.stat("v6-ia-na-lease-reuses"))
		require.EqualValues(t, 3, b.stat("v6-ia-pd-lease-reuses"))
		b.ask(renew, 7, na(1, addr10), pd(1, prefix0), fqdn(0, "\x02me\x03lan\x00"))
		require.Equal(t, revision+2, b.store.Revision(), "the name is new")
		time.Sleep(1001 * time.Second)
		b.ask(renew, 7, na(1, addr10), fqdn(0, "\x02me\x03lan\x00"))
		require.Equal(t, revision+3, b.store.Revision(), "it is a while ago")
	})
}

// As in the lease that a Kea server wrote, which TestEngineAnswersAsKea
// compares.
func TestStoreExtendedInfo(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "store-extended-info": true`), nil)
	b.ask(request, 7, na(1), relayed(agent("::", "2001:db8:9::2"), agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("port7")))))
	const want = `{"ISC": {"relays": [{"hop": 0, "link": "::", "peer": "2001:db8:9::2"}, {"hop": 0, "link": "2001:db8:1::1", "options": "0x00120005706F727437", "peer": "fe80::99"}]}}`
	require.JSONEq(t, want, string(b.stored(addr10).UserContext))
	b.ask(renew, 7, na(1))
	require.JSONEq(t, want, string(b.stored(addr10).UserContext), "a renewal without keeps it")
}
