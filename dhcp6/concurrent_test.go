package dhcp6

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// ledger knows which client was acknowledged what, and until when: what no
// client may be given while another may still use it.
type ledger struct {
	mu      sync.Mutex
	has     map[netip.Prefix]acknowledged
	replies int
}

type acknowledged struct {
	client string // and its identity association
	until  time.Time
}

// reply notes what a client is given, and what it is to use no more.
func (l *ledger) reply(t testing.TB, client byte, m *dhcpv6.Message, sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replies++
	for _, a := range iasOf(duid(client), m) {
		for _, w := range a.asked {
			for p, old := range l.has {
				if p.Overlaps(w.prefix) && old.client != a.holder && w.valid > 0 && time.Now().Before(old.until) {
					t.Errorf("%s is %x's until %v and %s was given to %x", p, old.client, old.until, w.prefix, a.holder)
				}
			}
			if w.valid > 0 {
				l.has[w.prefix] = acknowledged{a.holder, sent.Add(seconds(w.valid))}
			} else if l.has[w.prefix].client == a.holder {
				delete(l.has, w.prefix)
			}
		}
	}
}

// none notes that an identity association is given up. Its client does so before
// it says so, and from then on does not use it.
func (l *ledger) none(holder string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.has, func(_ netip.Prefix, a acknowledged) bool { return a.client == holder })
}

// Many clients do as they like with few addresses and prefixes, some of them by
// several queries at a time, while the configuration changes.
func TestNothingTwice(t *testing.T) {
	t.Parallel()
	cfgs := []string{
		oneSubnet(),
		oneSubnet(`, "rapid-commit": true, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:03", "ip-addresses": ["` + addr12 + `"], "prefixes": ["` + prefix1 + `"]}]`),
	}
	b := newBench(t, cfgs[0], nil)
	testNothingTwice(t, b, cfgs)
}

// The same, and meanwhile what prefixes there are changes in length.
func TestNothingTwiceOfPrefixes(t *testing.T) {
	t.Parallel()
	prefixes := func(length int) string {
		return fmt.Sprintf(`"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}],
			"pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 54, "delegated-len": %d}], "reservations": [
			{"duid": "00:03:00:01:02:00:00:00:00:04", "prefixes": ["2001:db8:f00::/54"]}, {"duid": "00:03:00:01:02:00:00:00:00:05", "prefixes": ["2001:db8:f00:200::/60"]}]}]`, length)
	}
	cfgs := []string{prefixes(56), prefixes(57), oneSubnet(), prefixes(55)}
	b := newBench(t, cfgs[0], nil)
	b.e.core.Committer = slow{b.store}
	testNothingTwice(t, b, cfgs)
}

// slow takes its time, as a partner does.
type slow struct{ lease.Committer }

func (s slow) Commit(ctx context.Context, changes ...lease.Change) error {
	time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
	return s.Committer.Commit(ctx, changes...)
}

func testNothingTwice(t *testing.T, b *bench, cfgs []string) {
	const clients, rounds = 24, 150
	book := &ledger{has: map[netip.Prefix]acknowledged{}}
	var wg sync.WaitGroup
	for client := range byte(clients) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(client)))
			some := func() mod {
				a := netip.MustParseAddr("2001:db8:1::f")
				for range r.IntN(6) {
					a = a.Next()
				}
				b := a.As16()
				p := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0xf, 0, 0, b[15] & 3}), 56)
				switch id := 1 + uint32(r.IntN(2)); r.IntN(3) {
				case 0:
					return na(id, a.String())
				case 1:
					return pd(id, p.String())
				default:
					return func(q *Query) { na(id, a.String())(q); pd(id, p.String())(q); na(3)(q) }
				}
			}
			for range rounds {
				types := []dhcpv6.MessageType{solicit, solicit, request, request, renew, renew, rebind, release, confirm}
				typ := types[r.IntN(len(types))]
				mods := []mod{some()}
				if r.IntN(4) == 0 && typ == solicit {
					mods = append(mods, opt(dhcpv6.OptionRapidCommit))
				}
				q := queryOf(typ, client, mods...)
				for _, a := range iasOf(duid(client), q.Message) {
					if typ == release {
						book.none(a.holder)
					}
				}
				sent := time.Now()
				reply, err := b.e.ServeDHCP(context.Background(), q)
				if err != nil {
					t.Errorf("%v of client %d: %v", typ, client, err)
				}
				if reply != nil && reply.Message.MessageType == dhcpv6.MessageTypeReply && typ != release {
					book.reply(t, client, reply.Message, sent)
				}
			}
		})
	}
	for i := range 40 {
		require.NoError(t, b.e.Reload(config(t, cfgs[i%len(cfgs)])))
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	require.Zero(t, b.e.core.Turns.Len())
	require.Greater(t, book.replies, clients)
}
