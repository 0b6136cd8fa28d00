package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// Killed under load twenty times, at any moment, failoverd comes back with
// every lease that a client was acknowledged.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p, server := startLocal(t, `"valid-lifetime": 86400,
		"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["127.0.0.1"]},
			"pools": [{"pool": "10.0.0.1 - 10.255.255.254"}]}],`)
	ctx := within(t, 3*time.Minute)

	var told promises
	clients, end := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer end()
	for n := range 24 {
		r := testnet.NewRelayed(t, server)
		running.Go(func() {
			if err := comeAndRenew(clients, r, n, &told); err != nil && clients.Err() == nil {
				t.Errorf("clients %d: %v", n, err)
			}
		})
	}

	checked, slowest := 0, time.Duration(0)
	for kill := range 20 {
		before := told.count()
		testnet.Until(ctx, t, "the load goes on", func() error {
			if told.count() < before+100 {
				return fmt.Errorf("%d new acknowledgements", told.count()-before)
			}
			return nil
		})
		moment := time.NewTimer(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
		<-moment.C // the kill is to come at any instant, not just after an ACK
		p.Kill()
		promised := told.copy()
		began := time.Now()
		p.restart()
		p.awaitReady(ctx)
		slowest = max(slowest, time.Since(began))
		require.NoError(t, verify(promised, p.allLeases(ctx)), "after kill %d", kill+1)
		checked += len(promised)
	}
	end()
	running.Wait()
	require.NoError(t, verify(told.copy(), p.allLeases(ctx)), "in the end")
	require.NoError(t, told.broken)
	t.Logf("%d ACKs for %d leases; %d leases looked up after 20 kills, none missing; ready again after %v at most",
		told.acks, len(told.leases), checked, slowest.Round(time.Millisecond))
}

// comeAndRenew plays one client after the other until ctx ends. Each gets a
// lease; each third one before it renews its own.
func comeAndRenew(ctx context.Context, r *testnet.Relayed, n int, told *promises) error {
	var earlier []*dhcpv4.DHCPv4
	for serial := 0; ctx.Err() == nil; serial++ {
		sent := time.Now()
		ack, err := r.Lease(ctx, net.HardwareAddr{2, byte(n), 0, byte(serial >> 16), byte(serial >> 8), byte(serial)})
		if errors.Is(err, testnet.ErrNak) {
			continue // its server was killed and has forgotten the offer
		}
		if err != nil {
			return err
		}
		told.note(ack, sent)
		if earlier = append(earlier, ack); serial%3 > 0 {
			continue
		}
		sent = time.Now()
		again, err := r.Renew(ctx, earlier[serial/3])
		if err != nil {
			return err // a DHCPNAK too: the lease is the client's
		}
		told.note(again, sent)
	}
	return nil
}

// promises are what clients have been acknowledged.
type promises struct {
	mu     sync.Mutex
	leases map[netip.Addr]promise
	acks   int
	broken error // an address was promised to two
}

type promise struct {
	hw    string
	until int64 // seconds
}

// note remembers an ACK to a request that was not sent before the time given.
// That is when a client's lease begins (RFC 2131, section 4.4.1).
func (p *promises) note(ack *dhcpv4.DHCPv4, sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leases == nil {
		p.leases = map[netip.Addr]promise{}
	}
	addr, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	hw := ack.ClientHWAddr.String()
	if other, ok := p.leases[addr]; ok && other.hw != hw {
		p.broken = errors.Join(p.broken, fmt.Errorf("%v was acknowledged to %s and to %s", addr, other.hw, hw))
	}
	p.leases[addr] = promise{hw, sent.Unix() + int64(ack.IPAddressLeaseTime(0)/time.Second)}
	p.acks++
}

func (p *promises) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acks
}

func (p *promises) copy() map[netip.Addr]promise {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.leases)
}

// keptLease is a lease as the lease commands show it.
type keptLease struct {
	Addr  netip.Addr `json:"ip-address"`
	HW    string     `json:"hw-address"`
	CLTT  int64      `json:"cltt"`
	Valid int64      `json:"valid-lft"`
	State int        `json:"state"`
}

func (p *program) allLeases(ctx context.Context) map[netip.Addr]keptLease {
	p.t.Helper()
	var all struct{ Leases []keptLease }
	require.NoError(p.t, json.Unmarshal(p.command(ctx, "lease4-get-all", nil), &all))
	leases := make(map[netip.Addr]keptLease, len(all.Leases))
	for _, l := range all.Leases {
		leases[l.Addr] = l
	}
	return leases
}

// verify says which promises are not kept.
func verify(promised map[netip.Addr]promise, kept map[netip.Addr]keptLease) error {
	var broken []error
	for addr, p := range promised {
		switch l, ok := kept[addr]; {
		case !ok:
			broken = append(broken, fmt.Errorf("%v of %s is missing", addr, p.hw))
		case l.HW != p.hw:
			broken = append(broken, fmt.Errorf("%v was promised to %s, and is %s's", addr, p.hw, l.HW))
		case l.State != 0:
			broken = append(broken, fmt.Errorf("%v of %s has state %d", addr, p.hw, l.State))
		case l.CLTT+l.Valid < p.until:
			broken = append(broken, fmt.Errorf("%v of %s ends %d s too early", addr, p.hw, p.until-l.CLTT-l.Valid))
		}
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d of %d promises broken, such as: %w", len(broken), len(promised), errors.Join(broken[:min(len(broken), 5)]...))
	}
	return nil
}

// The check must see what a server may do wrong.
func TestVerify(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("10.0.0.1")
	sent := time.Unix(1000, 999)
	ack := func(n int) *dhcpv4.DHCPv4 {
		m, err := dhcpv4.New(dhcpv4.WithYourIP(net.IP(addr.AsSlice())), dhcpv4.WithHwAddr(mac(n)), dhcpv4.WithLeaseTime(60))
		require.NoError(t, err)
		return m
	}
	var told promises
	told.note(ack(1), sent)
	good := keptLease{Addr: addr, HW: mac(1).String(), CLTT: 1000, Valid: 60}
	tests := map[string]func(*keptLease){
		"":                      func(*keptLease) {},
		"is missing":            func(l *keptLease) { l.Addr = addr.Next() },
		"is " + mac(2).String(): func(l *keptLease) { l.HW = mac(2).String() },
		"state 1":               func(l *keptLease) { l.State = 1 },
		"1 s too early":         func(l *keptLease) { l.Valid = 59 },
	}
	for want, change := range tests {
		l := good
		change(&l)
		err := verify(told.copy(), map[netip.Addr]keptLease{l.Addr: l})
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	require.NoError(t, told.broken)
	told.note(ack(2), sent)
	require.ErrorContains(t, told.broken, "acknowledged to")
}
