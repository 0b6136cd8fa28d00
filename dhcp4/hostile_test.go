package dhcp4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// Who asks for an address that another client has must not get in the way of
// that client's renewals, however often.
func TestOthersCannotMakeRenewalsFail(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	addr := b.lease(1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for client := range byte(2) {
		wg.Go(func() {
			for ctx.Err() == nil {
				assert.Equal(t, "NAK", short(ask(t, b, request, 100+client, requested(addr), toServer("192.0.2.1"))))
				assert.NotEqual(t, "OFFER "+addr, short(ask(t, b, discover, 100+client, requested(addr))))
			}
		})
	}
	for range 200 {
		require.Equal(t, "ACK "+addr, short(b.ask(request, 1, ciaddr(addr), unicast)))
	}
}

// committerFunc makes a lease.Committer of a function.
type committerFunc func(ctx context.Context, changes ...lease.Change) error

func (f committerFunc) Commit(ctx context.Context, changes ...lease.Change) error {
	return f(ctx, changes...)
}

func TestOneClientCannotHaveAllQueriesInFlight(t *testing.T) {
	t.Parallel()
	disk := make(chan struct{}) // slow
	b := newBench(t, oneSubnet(), &EngineOptions{Committer: committerFunc(func(context.Context, ...lease.Change) error {
		<-disk
		return nil
	})})
	answers := make(chan string)
	const sent = 100
	for range sent {
		go func() { answers <- short(ask(t, b, request, 1, requested("192.0.2.10"), toServer("192.0.2.1"))) }()
	}
	for range sent - engine.MaxTurns {
		require.Equal(t, "silence", <-answers)
	}
	require.EqualValues(t, sent-engine.MaxTurns, b.stat("pkt4-receive-drop"))
	close(disk)
	for range engine.MaxTurns {
		require.Equal(t, "ACK 192.0.2.10", <-answers)
	}
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.1"))))
}

// Such a lease could not be stored, or not by a partner, so that no reply must
// depend on it.
func TestClientIdentifiersThatAreNone(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	for _, n := range []int{1, 256, 1000} {
		id := clientID(strings.Repeat("x", n))
		require.Nil(t, b.ask(discover, 1, id), "%d bytes", n)
		require.Nil(t, b.ask(request, 1, id, requested("192.0.2.10"), toServer("192.0.2.1")), "%d bytes", n)
	}
	require.Zero(t, b.store.Count(0, lease.Assigned, lease.V4))
	for i, n := range []int{2, 255} {
		b.lease(byte(i), clientID(strings.Repeat("x", n)))
	}
}

// A name that the suffix makes too long is left out: the lease could not be
// stored with it.
func TestHostnameTooLongForTheSuffix(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	b := newBench(t, oneSubnet(`, "ddns-qualifying-suffix": "`+strings.Repeat(label+".", 3)+`example."`), nil)
	require.Empty(t, b.stored(b.lease(1, hostname(label))).Hostname)
}

// A client without a hardware address, as on InfiniBand (RFC 4390), is known by
// its identifier also where that does not count otherwise. Two are still two.
func TestIdentifierIsAllThatThereIs(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "match-client-id": false`), nil)
	bare := func(q *Query) { q.Message.ClientHWAddr = nil }
	one := b.lease(1, bare, clientID("one"))
	two := b.lease(2, bare, clientID("two"))
	require.NotEqual(t, one, two)
	require.Equal(t, "ACK "+one, short(b.ask(request, 1, bare, clientID("one"), ciaddr(one), unicast)))
	require.Equal(t, "OFFER "+two, short(b.ask(discover, 2, bare, clientID("two"))))
	require.Equal(t, "NAK", short(b.ask(request, 1, bare, clientID("one"), ciaddr(two), unicast)))
	b.ask(release, 1, bare, clientID("one"), ciaddr(one), toServer("192.0.2.1"))
	require.Nil(t, b.stored(one))
}

// Whoever takes lease after lease with ever new identifiers makes no query
// dearer, be it his own.
func TestManyLeasesOfOneHardwareAddress(t *testing.T) {
	b := newBench(t, `"subnet4": [{"id": 1, "subnet": "198.18.0.0/15", "pools": [{"pool": "198.18.0.0/15"}]}]`, nil)
	const count = 5000
	changes := make([]lease.Change, count)
	addr := netip.MustParseAddr("198.18.0.1")
	for i := range changes {
		l := of(1, addr.String())
		l.Type, l.SubnetID, l.ClientID = lease.V4, 1, binary.BigEndian.AppendUint32(nil, uint32(i))
		changes[i] = lease.Change{Lease: l}
		addr = addr.Next()
	}
	require.NoError(t, b.store.Commit(t.Context(), changes...))
	here := onInterface("eth0", "198.18.0.1")
	for _, mods := range [][]mod{{here}, {here, clientID("new")}} {
		allocations := testing.AllocsPerRun(10, func() { b.ask(discover, 1, mods...) })
		require.Less(t, allocations, float64(count/10))
	}
}

// The answer to an INFORM goes where it says, which so must be on its link.
func TestInformIsAnsweredOnItsLinkOnly(t *testing.T) {
	t.Parallel()
	from := func(addr string) mod {
		return func(q *Query) { q.Source = netip.MustParseAddrPort(addr) }
	}
	victim, agent := "203.0.113.9", []mod{relay("192.0.2.2"), from("192.0.2.2:67")}
	chosen := optAddr(optSubnetSelect, "192.0.2.0")
	b := newBench(t, `"shared-networks": [{"name": "n", "subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "198.51.100.0/24"}]}]`, nil)
	for i, mods := range [][]mod{
		{ciaddr(victim)},
		{ciaddr(victim), unicast, chosen},
		{from(victim + ":68"), unicast, chosen},
		append([]mod{ciaddr(victim)}, agent...),
	} {
		require.Nil(t, b.ask(inform, 1, mods...), "case %d", i)
	}
	for i, mods := range [][]mod{
		{ciaddr("192.0.2.9")},
		{ciaddr("198.51.100.9")}, // the other subnet of the link
		{from("192.0.2.9:68"), unicast},
		append([]mod{ciaddr("192.0.2.9")}, agent...),
		agent,
	} {
		require.Equal(t, "ACK", short(b.ask(inform, 1, mods...)), "case %d", i)
	}
}

func TestExhaustedPoolDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, oneSubnet(), &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range byte(4) {
		b.put(of(100+i, fmt.Sprintf("192.0.2.%d", 10+i)))
	}
	start, queries := time.Now(), 0
	for ; queries < 1000; queries++ {
		require.Nil(t, b.ask(dhcpv4.MessageTypeDiscover, 1))
	}
	seconds := int(time.Since(start)/time.Second) + 2 // begun ones included
	require.LessOrEqual(t, strings.Count(log.String(), "no address for client"), seconds*engine.ThrottleBurst)
}

// Nobody gives back, or declines, the lease of another: who is not known by the
// same client identifier or, where one of the two has none, the same hardware
// address.
func TestSpoofedReleasesAndDeclines(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	const named, plain = 1, 2 // the victims
	victims := map[string]byte{
		b.lease(named, clientID("\x01victim")): named,
		b.lease(plain):                         plain,
	}
	before := map[string]lease.Lease{}
	for addr := range victims {
		before[addr] = *b.stored(addr)
	}
	attack := func(client byte, mods ...mod) {
		for addr := range victims {
			for _, server := range []string{"192.0.2.1", "192.0.2.2"} {
				b.ask(release, client, append(mods, ciaddr(addr), toServer(server), unicast)...)
				b.ask(decline, client, append(mods, requested(addr), toServer(server))...)
			}
		}
	}
	for client := range byte(100) {
		attack(100 + client)
		attack(100+client, clientID("\x01attacker"))
	}
	attack(named, clientID("\x01attacker")) // with the victim's hardware address
	attack(100, clientID("\x01\x02\x00\x00\x00\x00\x02"))
	for addr := range victims {
		require.Equal(t, before[addr], *b.stored(addr))
	}
	for addr, client := range victims {
		mods := []mod{ciaddr(addr), unicast}
		if client == named {
			mods = append(mods, clientID("\x01victim"))
		}
		require.Equal(t, "ACK "+addr, short(b.ask(request, client, mods...)))
	}
}
