package dhcp6

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// bench is an engine with a store on disk, and what asks it.
type bench struct {
	t     testing.TB
	e     *Engine
	store *lease.Store
}

// serverDUIDText is the DUID of the servers of tests.
const serverDUIDText = "00020000f3f001"

// config reads a configuration, without the braces.
func config(t testing.TB, text string) *Config {
	t.Helper()
	cfg, err := ParseConfig(bytes.NewReader([]byte(`{"Dhcp6": {`+text+`}}`)), nil)
	require.NoError(t, err)
	if cfg.ServerID == nil {
		cfg.ServerID = &ServerID{Type: "EN", EnterpriseID: 62448, Identifier: Hex{1}}
	}
	return cfg
}

// oneSubnet is a configuration with one subnet of few addresses and prefixes.
// more is added to the subnet, and then to the whole.
func oneSubnet(more ...string) string {
	more = append(more, "", "")
	return `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "valid-lifetime": 4000, "preferred-lifetime": 3000,
		"pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}],
		"pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 54, "delegated-len": 56}]` + more[0] + `}]` + more[1]
}

func newBench(t testing.TB, cfg string, opts *EngineOptions) *bench {
	t.Helper()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	e, err := NewEngine(config(t, cfg), store, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		e.Close()
		require.NoError(t, store.Close())
	})
	return &bench{t, e, store}
}

const (
	solicit     = dhcpv6.MessageTypeSolicit
	request     = dhcpv6.MessageTypeRequest
	confirm     = dhcpv6.MessageTypeConfirm
	renew       = dhcpv6.MessageTypeRenew
	rebind      = dhcpv6.MessageTypeRebind
	release     = dhcpv6.MessageTypeRelease
	decline     = dhcpv6.MessageTypeDecline
	information = dhcpv6.MessageTypeInformationRequest
	register    = typeRegister
)

// mod changes a query.
type mod func(*Query)

func with(o dhcpv6.Option) mod { return func(q *Query) { q.Message.AddOption(o) } }
func opt(code dhcpv6.OptionCode, value ...byte) mod {
	o, err := dhcpv6.ParseOption(code, value)
	if err != nil {
		o = raw(code, value) // as the server does with what is malformed
	}
	return with(o)
}
func without(code dhcpv6.OptionCode) mod { return func(q *Query) { q.Message.Options.Del(code) } }
func toServer(duid string) mod {
	return func(q *Query) {
		q.Message.Options.Del(dhcpv6.OptionServerID)
		opt(dhcpv6.OptionServerID, unhex(duid)...)(q)
	}
}
func oro(codes ...uint16) mod {
	var v []byte
	for _, c := range codes {
		v = binary.BigEndian.AppendUint16(v, c)
	}
	return opt(dhcpv6.OptionORO, v...)
}
func fqdn(flags byte, labels string) mod {
	return opt(dhcpv6.OptionFQDN, append([]byte{flags}, labels...)...)
}

// na and pd are identity associations with what the client asks for, each as
// "prefix" or "prefix preferred valid".
func na(id uint32, asked ...string) mod {
	var list dhcpv6.Options
	for _, text := range asked {
		w := wished(text)
		list = append(list, prefixOption(lease.NA, netip.PrefixFrom(w.prefix.Addr(), 128), w.preferred, w.valid))
	}
	return with(&dhcpv6.OptIANA{IaId: [4]byte(binary.BigEndian.AppendUint32(nil, id)), Options: dhcpv6.IdentityOptions{Options: list}})
}
func pd(id uint32, asked ...string) mod {
	var list dhcpv6.Options
	for _, text := range asked {
		w := wished(text)
		list = append(list, prefixOption(lease.PD, w.prefix, w.preferred, w.valid))
	}
	return with(&dhcpv6.OptIAPD{IaId: [4]byte(binary.BigEndian.AppendUint32(nil, id)), Options: dhcpv6.PDOptions{Options: list}})
}

// prefixOption is the IA Address or IA Prefix option.
func prefixOption(typ lease.Type, p netip.Prefix, preferred, valid uint32) dhcpv6.Option {
	ip := net.IP(p.Addr().AsSlice())
	if typ == lease.PD {
		return &dhcpv6.OptIAPrefix{
			Prefix:            &net.IPNet{IP: ip, Mask: net.CIDRMask(p.Bits(), 128)},
			PreferredLifetime: seconds(preferred), ValidLifetime: seconds(valid),
		}
	}
	return &dhcpv6.OptIAAddress{IPv6Addr: ip, PreferredLifetime: seconds(preferred), ValidLifetime: seconds(valid)}
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// addressOf is an address of the message library.
func addressOf(ip net.IP) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return addr
}

// payloadOf is what is in the first option with a code.
func payloadOf(list dhcpv6.Options, code dhcpv6.OptionCode) []byte {
	if o := list.GetOne(code); o != nil {
		return o.ToBytes()
	}
	return nil
}

// iasOf are the identity associations in a client's message, or in a reply to it.
func iasOf(client []byte, m *dhcpv6.Message) []ia {
	list := (&exchange{course: course{m: m.ToBytes()}}).ias()
	for i := range list {
		list[i].holder = holderOf(list[i].typ, list[i].id, client)
	}
	return list
}

// exchangeOf begins an exchange of a query.
func exchangeOf(t testing.TB, e *Engine, q *Query) *exchange {
	t.Helper()
	in := new(packet)
	require.NoError(t, in.write(q))
	return e.exchange(q, in)
}

func wished(text string) (w wish) {
	var where string
	_, _ = fmt.Sscan(text, &where, &w.preferred, &w.valid)
	if !strings.Contains(where, "/") {
		where += "/128"
	}
	w.prefix = netip.MustParsePrefix(where)
	return w
}

// relayed says that relay agents have forwarded the query, the last of them
// from the client.
func relayed(relays ...*dhcpv6.RelayMessage) mod {
	return func(q *Query) {
		q.Relays, q.Interface = relays, "eth9"
		q.Source = netip.MustParseAddrPort("[2001:db8:9::1]:547")
	}
}
func agent(link, peer string, options ...dhcpv6.Option) *dhcpv6.RelayMessage {
	return &dhcpv6.RelayMessage{
		MessageType: dhcpv6.MessageTypeRelayForward, LinkAddr: net.ParseIP(link), PeerAddr: net.ParseIP(peer),
		Options: dhcpv6.RelayOptions{Options: options},
	}
}
func onInterface(name string) mod { return func(q *Query) { q.Interface = name } }
func from(addr string) mod {
	return func(q *Query) { q.Source = netip.AddrPortFrom(netip.MustParseAddr(addr), 546) }
}

// duid is the DUID of the client with this number.
func duid(client byte) []byte { return []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, client} }

// queryOf makes a query of the client with this number, to this server where
// that has to be said.
func queryOf(typ dhcpv6.MessageType, client byte, mods ...mod) *Query {
	m := &dhcpv6.Message{MessageType: typ, TransactionID: dhcpv6.TransactionID{1, 2, client}}
	q := &Query{
		Message: m, Received: time.Now(), Interface: "eth0", Local: netip.MustParseAddr("fe80::1"),
		Source: netip.MustParseAddrPort("[fe80::99%eth0]:546"),
	}
	opt(dhcpv6.OptionClientID, duid(client)...)(q)
	if n, _ := namesOf(typ); n.server == must {
		toServer(serverDUIDText)(q)
	}
	for _, mod := range mods {
		mod(q)
	}
	return q
}

// ask sends a query and returns the reply, or nil for silence.
func (b *bench) ask(typ dhcpv6.MessageType, client byte, mods ...mod) *dhcpv6.Message {
	b.t.Helper()
	reply, err := b.e.ServeDHCP(context.Background(), queryOf(typ, client, mods...))
	require.NoError(b.t, err)
	if reply == nil {
		return nil
	}
	return reply.Message
}

// short is what a reply says, in short: "ADVERTISE NA1[2001:db8:1::10]", "REPLY
// PD2[NoPrefixAvail]", "REPLY Success" or "silence". What is to be used no more
// has a minus.
func short(m *dhcpv6.Message) string {
	if m == nil {
		return "silence"
	}
	parts := []string{m.MessageType.String()}
	inside := func(name string, id [4]byte, list dhcpv6.Options) {
		var in []string
		for _, o := range list {
			switch o := o.(type) {
			case *dhcpv6.OptIAAddress:
				in = append(in, sign(o.ValidLifetime)+addressOf(o.IPv6Addr).String())
			case *dhcpv6.OptIAPrefix:
				bits, _ := o.Prefix.Mask.Size()
				in = append(in, fmt.Sprintf("%s%s/%d", sign(o.ValidLifetime), addressOf(o.Prefix.IP), bits))
			case *dhcpv6.OptStatusCode:
				in = append(in, o.StatusCode.String())
			}
		}
		parts = append(parts, fmt.Sprintf("%s%d[%s]", name, binary.BigEndian.Uint32(id[:]), strings.Join(in, " ")))
	}
	for _, o := range m.Options.Options {
		switch o := o.(type) {
		case *dhcpv6.OptIANA:
			inside("NA", o.IaId, o.Options.Options)
		case *dhcpv6.OptIAPD:
			inside("PD", o.IaId, o.Options.Options)
		case *dhcpv6.OptStatusCode:
			parts = append(parts, o.StatusCode.String())
		}
	}
	return strings.Join(parts, " ")
}

func sign(valid time.Duration) string {
	if valid == 0 {
		return "-"
	}
	return ""
}

// lease gives a client what it asks for in four messages.
func (b *bench) lease(client byte, mods ...mod) *dhcpv6.Message {
	b.t.Helper()
	require.NotNil(b.t, b.ask(solicit, client, mods...))
	reply := b.ask(request, client, mods...)
	require.NotNil(b.t, reply)
	return reply
}

func (b *bench) stored(prefix string) *lease.Lease {
	k := lease.Key{Type: lease.NA}
	if p, err := netip.ParsePrefix(prefix); err == nil {
		k = lease.Key{Type: lease.PD, Addr: p.Addr()}
	} else {
		k.Addr = netip.MustParseAddr(prefix)
	}
	l, ok := b.store.Lookup(k)
	if !ok {
		return nil
	}
	return &l
}

// put stores leases as if they were there before.
func (b *bench) put(leases ...lease.Lease) {
	b.t.Helper()
	for _, l := range leases {
		if l.SubnetID == 0 {
			l.SubnetID = 1
		}
		require.NoError(b.t, b.store.Commit(context.Background(), lease.Change{Lease: l}))
	}
}

// of is an unexpired lease of an identity association of the client with this
// number: of an address or a prefix.
func of(client byte, id uint32, prefix string) lease.Lease {
	l := lease.Lease{Type: lease.NA, ClientID: duid(client), IAID: id, CLTT: time.Now().Unix(), ValidLft: 4000, PreferredLft: 3000}
	if p, err := netip.ParsePrefix(prefix); err == nil {
		l.Type, l.Addr, l.PrefixLen = lease.PD, p.Addr(), uint8(p.Bits())
	} else {
		l.Addr = netip.MustParseAddr(prefix)
	}
	return l
}

// ended is one that ended a while ago.
func ended(client byte, id uint32, prefix string) lease.Lease {
	l := of(client, id, prefix)
	l.CLTT -= 8000
	return l
}

func (b *bench) all() (all []lease.Lease) {
	for l := range b.store.All() {
		all = append(all, l)
	}
	return all
}

func (b *bench) stat(name string) int64 { return b.e.core.Stats.All.Stat(name).Value() }

// The DUID survives restarts, unless the configuration says another.
func TestServerIDIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	start := func(cfg *Config) []byte {
		store, err := lease.Open(path, nil)
		require.NoError(t, err)
		defer store.Close()
		e, err := NewEngine(cfg, store, nil)
		require.NoError(t, err)
		defer e.Close()
		return e.ServerID()
	}
	first := start(&Config{})
	require.Equal(t, first, start(&Config{}))
	en := start(&Config{ServerID: &ServerID{Type: "EN"}})
	require.NotEqual(t, first, en)
	require.Equal(t, en, start(&Config{}))
	require.Equal(t, en, start(&Config{ServerID: &ServerID{Type: "EN"}}))
	once := start(&Config{ServerID: &ServerID{Type: "UUID", Persist: new(false)}})
	require.EqualValues(t, duidUUID, duidType(once))
	require.Equal(t, en, start(&Config{}))
}
