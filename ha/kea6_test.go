package ha

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// eachKea6 runs a test with a real kea-dhcp6 in either role.
func eachKea6(t *testing.T, test func(t *testing.T, p *kea6Pair), modes ...Mode) {
	eachKea6With(t, nil, test, modes...)
}

// eachKea6With is the same with parameters instead of the usual.
func eachKea6With(t *testing.T, change object, test func(t *testing.T, p *kea6Pair), modes ...Mode) {
	t.Parallel()
	for _, mode := range modes {
		for _, name := range []string{"server1", "server2"} {
			t.Run(fmt.Sprintf("%s, ours is %s", mode, name), func(t *testing.T) {
				t.Parallel()
				test(t, newKea6Pair(t, mode, name, change))
			})
		}
	}
}

// give commits an address and a prefix for each of the clients.
func (p *kea6Pair) give(first, last int) {
	p.t.Helper()
	p.commit(first, last, func(client int) []lease.Change {
		return []lease.Change{{Lease: lease6(lease.NA, client)}, {Lease: lease6(lease.PD, client)}}
	})
}

// commit commits changes for each of the clients, many at the same time.
func (p *kea6Pair) commit(first, last int, changes func(client int) []lease.Change) {
	p.t.Helper()
	clients := make(chan int)
	errs := make([]error, 100)
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			for client := range clients {
				errs[i] = errors.Join(errs[i], p.ours.Commit(p.ctx, changes(client)...))
			}
		})
	}
	for client := first; client <= last; client++ {
		clients <- client
	}
	close(clients)
	workers.Wait()
	require.NoError(p.t, errors.Join(errs...))
}

// oddLeases are leases with every member that there is, of the clients from
// first on.
func oddLeases(first int) (all []lease.Lease) {
	for i, change := range []func(l *lease.Lease){
		func(l *lease.Lease) { l.ValidLft, l.PreferredLft = lease.Infinite, lease.Infinite },
		func(l *lease.Lease) { l.Hostname, l.FQDNFwd, l.FQDNRev = "host.example.org.", true, true },
		func(l *lease.Lease) { l.HWAddr = []byte{2, 0, 0, 0, 0, byte(first)} },
		func(l *lease.Lease) {
			l.UserContext = []byte(`{"ISC":{"relays":[{"hop":0,"link":"2001:db8:1::1","options":"0x00120006706F72742D37","peer":"fe80::1"}]}}`)
		},
		func(l *lease.Lease) { l.PreferredLft = 0 },
		func(l *lease.Lease) { l.IAID = 0xffffffff },
		func(l *lease.Lease) { l.State = lease.ExpiredReclaimed; l.CLTT -= 4000 },
		func(l *lease.Lease) { // with a DUID of the greatest length
			l.ClientID = append(make([]byte, 0, 130), l.ClientID...)[:128]
		},
	} {
		for _, typ := range []lease.Type{lease.NA, lease.PD} {
			l := lease6(typ, first+i)
			change(&l)
			all = append(all, l)
		}
	}
	declined := lease6(lease.NA, first+100)
	declined.State, declined.ClientID, declined.PreferredLft = lease.Declined, nil, 0
	whole := lease6(lease.PD, first+101)
	whole.PrefixLen = 128
	return append(all, declined, whole)
}

// Leases that one has and the other has not go both ways, page by page.
func TestKea6Synchronization(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.startKea()
		p.await(StatePartnerDown, 0)
		p.load(150, true)
		for _, l := range oddLeases(1000) {
			text, err := l.MarshalJSON()
			require.NoError(t, err)
			p.add(string(text))
		}
		p.ours.start()
		p.normal()
		n := p.awaitEqual()
		require.Greater(t, n, 250)

		p.killKea(true)
		p.await(0, StatePartnerDown)
		p.give(1, 150)
		for _, l := range oddLeases(2000) {
			require.NoError(t, p.ours.Commit(p.ctx, lease.Change{Lease: l}))
		}
		p.startKea()
		p.normal()
		require.Greater(t, p.awaitEqual(), n+300)
	}, HotStandby, LoadBalancing)
}

// In normal operation each tells the other of what it does.
func TestKea6Updates(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		var loading sync.WaitGroup
		if p.keaServes() {
			loading.Go(func() { p.load(300, true) })
		}
		if p.oursServes() {
			p.give(1, 1000)
			p.give(1, 500) // they renew theirs
			for _, l := range oddLeases(2000) {
				require.NoError(t, p.ours.Commit(p.ctx, lease.Change{Lease: l}))
			}
			p.commit(1, 200, func(client int) []lease.Change {
				return []lease.Change{lease.Removal(lease6(lease.NA, client)), lease.Removal(lease6(lease.PD, client))}
			})
		}
		loading.Wait()
		require.Greater(t, p.awaitEqual(), 250)
	}, HotStandby, LoadBalancing)
}

// What Kea 2.2 cannot read is to it as if it were not there, and keeps nothing
// else from it: neither in an update nor in a page that it fetches.
func TestKea6Unreadable(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		if !p.oursServes() {
			p.killKea(false)
			p.await(0, StatePartnerDown)
		}
		// The last of a page, and in its midst.
		unreadable := func(client int) bool { return client%20 == 0 || client%20 == 7 }
		p.commit(1, 100, func(client int) []lease.Change {
			na, pd := lease6(lease.NA, client), lease6(lease.PD, client)
			if unreadable(client) {
				na.State, pd.State = lease.Registered, lease.Released
				if client%3 == 0 {
					na.State = lease.Released
				}
			}
			return []lease.Change{{Lease: na}, {Lease: pd}}
		})
		without := func(ours map[string]string) {
			for client := 1; client <= 100; client++ {
				if unreadable(client) {
					na, pd := lease6(lease.NA, client), lease6(lease.PD, client)
					delete(ours, fmt.Sprint("IA_NA ", na.Addr))
					delete(ours, fmt.Sprint("IA_PD ", pd.Addr))
				}
			}
		}
		if p.oursServes() {
			require.Equal(t, 2*90, p.awaitEqualBut(without))
		}
		p.killKea(true)
		p.await(0, StatePartnerDown)
		p.startKea()
		p.normal()
		require.Equal(t, 2*90, p.awaitEqualBut(without))
	}, HotStandby)
}

// Either server comes back, with its leases or without, and then both have all.
func TestKea6Return(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		for i, lost := range []bool{false, true} {
			p.ours.end()
			p.await(StatePartnerDown, 0)
			p.load(60, true)
			if lost {
				require.NoError(t, os.Remove(p.ours.path))
			}
			p.ours.start()
			p.normal()
			p.awaitEqual()

			p.killKea(lost)
			p.await(0, StatePartnerDown)
			p.give(100*i, 100*i+60)
			p.startKea()
			p.normal()
			p.awaitEqual()
		}
	}, LoadBalancing)
}

// What a Kea gave out before it ended is fetched though it has started anew and
// says nothing of it: the server that was down then has been alone since.
func TestKea6StartsLast(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.startKea()
		p.await(StatePartnerDown, 0)
		p.load(60, false)
		p.killKea(false)
		p.ours.start()
		p.await(0, StatePartnerDown)
		p.give(1, 20)
		p.startKea()
		p.normal()
		require.Greater(t, p.awaitEqual(), 100)
	}, HotStandby, LoadBalancing)
}

// What is removed here while both serve alone does not take from a Kea what it has
// given out later, of which it says nothing once it has been started anew.
func TestKea6KeepsWhatItGaveLater(t *testing.T) {
	eachKea6(t, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		heal := p.sever(testnet.Rejected)
		p.await(StatePartnerDown, StatePartnerDown)
		before := time.Now().Add(-10 * time.Second).Unix()
		for i := range 60 {
			l := lease6(lease.NA, i)
			l.CLTT = before
			l.Addr = netip.MustParseAddr(fmt.Sprintf("2001:db8:1::1:0:%x", i)) // that Kea gives out first
			require.NoError(t, p.ours.Commit(p.ctx, lease.Change{Lease: l}))
			require.NoError(t, p.ours.Commit(p.ctx, lease.Change{Lease: l, Delete: true}))
		}
		p.load(60, false)
		given, err := p.keaLeases()
		require.NoError(t, err)
		require.Greater(t, len(given), 100)
		p.killKea(false)
		p.startKea()
		heal()
		p.normal()
		p.awaitEqual()
		left, err := p.keaLeases()
		require.NoError(t, err)
		require.Equal(t, given, left)
	}, HotStandby)
}

// Cut off from each other both serve their own clients, and tell each other of
// it afterwards. An administrator can have all leases fetched at any time.
func TestKea6Recovery(t *testing.T) {
	change := object{"max-unacked-clients": 10, "delayed-updates-limit": 1000}
	eachKea6With(t, change, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		p.give(1, 50)
		p.load(50, true)
		heal := p.sever(testnet.Rejected)
		p.await(StateCommunicationRecovery, StateCommunicationRecovery)
		p.give(1000, 1100)
		p.give(1, 20)
		p.commit(21, 25, func(client int) []lease.Change {
			return []lease.Change{lease.Removal(lease6(lease.NA, client)), {Lease: lease6(lease.PD, client)}}
		})
		p.load(50, false) // what Kea gives and takes back meanwhile it does not take back here
		heal()
		p.normal()
		p.awaitEqual()
		p.command("ha-sync", object{"server-name": p.ours.cfgs[0].ThisServerName})
		require.Zero(t, p.ours.run("ha-sync", fmt.Sprintf(`{"server-name": %q}`, p.other(p.ours.cfgs[0].ThisServerName))).Result)
		p.awaitEqual()
	}, LoadBalancing)
}

// What Kea refuses does not reach its client, nor does it keep others from
// theirs that are told in the same command.
func TestKea6Refusals(t *testing.T) {
	change := object{"max-unacked-clients": 10, "delayed-updates-limit": 1000}
	eachKea6With(t, change, func(t *testing.T, p *kea6Pair) {
		p.start()
		p.normal()
		elsewhere := lease6(lease.NA, 900)
		elsewhere.SubnetID = 9
		without := func(ours map[string]string) { delete(ours, fmt.Sprint("IA_NA ", elsewhere.Addr)) }
		require.ErrorIs(t, p.ours.Commit(p.ctx, lease.Change{Lease: elsewhere}), errUnacknowledged)
		p.normal()
		p.awaitEqualBut(without)

		// All together in a backlog.
		heal := p.sever(testnet.Rejected)
		p.await(StateCommunicationRecovery, StateCommunicationRecovery)
		p.give(1, 40)
		require.NoError(t, p.ours.Commit(p.ctx, lease.Change{Lease: elsewhere}))
		p.give(41, 80)
		heal()
		p.normal()
		require.Equal(t, 161, p.awaitEqual(), "what it fetches, Kea does not check")

		// To remove what is not there is no failure.
		for client := 1; client <= 40; client += 2 {
			p.command("lease6-del", object{"type": "IA_PD", "ip-address": lease6(lease.PD, client).Addr})
		}
		p.commit(1, 40, func(client int) []lease.Change {
			return []lease.Change{lease.Removal(lease6(lease.NA, client)), lease.Removal(lease6(lease.PD, client))}
		})
		require.Equal(t, 81, p.awaitEqual())
	}, LoadBalancing)
}
