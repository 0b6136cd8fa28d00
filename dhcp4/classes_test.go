package dhcp4

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// gateFunc is a Gate made of a function.
type gateFunc func(c lease.Client, waited time.Duration, server func() string) ([]string, bool)

func (f gateFunc) Admit(c lease.Client, waited time.Duration, server func() string) ([]string, bool) {
	return f(c, waited, server)
}

const guarded = `"client-classes": [
	{"name": "phones", "test": "substring(option[60].hex, 0, 5) == 'phone'"},
	{"name": "guests", "test": "member('UNKNOWN')"},
	{"name": "not-phones", "test": "not member('phones')"},
	{"name": "barred", "test": "hexstring(pkt4.mac, ':') == '02:00:00:00:00:66'"},
	{"name": "DROP", "test": "member('barred')"},
	{"name": "late", "test": "option[60].exists", "only-if-required": true, "option-data": [{"name": "tftp-server-name", "data": "tftp"}], "valid-lifetime": 100},
	{"name": "given", "option-data": [{"name": "domain-name", "data": "given.example"}]}],
	"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [
		{"pool": "192.0.2.10-192.0.2.19", "client-class": "phones", "require-client-classes": ["late"]},
		{"pool": "192.0.2.20-192.0.2.29", "client-class": "HA_server1"},
		{"pool": "192.0.2.30-192.0.2.39", "client-class": "given"},
		{"pool": "192.0.2.40-192.0.2.49", "client-classes": ["guests", "nobody"]},
		{"pool": "192.0.2.50-192.0.2.59", "client-class": "KNOWN"}],
	"reservations": [
		{"hw-address": "02:00:00:00:00:01", "client-classes": ["given"]},
		{"hw-address": "02:00:00:00:00:02", "client-classes": ["phones"]},
		{"hw-address": "02:00:00:00:00:03", "hostname": "known"}]}]`

func TestPoolGuards(t *testing.T) {
	t.Parallel()
	phone := opt(optVendorClass, []byte("phone-1")...)
	for _, c := range []struct {
		name   string
		client byte
		mods   []mod
		ha     bool
		want   string
	}{
		{name: "by expression", client: 9, mods: []mod{phone}, want: "OFFER 192.0.2.10"},
		{name: "by the gate", client: 9, ha: true, want: "OFFER 192.0.2.20"},
		{name: "by reservation", client: 1, want: "OFFER 192.0.2.30"},
		{name: "by reservation, although the expression says no", client: 2, want: "OFFER 192.0.2.10"},
		{name: "unknown", client: 9, want: "OFFER 192.0.2.40"},
		{name: "known", client: 3, want: "OFFER 192.0.2.50"},
		{name: "dropped", client: 0x66, want: "silence"},
		{name: "a hint for a pool of others", client: 9, mods: []mod{requested("192.0.2.10")}, want: "OFFER 192.0.2.40"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, guarded, &EngineOptions{Gate: gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) {
				if c.ha {
					return []string{"HA_server1"}, true
				}
				return nil, true
			})})
			require.Equal(t, c.want, short(b.ask(discover, c.client, c.mods...)))
		})
	}
	b := newBench(t, guarded, nil)
	require.Equal(t, "NAK", short(b.ask(request, 9, requested("192.0.2.10"), toServer("192.0.2.1"))), "not its pool")
}

// What is served from a pool may ask for further classes, and a class brings
// options and lifetimes.
func TestAdditionalClasses(t *testing.T) {
	t.Parallel()
	b := newBench(t, guarded, nil)
	offer := b.ask(discover, 9, opt(optVendorClass, []byte("phone-1")...), prl(66))
	require.Equal(t, "tftp", string(offer.Options[66]))
	require.Equal(t, []byte{0, 0, 0, 100}, offer.Options[optLeaseTime])
	offer = b.ask(discover, 1, prl(66))
	require.NotContains(t, offer.Options, uint8(66))
	require.Equal(t, "given.example", string(offer.Options[optDomainName]))
}

func TestClassOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, guarded, &EngineOptions{Gate: gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) {
		return []string{"HA_server1"}, true
	})})
	x := b.e.newExchange(incomingOf(queryOf(discover, 2, opt(optVendorClass, []byte("pc")...))))
	require.Empty(t, x.accept())
	x.identify()
	x.classifyFirst()
	require.Equal(t, engine.ClassSet{"HA_server1", "ALL", "VENDOR_CLASS_pc", "not-phones"}, x.classes)
	x.locate()
	require.Equal(t, engine.ClassSet{"HA_server1", "ALL", "VENDOR_CLASS_pc", "phones", "KNOWN"}, x.classes,
		"a class that a reservation gives is seen by the other classes")
}

func TestGate(t *testing.T) {
	t.Parallel()
	var asked []lease.Client
	var since []time.Duration
	serve := false
	b := newBench(t, oneSubnet(), &EngineOptions{Gate: gateFunc(func(c lease.Client, waited time.Duration, _ func() string) ([]string, bool) {
		asked, since = append(asked, c), append(since, waited)
		return nil, serve
	})})
	secs := func(n uint16) mod { return func(q *Query) { q.Message.NumSeconds = n } }
	require.Equal(t, "silence", short(b.ask(discover, 1, clientID("\x01x"), secs(3))))
	require.Equal(t, "silence", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.2"), secs(0x0500))), "the partner's clients are seen too")
	require.Equal(t, []lease.Client{{ID: []byte("\x01x"), HWAddr: []byte{2, 0, 0, 0, 0, 1}}, {HWAddr: []byte{2, 0, 0, 0, 0, 1}}}, asked)
	require.Equal(t, []time.Duration{3 * time.Second, 5 * time.Second}, since)
	b.ask(release, 1) // of no address
	require.Len(t, asked, 2, "malformed queries are not shown")
	serve = true
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)))
}

func TestWaited(t *testing.T) {
	t.Parallel()
	for secs, want := range map[uint16]time.Duration{0: 0, 1: 1, 255: 255, 256: 1, 257: 257, 0x0a00: 10, 0x0a01: 0x0a01, 0xff00: 255} {
		require.Equal(t, want*time.Second, waited(secs), "%#x", secs)
	}
}
