package dhcp4

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// ledger knows which client was acknowledged which address, and until when:
// what no client may be given while another may still use it.
type ledger struct {
	mu   sync.Mutex
	has  map[netip.Addr]acknowledged
	acks int
}

type acknowledged struct {
	client string
	until  time.Time
}

func (l *ledger) ack(t testing.TB, client string, m *dhcpv4.DHCPv4, sent time.Time) {
	addr := address(m.YourIPAddr)
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.has[addr]; ok && old.client != client && time.Now().Before(old.until) {
		t.Errorf("%s is %s's until %v and was given to %s", addr, old.client, old.until, client)
	}
	seconds := m.IPAddressLeaseTime(0)
	l.acks++
	l.has[addr] = acknowledged{client, sent.Add(seconds)}
}

// only notes that a client gives up all addresses but one: what it renews, or
// none. It does so before it says so, and from then on does not use them.
func (l *ledger) only(client string, keep netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.has, func(addr netip.Addr, a acknowledged) bool { return a.client == client && addr != keep })
}

// Many clients do as they like with few addresses, some of them by several
// queries at a time, while the configuration changes.
func TestNoAddressTwice(t *testing.T) {
	t.Parallel()
	const clients, rounds = 24, 150
	cfgs := []string{
		oneSubnet(),
		oneSubnet(`, "rapid-commit": true, "reservations": [{"hw-address": "02:00:00:00:00:03", "ip-address": "192.0.2.12"}, {"hw-address": "02:00:00:00:00:04", "ip-address": "192.0.2.77"}]`),
	}
	b := newBench(t, cfgs[0], nil)
	book := &ledger{has: map[netip.Addr]acknowledged{}}
	var wg sync.WaitGroup
	for client := range byte(clients) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(client)))
			name := string(rune('a' + client))
			var mine netip.Addr
			some := func() string { return netip.AddrFrom4([4]byte{192, 0, 2, byte(9 + r.IntN(6))}).String() }
			for range rounds {
				typ, keep := request, netip.Addr{}
				var mods []mod
				switch r.IntN(8) {
				case 0:
					typ, keep = discover, mine
					mods = append(mods, requested(some()))
				case 1:
					typ = discover
					mods = append(mods, opt(optRapidCommit))
				case 2:
					mods = append(mods, requested(some()), toServer("192.0.2.1"))
				case 3:
					mods = append(mods, requested(some()))
				case 4, 5:
					if !mine.IsValid() {
						continue
					}
					keep = mine
					mods = append(mods, ciaddr(mine.String()), unicast)
				case 6:
					if !mine.IsValid() {
						continue
					}
					typ = release
					mods = append(mods, ciaddr(mine.String()), toServer("192.0.2.1"))
				case 7:
					offer := ask(t, b, discover, client)
					if offer == nil {
						continue
					}
					mods = append(mods, requested(offer.YourIPAddr.String()), toServer("192.0.2.1"))
				}
				book.only(name, keep)
				sent := time.Now()
				m := ask(t, b, typ, client, mods...)
				if m != nil && m.MessageType() == dhcpv4.MessageTypeAck {
					mine = address(m.YourIPAddr)
					book.ack(t, name, m, sent)
				}
			}
		})
	}
	for i := range 20 {
		require.NoError(t, b.e.Reload(config(t, cfgs[i%2])))
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	require.Zero(t, b.e.core.Turns.Len())
	require.Greater(t, book.acks, clients)
	owners := map[string]netip.Addr{}
	for l := range b.store.All() {
		if l.State != lease.Assigned {
			continue
		}
		other, twice := owners[string(l.HWAddr)]
		require.False(t, twice, "client %x has %s and %s", l.HWAddr, other, l.Addr)
		owners[string(l.HWAddr)] = l.Addr
	}
}

// ask is for goroutines, which may not end the test.
func ask(t testing.TB, b *bench, typ dhcpv4.MessageType, client byte, mods ...mod) *dhcpv4.DHCPv4 {
	reply, err := b.e.ServeDHCP(context.Background(), queryOf(typ, client, mods...))
	if err != nil {
		t.Errorf("%v of client %d: %v", typ, client, err)
	}
	if reply == nil {
		return nil
	}
	return reply.Message
}
