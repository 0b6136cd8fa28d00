package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

// placeInContext reads a place as {"at": "relay circuit remote"}, where - is
// what is not known.
func placeInContext(l *lease.Lease) (p Place) {
	var context struct{ At string }
	if json.Unmarshal(l.UserContext, &context) != nil {
		return p
	}
	return *placeAt(context.At)
}

func placeAt(text string) *Place {
	var p Place
	fields := strings.Fields(text + " - - -")
	p.Relay, _ = netip.ParseAddr(fields[0])
	for i, to := range []*[]byte{&p.Circuit, &p.Remote} {
		if f := fields[i+1]; f != "-" {
			*to = []byte(f)
		}
	}
	return &p
}

func limitsOf(port, relay uint32) *Limits {
	return LimitsOf(conf.Limits{PortAddresses: &port, RelayAddresses: &relay, PortPrefixes: new(port + 1)})
}

func keyOf(n int) lease.Key {
	return lease.Key{Type: lease.V4, Addr: netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})}
}

func leaseAt(n int, place string, state lease.State, valid uint32) *lease.Lease {
	return &lease.Lease{
		Type: lease.V4, Addr: keyOf(n).Addr, HWAddr: []byte{1, byte(n)}, SubnetID: 1, CLTT: time.Now().Unix(), ValidLft: valid,
		State: state, UserContext: fmt.Appendf(nil, `{"at": "%s"}`, place),
	}
}

func heldOf(t *testing.T) (*Held, *lease.Store) {
	t.Helper()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	h := NewHeld(store, placeInContext)
	t.Cleanup(h.Close)
	return h, store
}

// What is in the store when the count begins counts as what comes later does.
func TestHeldKnowsWhatThereIs(t *testing.T) {
	t.Parallel()
	first, store := heldOf(t)
	put := func(l *lease.Lease) {
		require.NoError(t, store.Commit(context.Background(), lease.Change{Lease: *l}))
	}
	put(leaseAt(1, "192.0.2.1 a", lease.Assigned, 3600))
	put(leaseAt(2, "192.0.2.1 a", lease.Declined, lease.Infinite))
	put(leaseAt(3, "192.0.2.1 b", lease.Assigned, 3600))
	put(leaseAt(4, "192.0.2.1 b", lease.Released, 3600))
	put(leaseAt(5, "- a", lease.Assigned, 3600))
	put(leaseAt(6, "", lease.Assigned, 3600))
	later := NewHeld(store, placeInContext)
	defer later.Close()
	for _, h := range []*Held{first, later} {
		full := func(place string, port, relay uint32) Over {
			return h.Full(placeAt(place), limitsOf(port, relay), lease.V4, "x", 0)
		}
		require.Zero(t, full("192.0.2.1 a", 3, 4))
		require.Equal(t, OverPort, full("192.0.2.1 a", 2, 4))
		require.Equal(t, OverRelay, full("192.0.2.1 a", 3, 3))
		require.Zero(t, full("192.0.2.1 b", 2, 4))
		require.Equal(t, OverPort, full("192.0.2.1 b", 1, 4))
		require.Equal(t, OverRelay, full("192.0.2.1", 0, 3), "no port is named")
		require.Zero(t, full("192.0.2.1", 0, 4))
		require.Equal(t, OverPort, full("- a", 1, 0), "no relay agent is known")
		require.Zero(t, full("- a", 2, 0))
		require.Zero(t, full("", 0, 0), "who is nowhere is not limited")
		require.Equal(t, OverPort, full("192.0.2.9 z", 0, 1), "0 is nothing at all")
		require.Zero(t, h.Full(placeAt("192.0.2.1 a"), limitsOf(2, 4), lease.V4, "x", 1), "one is given up")
		require.Zero(t, h.Full(placeAt("192.0.2.1 a"), limitsOf(2, 4), lease.PD, "x", 0), "prefixes are counted apart")
	}
	require.NoError(t, store.Commit(context.Background(), lease.Removal(*leaseAt(2, "", 0, 0))))
	require.Zero(t, first.Full(placeAt("192.0.2.1 a"), limitsOf(2, 3), lease.V4, "x", 0))
}

// Claims count until they end, or until they have become leases.
func TestClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, store := heldOf(t)
		limits, port := limitsOf(2, 3), placeAt("192.0.2.1 a")
		claim := func(n int, p *Place, holder string) Over {
			return h.Claim(keyOf(n), p, limits, holder, 0, time.Now().Add(time.Minute))
		}
		require.Zero(t, claim(1, port, "one"))
		require.Zero(t, claim(2, port, "two"))
		require.Equal(t, OverPort, claim(3, port, "three"))
		require.Equal(t, OverPort, h.Full(port, limits, lease.V4, "three", 0))
		require.Zero(t, h.Full(port, limits, lease.V4, "two", 0), "it has a claim")
		require.Zero(t, claim(2, port, "two"), "it is the same claim")
		require.Zero(t, claim(3, placeAt("192.0.2.1 b"), "three"))
		require.Equal(t, OverRelay, claim(4, placeAt("192.0.2.1 b"), "four"))
		require.Zero(t, h.Claim(keyOf(4), placeAt("192.0.2.1 b"), nil, "reserved", 0, time.Now().Add(time.Minute)), "without limits")
		require.Equal(t, OverRelay, claim(5, placeAt("192.0.2.1 d"), "five"), "but counted")
		h.DropAll("reserved")
		require.Equal(t, OverRelay, claim(5, placeAt("192.0.2.1 d"), "five"))
		h.Drop(keyOf(3), "somebody else")
		require.Equal(t, OverRelay, claim(5, placeAt("192.0.2.1 d"), "five"))
		h.Drop(keyOf(3), "three")
		require.Zero(t, claim(5, placeAt("192.0.2.1 d"), "five"))

		// A lease takes the place of the claim, whoever has had it.
		require.NoError(t, store.Commit(context.Background(), lease.Change{Lease: *leaseAt(1, "192.0.2.1 a", lease.Assigned, 3600)}))
		require.Equal(t, OverPort, claim(3, port, "three"))
		require.Zero(t, claim(2, placeAt("192.0.2.2 c"), "other"), "what somebody else is offered is not held any more")
		require.Zero(t, claim(3, port, "three"))

		time.Sleep(time.Minute)
		require.Zero(t, claim(6, port, "six"), "claims have ended")
		require.Equal(t, OverPort, claim(7, port, "seven"), "the lease has not")
		time.Sleep(time.Hour)
		require.Zero(t, claim(7, port, "seven"), "it has now")
		time.Sleep(time.Hour)
		require.Zero(t, h.Full(placeAt(""), nil, lease.V4, "", 0))
		require.Empty(t, h.groups, "nothing is kept of who has nothing")
		require.Empty(t, h.ends)
		require.Empty(t, h.claims.byKey)
		require.Empty(t, h.claims.byHolder)
	})
}

// A flood of claims from everywhere takes memory for as many as are counted.
func TestClaimsAreBounded(t *testing.T) {
	t.Parallel()
	h, _ := heldOf(t)
	until := time.Now().Add(time.Hour)
	circuit := make([]byte, 300)
	for n := range maxClaims + 1000 {
		copy(circuit, fmt.Sprint(n))
		p := Place{Relay: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), Circuit: circuit}
		k := lease.Key{Type: lease.V4, Addr: p.Relay}
		require.Zero(t, h.Claim(k, &p, limitsOf(1, 1), fmt.Sprint(n), 0, until.Add(time.Duration(n))))
		require.Equal(t, OverPort, h.Full(&p, limitsOf(1, 1), lease.V4, "other", 0))
	}
	require.Len(t, h.claims.byKey, maxClaims)
	require.Len(t, h.claims.byHolder, maxClaims)
	require.Len(t, h.groups, 2*maxClaims)
	for key := range h.groups {
		require.LessOrEqual(t, len(key), maxPlain)
	}
}

// heldTwin counts by looking at everything.
type heldTwin struct {
	leases map[lease.Key]*lease.Lease
	places map[lease.Key]string // of the leases
	claims map[lease.Key]twinClaim
}

type twinClaim struct {
	place, holder string
	until         time.Time
}

// count counts addresses at ports or relay agents whose places begin so.
func (w *heldTwin) count(place string, now time.Time) (n int64) {
	within := func(other string) bool { return other == place || strings.HasPrefix(other, place+" ") }
	for k, l := range w.leases {
		if InUse(l, now) && within(w.places[k]) {
			n++
		}
	}
	for _, c := range w.claims {
		if now.Before(c.until) && within(c.place) {
			n++
		}
	}
	return n
}

func TestHeldTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			h := &Held{place: placeInContext, groups: map[string]*group{}, ends: map[int64]map[share]int{}, swept: time.Now().Unix(), claims: newClaims()}
			twin := &heldTwin{map[lease.Key]*lease.Lease{}, map[lease.Key]string{}, map[lease.Key]twinClaim{}}
			relays := []string{"192.0.2.1", "192.0.2.2"}
			places := []string{"192.0.2.1 a", "192.0.2.1 b x", "192.0.2.2 a", "192.0.2.2"}
			for range 2000 {
				n, place := r.IntN(30), places[r.IntN(len(places))]
				k := keyOf(n)
				old := twin.leases[k]
				switch r.IntN(6) {
				case 0:
					time.Sleep(time.Duration(r.IntN(5000)) * time.Millisecond)
				case 1:
					if old != nil {
						delete(twin.leases, k)
						h.observe(old, nil)
					}
				case 2, 3:
					l := leaseAt(n, place, []lease.State{0, 0, 0, 1, 2, 3}[r.IntN(6)], []uint32{0, 5, 50, lease.Infinite}[r.IntN(4)])
					l.CLTT -= int64(r.IntN(10))
					twin.leases[k], twin.places[k] = l, place
					if InUse(l, time.Now()) {
						delete(twin.claims, k)
					}
					h.observe(old, l)
				case 4:
					if old != nil && InUse(old, time.Now()) {
						break // the engine does not claim what is leased
					}
					holder, until := fmt.Sprint(r.IntN(5)), time.Now().Add(time.Duration(r.IntN(20000))*time.Millisecond)
					room := twin.count(place, time.Now()) < 4 && twin.count(strings.Fields(place)[0], time.Now()) < 6
					c, mine := twin.claims[k]
					mine = mine && c.holder == holder && c.place == place && time.Now().Before(c.until)
					if c.until.After(time.Now()) && !mine {
						delete(twin.claims, k)
						room = twin.count(place, time.Now()) < 4 && twin.count(strings.Fields(place)[0], time.Now()) < 6
					}
					if place == "192.0.2.2" {
						room = twin.count(place, time.Now()) < 6
					}
					over := h.Claim(k, placeAt(place), limitsOf(4, 6), holder, 0, until)
					require.Equal(t, mine || room, over == 0, "seed %d: %v", seed, over)
					if over == 0 {
						twin.claims[k] = twinClaim{place, holder, until}
					}
				case 5:
					holder := fmt.Sprint(r.IntN(5))
					h.DropAll(holder)
					for k, c := range twin.claims {
						if c.holder == holder {
							delete(twin.claims, k)
						}
					}
				}
				h.mu.Lock()
				h.sweep(time.Now())
				for _, place := range append(relays, places...) {
					var has int64
					if g := h.find(placeAt(place)); g != nil {
						has = g.has[addresses]
					}
					require.Equal(t, twin.count(place, time.Now()), has, "seed %d: %s", seed, place)
				}
				h.mu.Unlock()
			}
		})
	}
}
