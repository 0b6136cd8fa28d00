package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// Killed under load twenty times, at any moment, failoverd comes back with
// every lease that a client was acknowledged.
func TestKilledUnderLoad(t *testing.T) {
	t.Run("DHCPv4", func(t *testing.T) {
		t.Parallel()
		killUnderLoad(t, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["127.0.0.1"]},
			"pools": [{"pool": "10.0.0.1 - 10.255.255.254"}]}],`,
			func(t *testing.T, server netip.AddrPort, told *promises) customers {
				return &customers4{testnet.NewRelayed(t, server), told, nil}
			})
	})
	t.Run("DHCPv6", func(t *testing.T) {
		t.Parallel()
		killUnderLoad(t, `"subnet6": [{"id": 1, "subnet": "2001:db8::/32", "relay": {"ip-addresses": ["::1"]},
			"pools": [{"pool": "2001:db8::/64"}], "pd-pools": [{"prefix": "3fff::", "prefix-len": 24, "delegated-len": 56}]}],`,
			func(t *testing.T, server netip.AddrPort, told *promises) customers {
				return &customers6{testnet.NewRelayed6(t, server), told, nil}
			})
	})
}

// customers are clients that come one after the other. What they are
// acknowledged they note.
type customers interface {
	come(ctx context.Context, hw net.HardwareAddr) error // a new one gets what it wants
	renew(ctx context.Context, n int) error              // so does one that came before
}

func killUnderLoad(t *testing.T, subnets string, enter func(*testing.T, netip.AddrPort, *promises) customers) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p, server := startLocal(t, `"valid-lifetime": 86400,`+subnets)
	ctx := within(t, 3*time.Minute)

	var told promises
	clients, end := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer end()
	for n := range 24 {
		c := enter(t, server, &told)
		running.Go(func() {
			if err := comeAndRenew(clients, c, n); err != nil && clients.Err() == nil {
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
	t.Logf("%d acknowledgements of %d leases; %d leases looked up after 20 kills, none missing; ready again after %v at most",
		told.acks, len(told.leases), checked, slowest.Round(time.Millisecond))
}

// comeAndRenew plays one customer after the other until ctx ends. Each gets
// leases; each third one before it an earlier one renews its own. When enough
// have come they only renew: all leases are looked up after each kill.
func comeAndRenew(ctx context.Context, c customers, n int) error {
	const enough = 200
	for serial := 0; ctx.Err() == nil; serial++ {
		var err error
		if serial < enough {
			err = c.come(ctx, net.HardwareAddr{2, byte(n), 0, byte(serial >> 16), byte(serial >> 8), byte(serial)})
		}
		if err == nil && (serial >= enough || serial%3 == 0) {
			err = c.renew(ctx, serial/3%enough)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type customers4 struct {
	*testnet.Relayed
	told    *promises
	earlier []*dhcpv4.DHCPv4
}

func (c *customers4) come(ctx context.Context, hw net.HardwareAddr) error {
	for {
		sent := time.Now()
		ack, err := c.Lease(ctx, hw)
		if errors.Is(err, testnet.ErrNak) {
			continue // its server was killed and has forgotten the offer
		}
		if err == nil {
			c.note(ack, sent)
			c.earlier = append(c.earlier, ack)
		}
		return err
	}
}

func (c *customers4) renew(ctx context.Context, n int) error {
	sent := time.Now()
	ack, err := c.Renew(ctx, c.earlier[n])
	if err == nil { // a DHCPNAK is an error: the lease is the client's
		c.note(ack, sent)
	}
	return err
}

func (c *customers4) note(ack *dhcpv4.DHCPv4, sent time.Time) {
	addr, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	c.told.note(addr, ack.ClientHWAddr.String(), sent, ack.IPAddressLeaseTime(0))
}

// customers6 each want an address and a prefix.
type customers6 struct {
	*testnet.Relayed6
	told    *promises
	earlier []*dhcpv6.Message
}

func (c *customers6) come(ctx context.Context, hw net.HardwareAddr) error {
	sent := time.Now()
	reply, err := c.Lease(ctx, testnet.Client6(hw), &dhcpv6.OptIANA{IaId: [4]byte{1}}, &dhcpv6.OptIAPD{IaId: [4]byte{1}})
	if err == nil {
		c.earlier = append(c.earlier, reply)
		err = c.note(reply, sent)
	}
	return err
}

func (c *customers6) renew(ctx context.Context, n int) error {
	sent := time.Now()
	before := c.earlier[n]
	reply, err := c.Renew(ctx, before)
	if err == nil {
		err = c.note(reply, sent)
	}
	if err == nil && prefixes(before) != prefixes(reply) {
		err = fmt.Errorf("a renewal of %s gave %s", prefixes(before), prefixes(reply))
	}
	return err
}

func (c *customers6) note(reply *dhcpv6.Message, sent time.Time) error {
	grants := testnet.Grants6(reply)
	if len(grants) != 2 {
		return fmt.Errorf("an address and a prefix were wanted: %s", reply.Summary())
	}
	for _, g := range grants {
		c.told.note(g.Prefix.Addr(), net.HardwareAddr(reply.Options.ClientID().ToBytes()).String(), sent, g.Valid)
	}
	return nil
}

// prefixes are the addresses and prefixes of a Reply.
func prefixes(m *dhcpv6.Message) string {
	var text []string
	for _, g := range testnet.Grants6(m) {
		text = append(text, g.Prefix.String())
	}
	return strings.Join(text, " and ")
}

// promises are what clients have been acknowledged.
type promises struct {
	mu     sync.Mutex
	leases map[netip.Addr]promise
	acks   int
	broken error // an address was promised to two
}

type promise struct {
	client string // its hardware address, or DUID
	until  int64  // seconds
}

// note remembers that a client was acknowledged an address, or a prefix that
// begins with it, when it had asked not before the time given. That is when a
// client's lease begins (RFC 2131, section 4.4.1).
func (p *promises) note(addr netip.Addr, client string, sent time.Time, valid time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leases == nil {
		p.leases = map[netip.Addr]promise{}
	}
	if other, ok := p.leases[addr]; ok && other.client != client {
		p.broken = errors.Join(p.broken, fmt.Errorf("%v was acknowledged to %s and to %s", addr, other.client, client))
	}
	p.leases[addr] = promise{client, sent.Unix() + int64(valid/time.Second)}
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

// keptLease is a lease as the lease commands of either family show it.
type keptLease struct {
	Addr  netip.Addr `json:"ip-address"`
	HW    string     `json:"hw-address"`
	DUID  string     `json:"duid"`
	CLTT  int64      `json:"cltt"`
	Valid int64      `json:"valid-lft"`
	State int        `json:"state"`
}

func (l keptLease) client() string { return cmp.Or(l.DUID, l.HW) }

func (p *program) allLeases(ctx context.Context) map[netip.Addr]keptLease {
	p.t.Helper()
	var all struct{ Leases []keptLease }
	r, err := call(ctx, p.socket, p.named("lease%d-get-all"), nil)
	require.NoError(p.t, err)
	require.Contains(p.t, []int{0, 3}, r.Result, r.Text) // 3: there is none
	require.NoError(p.t, json.Unmarshal(r.Arguments, &all))
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
			broken = append(broken, fmt.Errorf("%v of %s is missing", addr, p.client))
		case l.client() != p.client:
			broken = append(broken, fmt.Errorf("%v was promised to %s, and is %s's", addr, p.client, l.client()))
		case l.State != 0:
			broken = append(broken, fmt.Errorf("%v of %s has state %d", addr, p.client, l.State))
		case l.CLTT+l.Valid < p.until:
			broken = append(broken, fmt.Errorf("%v of %s ends %d s too early", addr, p.client, p.until-l.CLTT-l.Valid))
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
	var told promises
	told.note(addr, mac(1).String(), sent, time.Minute)
	good := keptLease{Addr: addr, HW: mac(1).String(), CLTT: 1000, Valid: 60}
	tests := map[string]func(*keptLease){
		"":                      func(*keptLease) {},
		"is missing":            func(l *keptLease) { l.Addr = addr.Next() },
		"is " + mac(2).String(): func(l *keptLease) { l.HW = mac(2).String() },
		"is 00:03":              func(l *keptLease) { l.DUID = "00:03" },
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
	told.note(addr, mac(2).String(), sent, time.Minute)
	require.ErrorContains(t, told.broken, "acknowledged to")
}
