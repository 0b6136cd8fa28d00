package main

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// TestHARegistration has clients register addresses that they have made
// themselves (RFC 9686). A Kea 2.2 knows nothing of that, and is not told.
func TestHARegistration(t *testing.T) {
	t.Parallel()
	for _, kinds := range []kinds{{ours, ours}, {ours, keas}} {
		t.Run(kinds.String(), func(t *testing.T) {
			t.Parallel()
			r := newRelationship(t, "hot-standby", map[string]any{"sync-page-limit": 10})
			w := newHAWorld(t, family6, kinds, r)
			w.start()
			w.awaitBoth(r.normal())
			first, second := w.servers[0], w.servers[1]
			w.getMany(1, 20)

			registered := map[string]bool{}
			var last netip.Addr
			for client := 21; client <= 25; client++ {
				last = netip.MustParseAddr(fmt.Sprintf("2001:db8:1::ff%d", client))
				w.host.AddAddr("eth0", last.String()+"/64")
				w.register(client, last, time.Hour)
				registered[last.String()] = true
			}
			w.awaitRegistered(registered)

			// Either comes back without leases and has those it is to have.
			for _, s := range []*haServer{second, first} {
				other := w.partner(s)
				s.kill()
				w.await(other, "partner-down")
				s.forget(t)
				w.start(s)
				w.awaitBoth(r.normal())
				if other.kind == ours {
					w.awaitRegistered(registered)
					continue
				}
				clear(registered) // Kea had not heard of them
				w.register(25, last, time.Hour)
				registered[last.String()] = true
				w.awaitRegistered(registered)
			}
			w.register(25, last, 0)
			delete(registered, last.String())
			w.awaitRegistered(registered)
		})
	}
}

// register registers an address until it is answered. A valid lifetime of 0
// ends the registration.
func (w *haWorld) register(client int, addr netip.Addr, valid time.Duration) {
	w.t.Helper()
	reply, err := w.clients.(*crowd6).askFrom(addr.AsSlice(), client, dhcpv6.MessageTypeAddrRegInform,
		&dhcpv6.OptIAAddress{IPv6Addr: addr.AsSlice(), PreferredLifetime: valid, ValidLifetime: valid}).until(w.ctx, 0)
	require.NoError(w.t, err)
	require.Equal(w.t, dhcpv6.MessageTypeAddrRegReply, reply.MessageType)
}

// awaitRegistered waits until both servers have the same leases, but for those
// of registered addresses, which only our kind has.
func (w *haWorld) awaitRegistered(addrs map[string]bool) {
	w.t.Helper()
	w.awaitEqualBut(func(s *haServer, leases map[string]map[string]any) error {
		for addr := range addrs {
			switch l, ok := leases[addr]; {
			case s.kind == keas && ok:
				return fmt.Errorf("%s has %s", s.name, addr)
			case s.kind == ours && (!ok || l["state"] != 4.):
				return fmt.Errorf("%s has not registered %s: %v", s.name, addr, l)
			}
			delete(leases, addr)
		}
		for addr, l := range leases {
			if l["state"] == 4. {
				return fmt.Errorf("%s has registered %s", s.name, addr)
			}
		}
		return nil
	}, w.servers...)
}
