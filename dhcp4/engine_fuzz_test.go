package dhcp4

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// FuzzEngine hands the engine a train of packets, each behind its length and a
// byte of circumstances, and looks whether one is given what another has.
func FuzzEngine(f *testing.F) {
	train := func(qs ...*Query) (b []byte) {
		for _, q := range qs {
			wire, _, err := encoded(q.Message, nil, maxMessage)
			require.NoError(f, err)
			circumstances := byte(0)
			if q.Unicast {
				circumstances = 1
			}
			b = append(binary.BigEndian.AppendUint16(append(b, circumstances), uint16(len(wire))), wire...)
		}
		return b
	}
	toUs := toServer("192.0.2.1")
	f.Add(train(queryOf(discover, 1), queryOf(request, 1, requested("192.0.2.10"), toUs, clientID("\x01x"), hostname("a"))))
	f.Add(train(queryOf(request, 1, requested("192.0.2.10"), toUs), queryOf(request, 2, ciaddr("192.0.2.10"), unicast), queryOf(release, 1, ciaddr("192.0.2.10"), toUs)))
	f.Add(train(queryOf(discover, 3, opt(optRapidCommit), prl(1, 3, 43, 125), opt(optVendorSpecific, 0, 0, 0x11, 0x8b, 3, 1, 1, 2)), queryOf(decline, 3, requested("192.0.2.10"), toUs)))
	f.Add(train(queryOf(inform, 4, ciaddr("192.0.2.99")), queryOf(discover, 5, opt(optRelayInfo, 1, 1, 'x', 5, 4, 192, 0, 2, 0), relay("192.0.2.2"), opt(optClientFQDN, 5, 0, 0, 1, 'a', 0))))
	f.Add(train(queryOf(discover, 2, opt(optVendorClass, 'p'), clientID("\xff\x01\x02\x03\x04\x00\x03")), queryOf(request, 2, requested("192.0.2.12"), toUs, clientID("\xff\x01\x02\x03\x04\x00\x03"))))
	b := newBench(f, oneSubnet(`, "rapid-commit": true, "store-extended-info": true, "reservations": [
		{"hw-address": "02:00:00:00:00:02", "ip-address": "192.0.2.12"}, {"circuit-id": "'x'", "ip-address": "192.0.2.55"}]`,
		`, "client-classes": [{"name": "p", "test": "substring(option[60].hex, 0, 1) == 'p' or option[82].option[1].exists"}]`), nil)
	f.Fuzz(func(t *testing.T, packets []byte) {
		b := &bench{t, b.e, b.store}
		for _, l := range collect(b) { // so that a find can be repeated
			require.NoError(t, b.store.Commit(t.Context(), lease.Change{Lease: l, Delete: true}))
		}
		for len(packets) >= 3 {
			n := min(int(binary.BigEndian.Uint16(packets[1:])), len(packets)-3)
			circumstances, packet := packets[0], packets[3:3+n]
			packets = packets[3+n:]
			if _, refused := accept(packet); refused != 0 {
				continue
			}
			in := incoming{received: time.Now(), iface: "eth0", local: serverAddr, unicast: circumstances&1 != 0, length: n}
			if err := in.decode(packet); err != nil {
				continue
			}
			before := map[netip.Addr]lease.Lease{}
			for l := range b.store.All() {
				before[l.Addr] = l
			}
			reply, ok := b.serve(&in)
			if !ok {
				continue
			}
			addr := reply.yiaddr
			if !addr.IsValid() {
				continue
			}
			who := clientOf(&in.message)
			if old, ok := before[addr]; ok && engine.InUse(&old, time.Now()) {
				require.True(t, owns(who, true, &old), "%s is another client's", addr)
			}
			if reply.msgType() == dhcpv4.MessageTypeAck {
				l := b.stored(addr.String())
				require.NotNil(t, l, "acknowledged and not stored")
				require.True(t, owns(who, true, l))
			}
		}
	})
}

// serve serves a query as a server does, and looks whether a handler around the
// engine would be asked the same, and send the same.
func (b *bench) serve(in *incoming) (reply message, ok bool) {
	b.t.Helper()
	var around incoming
	around.take(in.query())
	require.Equal(b.t, in.query(), around.query())
	require.Equal(b.t, routeOf(in), routeOf(&around))
	x := b.e.begin(in)
	if x == nil {
		return message{}, false
	}
	defer x.done()
	m, err := x.end(b.t.Context())
	require.NoError(b.t, err)
	if m == nil {
		return message{}, false
	}
	route := routeOf(in)
	wire, omitted, err := appendMessage(nil, m, route.requested, maxLength(route.maximum, 1500))
	require.NoError(b.t, err, "a reply that cannot be sent")
	again, omittedToo, err := encoded(m.library(), route.requested, maxLength(route.maximum, 1500))
	require.NoError(b.t, err)
	require.Equal(b.t, wire, again)
	require.Equal(b.t, omitted, omittedToo)
	require.NoError(b.t, reply.decode(wire))
	return reply, true
}
