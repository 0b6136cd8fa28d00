package hatest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// Programs that make the mistakes that a DHCP server can make with ha. Walks
// find each of them, and shorten what shows it.

// hasty tells clients before their leases are safe.
type hasty struct{ seams }

func (p hasty) Commit(ctx context.Context, changes ...lease.Change) error {
	later, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	go func() {
		defer cancel()
		p.seams.Commit(later, changes...)
	}()
	return nil
}

// selfish tells clients of leases that only the own disk has.
type selfish struct {
	seams
	store *lease.Store
}

func (p selfish) Commit(ctx context.Context, changes ...lease.Change) error {
	return p.store.Commit(ctx, changes...)
}

// forgetful has leases in memory only.
type forgetful struct {
	seams
	mu     sync.Mutex
	leases map[lease.Key]lease.Lease
}

func (p *forgetful) Commit(ctx context.Context, changes ...lease.Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes {
		if c.Delete {
			delete(p.leases, c.Lease.Key())
		} else {
			p.leases[c.Lease.Key()] = c.Lease
		}
	}
	return nil
}

// pushy answers all clients, whosever they are.
type pushy struct{ seams }

func (pushy) Admit(lease.Client, time.Duration, func() string) ([]string, bool) {
	return []string{"HA_server1", "HA_server2"}, true
}

// careless answers by leases that an earlier Commit may have made half.
type careless struct{ seams }

func (careless) Confirmed(lease.Lease) bool { return true }

func TestWalksCatch(t *testing.T) {
	// Where no server ever takes over, none may give away what is the other's.
	apart := Pair(ha.LoadBalancing, 0)
	for i := range apart.Peers {
		apart.Peers[i].AutoFailover = new(false)
	}
	for name, tt := range map[string]struct {
		lie  func(p seams, store *lease.Store) seams
		cfg  Config
		also string // happens besides, for there must be something to be wrong about
	}{
		"answers before Commit":    {lie: func(p seams, _ *lease.Store) seams { return hasty{p} }},
		"does without the partner": {lie: func(p seams, store *lease.Store) seams { return selfish{p, store} }},
		"has leases in memory only": {lie: func(p seams, _ *lease.Store) seams {
			return &forgetful{seams: p, leases: map[lease.Key]lease.Lease{}}
		}},
		"does not heed Admit": {
			lie: func(p seams, _ *lease.Store) seams { return pushy{p} },
			cfg: Config{Relationships: []*ha.Config{apart}},
		},
		"does not ask Confirmed": {
			lie:  func(p seams, _ *lease.Store) seams { return careless{p} },
			also: "0s duplicate clients server1 60%\n0s delay clients server1 1ms 20ms\n0s disk server2 slow 100ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			also, err := ParseScript(tt.also)
			require.NoError(t, err)
			cfg := tt.cfg
			cfg.Start = func(n *Node) (Program, error) {
				p, err := NewServer(n)
				if err == nil {
					s := p.(*server)
					s.asks = tt.lie(s.pair, s.store)
				}
				return p, err
			}
			for cfg.Seed = range uint64(200) {
				w := walkThrough(t, cfg, slices.Concat(also, Random(cfg.Seed, cfg, walkLength)))
				if len(w.failures) == 0 {
					continue
				}
				f := shorten(t, cfg, w)
				require.True(t, f.same, "%v", f)
				require.LessOrEqual(t, len(f.short.script), len(w.script)/2, "%v", f)
				text := f.String()
				require.Contains(t, text, fmt.Sprintf("seed %d:\n", cfg.Seed))
				require.Contains(t, text, f.short.script.String())
				// What was printed is enough to see it again.
				printed, err := ParseScript(f.short.script.String())
				require.NoError(t, err)
				again := walkThrough(t, cfg, printed)
				require.Equal(t, w.kind(), again.kind())
				t.Logf("after %d walks, %d of %d steps: %v\n%v", cfg.Seed+1, len(printed), len(w.script), again.failures[0], printed)
				return
			}
			require.Fail(t, "no walk finds it")
		})
	}
}
