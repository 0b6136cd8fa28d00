package main

import (
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

// Limits of clients behind relay agents are taken from a file that Kea would
// take, too; those of Kea's own are named.
func TestLimitsInFile(t *testing.T) {
	t.Parallel()
	const four = `{"Dhcp4": {
		"store-extended-info": true,
		"user-context": {"limits": {"port-address-limit": 8, "relay-address-limit": 500}},
		"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "user-context": {"floor": 2, "limits": {"port-address-limit": 2}}}]}}`
	output, status := testFile(t, four)
	require.Zero(t, status, output)
	output, status = testFile(t, `{"Dhcp6": {
		"store-extended-info": true,
		"user-context": {"limits": {"port-address-limit": 8, "port-prefix-limit": 2, "relay-address-limit": 500, "relay-prefix-limit": 100}}}}`)
	require.Zero(t, status, output)

	keas := `{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "user-context": {"limits": {"address-limit": 4}}}]}}`
	output, status = testFile(t, keas)
	require.Equal(t, 1, status)
	require.Contains(t, output, "subnet4[0].user-context.limits.address-limit: is not supported")
	output, status = testFile(t, keas, "-allow-unsupported")
	require.Zero(t, status, output)

	output, status = testFile(t, `{"Dhcp4": {"user-context": {"limits": {"port-address-limit": 8}}}}`)
	require.Equal(t, 1, status)
	require.Contains(t, output, `user-context.limits: needs "store-extended-info": true here`)
}

// TestHALimit limits what clients behind a port of a switch, which names it, may
// have. What they have counts at either server of a pair, whichever has given it,
// and also if that was a Kea, which does not limit them.
func TestHALimit(t *testing.T) {
	t.Parallel()
	for _, kinds := range []kinds{{ours, ours}, {keas, ours}} {
		t.Run(kinds.String(), func(t *testing.T) {
			t.Parallel()
			r := newRelationship(t, "hot-standby", nil)
			w := newHAWorld(t, family4, kinds, r)
			for _, s := range w.servers {
				s.config["store-extended-info"] = true
				s.config["user-context"] = map[string]any{"limits": map[string]any{"port-address-limit": 3}}
			}
			w.start()
			w.awaitBoth(r.normal())
			clients := w.clients.(*crowd4)
			at := func(port string) dhcpv4.Modifier { return text(82, "\x01"+string(rune(len(port)))+port) }
			get := func(client int, port string) haLease {
				t.Helper()
				offer, err := clients.ask(client, kind(dhcpv4.MessageTypeDiscover), at(port)).until(w.ctx, 0)
				require.NoError(t, err)
				ack, err := clients.ask(client, kind(dhcpv4.MessageTypeRequest), at(port),
					addrOpt(50, offer.yiaddr.String()), text(54, string(offer.options[54]))).until(w.ctx, 0)
				require.NoError(t, err)
				l, ok := leaseOf4(client, ack)
				require.True(t, ok)
				return l
			}
			refused := func(s *haServer, client int, port string) {
				t.Helper()
				const name = "v4-allocation-fail-port-limit"
				before := statistic(w.ctx, t, s.socket, name)
				r, err := clients.ask(client, kind(dhcpv4.MessageTypeDiscover), at(port))(w.ctx, 0)
				require.NoError(t, err)
				require.Nil(t, r)
				require.Equal(t, before+1, statistic(w.ctx, t, s.socket, name))
			}

			first, second := w.servers[0], w.servers[1]
			var leases []haLease
			for client := range 3 {
				leases = append(leases, get(client, "port 1"))
			}
			if first.kind == ours {
				refused(first, 3, "port 1")
			}
			get(4, "port 2")
			w.awaitEqual()

			first.kill()
			w.await(second, "partner-down")
			refused(second, 5, "port 1")
			for _, l := range leases {
				servedBy(t, second, w.renew(l))
			}
			refused(second, 6, "port 1")
			servedBy(t, second, get(7, "port 2"))

			if first.kind == ours {
				w.start(first)
				w.awaitBoth(r.normal())
				refused(first, 8, "port 1")
				servedBy(t, first, get(9, "port 2"))
			}
		})
	}
}
