package hatest

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// walkSeeds is how many random scripts TestWalks plays: few by default; .ci/run
// asks for many.
var walkSeeds = flag.Uint64("seeds", 60, "random scripts to play")

// worlds are the kinds of worlds that are walked through, with settings from
// rnd.
var worlds = map[string]func(rnd *rand.Rand) Config{
	"hot-standby v4":           func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V4, ha.HotStandby, 0) },
	"hot-standby v6":           func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V6, ha.HotStandby, 0) },
	"hot-standby, a backup v4": func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V4, ha.HotStandby, 1) },
	"load-balancing v4":        func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V4, ha.LoadBalancing, 0) },
	"load-balancing v6":        func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V6, ha.LoadBalancing, 0) },
	"load-balancing, a backup v6": func(rnd *rand.Rand) Config {
		return worldOf(rnd, ctrl.V6, ha.LoadBalancing, 1)
	},
	"passive-backup v4": func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V4, ha.PassiveBackup, 2) },
	"passive-backup v6": func(rnd *rand.Rand) Config { return worldOf(rnd, ctrl.V6, ha.PassiveBackup, 1) },
	"hub v4":            func(rnd *rand.Rand) Config { return hubOf(rnd, ctrl.V4) },
	"hub v6":            func(rnd *rand.Rand) Config { return hubOf(rnd, ctrl.V6) },
	"no failover v4": func(rnd *rand.Rand) Config {
		cfg := worldOf(rnd, ctrl.V4, pick(rnd, []ha.Mode{ha.HotStandby, ha.LoadBalancing}), 0)
		for i := range cfg.Relationships[0].Peers {
			cfg.Relationships[0].Peers[i].AutoFailover = new(false)
		}
		return cfg
	},
}

// worldOf is one relationship.
func worldOf(rnd *rand.Rand, family ctrl.Family, mode ha.Mode, backups int) Config {
	rel := tuned(rnd, Pair(mode, backups))
	rel.WaitBackupAck = mode == ha.PassiveBackup && rnd.IntN(2) == 0
	return small(rnd, Config{Family: family, Relationships: []*ha.Config{rel}})
}

// hubOf is a hub that stands by for two branches.
func hubOf(rnd *rand.Rand, family ctrl.Family) Config {
	cfg := Config{Family: family}
	for i := range 2 {
		rel := tuned(rnd, Pair(ha.HotStandby, 0))
		rel.Peers[0].Name, rel.Peers[0].URL = fmt.Sprintf("branch%d", i+1), fmt.Sprintf("http://192.0.2.%d:8000/", i+1)
		rel.Peers[1].Name, rel.Peers[1].URL = fmt.Sprintf("hub%d", i+1), "http://192.0.2.100:8000/"
		cfg.Relationships = append(cfg.Relationships, rel)
		s := ctrl.Subnet{ID: uint32(i + 1), Server: rel.Peers[0].Name, Prefix: netip.MustParsePrefix(fmt.Sprintf("198.51.10%d.0/24", i))}
		if family == ctrl.V6 {
			s.Prefix = netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/64", i))
		}
		cfg.Subnets = append(cfg.Subnets, Subnet{Subnet: s})
	}
	return small(rnd, cfg)
}

// small lets clients come by each other's addresses: there are few of them, and
// leases are short at times.
func small(rnd *rand.Rand, cfg Config) Config {
	cfg = cfg.withDefaults()
	for i := range cfg.Subnets {
		s := &cfg.Subnets[i]
		s.ValidLft = pick(rnd, []uint32{40, 80, 200, 600})
		for j := range s.Pools {
			p := &s.Pools[j]
			p.Last = p.First
			for range 5 + rnd.IntN(10) {
				p.Last = p.Last.Next()
			}
		}
	}
	return cfg
}

// tuned gives a relationship some of the settings that sites have.
func tuned(rnd *rand.Rand, rel *ha.Config) *ha.Config {
	rel.HeartbeatDelay = new(pick(rnd, []uint32{1000, 3000, 10_000}))
	rel.MaxResponseDelay = new(pick(rnd, []uint32{4000, 15_000, 60_000}))
	rel.MaxAckDelay = new(pick(rnd, []uint32{1000, 5000, 10_000}))
	rel.MaxUnackedClients = new(pick(rnd, []uint32{0, 1, 3}))
	return rel
}

// TestWalks plays random scripts of faults with servers and clients of all
// kinds of worlds. What is never to happen does not.
func TestWalks(t *testing.T) {
	sum := &walkSum{faults: map[string]int{}}
	began := time.Now()
	t.Run("in", func(t *testing.T) {
		names := slices.Sorted(maps.Keys(worlds))
		for i, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for seed := uint64(i); seed < *walkSeeds; seed += uint64(len(names)) {
					cfg := worlds[name](rand.New(rand.NewPCG(seed, 'W')))
					cfg.Seed = seed
					if !t.Run(fmt.Sprint(seed), func(t *testing.T) { sum.add(walk(t, cfg, Random(cfg.Seed, cfg, walkLength))) }) {
						return
					}
				}
			})
		}
	})
	t.Logf("%v in %v", sum, time.Since(began).Round(time.Millisecond))
	require.NotZero(t, sum.report.Acks)
	for _, kind := range faultsKnown {
		require.NotZero(t, sum.faults[kind], kind)
	}
}

// walkSum is what has happened in many walks.
type walkSum struct {
	mu     sync.Mutex
	walks  int
	faults map[string]int
	report Report
}

func (s *walkSum) add(w walked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.walks++
	for _, step := range w.script {
		if kind := faultOf(step); kind != "" {
			s.faults[kind]++
		}
	}
	r := w.report
	s.report.Acks += r.Acks
	s.report.Checked += r.Checked
	s.report.Lost += r.Lost
	s.report.Twice += r.Twice
	s.report.Split += r.Split
	s.report.Clients += r.Clients
	s.report.Longest = max(s.report.Longest, r.Longest)
	s.report.Unanswered = max(s.report.Unanswered, r.Unanswered)
}

func (s *walkSum) String() string {
	var b strings.Builder
	all := 0
	for _, kind := range slices.Sorted(maps.Keys(s.faults)) {
		fmt.Fprintf(&b, "\n%6d %s", s.faults[kind], kind)
		all += s.faults[kind]
	}
	return fmt.Sprintf("%d walks, %d faults, %v%s\n", s.walks, all, s.report, &b)
}

// faultsKnown are the kinds of faults, and of what operators and clients do,
// that random scripts have.
var faultsKnown = []string{
	"stop", "kill", "poweroff", "cut", "cutboth", "delay", "lose", "duplicate",
	"disk full", "disk fails", "disk unsynced", "disk slow", "clock", "drift",
	"ha-maintenance-start", "ha-maintenance-cancel", "ha-reset", "ha-sync",
	"client release", "client decline", "client reboot", "client leave", "client return",
}

// faultOf says which of them a step is; empty: it mends something.
func faultOf(s Step) string {
	switch last := s.Args[len(s.Args)-1]; s.Do {
	case "start", "join", "joinboth", "clients":
		return ""
	case "disk":
		if s.Args[1] == "works" {
			return ""
		}
		return "disk " + s.Args[1]
	case "delay", "lose", "duplicate", "drift":
		if slices.Contains([]string{"0s", "0%", "+0ppm"}, last) {
			return ""
		}
	case "client":
		return "client " + last
	case "command":
		return s.Args[1]
	}
	return s.Do
}

// TestWalkAgain: what happens hangs on the seed, but for goroutines that the
// system runs in another order at the same instant. That is rare: most traces
// are the same to the nanosecond.
func TestWalkAgain(t *testing.T) {
	names := slices.Sorted(maps.Keys(worlds))
	same, all := 0, 4*len(names)
	for seed := range uint64(all) {
		cfg := worlds[names[seed%uint64(len(names))]](rand.New(rand.NewPCG(seed, 'A')))
		cfg.Seed = seed
		script := Random(cfg.Seed, cfg, walkLength)
		require.Equal(t, script, Random(cfg.Seed, cfg, walkLength))
		first, again := walkThrough(t, cfg, script), walkThrough(t, cfg, script)
		require.Empty(t, first.failures)
		if first.trace.String() == again.trace.String() {
			same++
		}
	}
	t.Logf("%d of %d traces are the same", same, all)
	require.Greater(t, same, all/2)
}

// TestRandomScripts: what is made up can be written down and read.
func TestRandomScripts(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(worlds)) {
		for seed := range uint64(100) {
			s := Random(seed, worlds[name](rand.New(rand.NewPCG(seed, 'T'))), time.Minute)
			read, err := ParseScript(s.String())
			require.NoError(t, err)
			require.Equal(t, s, read)
			require.LessOrEqual(t, s[len(s)-1].At, time.Minute)
		}
	}
}
