package hatest

import (
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/internal/memnet"
)

// World is servers, their network and their clients. Its methods and those of
// what it has are for the goroutine of the test.
type World struct {
	t      *testing.T
	cfg    Config
	net    *memnet.Net
	nodes  []*Node
	byName map[string]*Node
	ways   map[link]*way

	clients []*Client
	oracle  *oracle

	ending sync.WaitGroup // what is left of nodes that have ended
	trace  trace

	mu       sync.Mutex
	failures []string
}

// outcome is what came of a run.
type outcome struct {
	failures []string // what was wrong
	trace    *trace
}

// String returns the trace, and what was wrong.
func (o outcome) String() string {
	return o.trace.String() + "\n" + strings.Join(o.failures, "\n")
}

// Run builds the world of a configuration in a bubble of testing/synctest, has
// test do what it wants with it, ends everything, and tells t if something was
// found wrong, with the seed and the trace. No node has been started yet when
// test is called.
//
// All that takes time in there takes that of the bubble, which costs nothing.
func Run(t *testing.T, cfg Config, test func(w *World)) {
	t.Helper()
	o := run(t, cfg, test)
	if len(o.failures) > 0 {
		t.Errorf("with seed %d:\n%v", cfg.Seed, o)
	}
}

// run is Run, but for telling t.
func run(t *testing.T, cfg Config, test func(w *World)) (o outcome) {
	t.Helper()
	dir, remove, err := memoryDir()
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	var w *World
	returned := false
	defer func() {
		// The test has ended by its T, or nothing in the bubble goes on any more.
		if w != nil && !returned {
			t.Errorf("with seed %d:\n%v", cfg.Seed, outcome{w.failures, &w.trace})
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		if w, err = newWorld(t, cfg, dir); err != nil {
			t.Fatalf("hatest: %v", err)
		}
		defer func() {
			w.end()
			o = outcome{w.failures, &w.trace}
		}()
		w.try(func() { test(w) })
	})
	returned = true
	return o
}

func newWorld(t *testing.T, cfg Config, dir string) (*World, error) {
	cfg = cfg.withDefaults()
	w := &World{
		t: t, cfg: cfg,
		net:    memnet.Seeded(cfg.Seed),
		byName: make(map[string]*Node),
		ways:   make(map[link]*way),
	}
	w.trace.seed, w.trace.began = cfg.Seed, time.Now()
	places, err := cfg.places()
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		n := newNode(w, p, dir)
		w.nodes = append(w.nodes, n)
		for _, name := range p.names {
			if w.byName[name] != nil {
				return nil, fmt.Errorf("two peers are named %s", name)
			}
			w.byName[name] = n
		}
	}
	if err := ha.CheckServerNames(cfg.Relationships, cfg.Subnets.Subnets()); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(cfg.Subnets, func(s Subnet) bool { return s.Server == "" }); i >= 0 && len(cfg.Relationships) > 1 {
		return nil, fmt.Errorf("subnet %d has no Server: with several relationships nobody would serve it", cfg.Subnets[i].ID)
	}
	w.oracle = newOracle(w)
	for _, l := range w.links() {
		w.ways[l] = &way{least: leastDelay, most: mostDelay}
		w.net.SetDelay(w.host(l.from), w.host(l.to), leastDelay, mostDelay)
	}
	return w, nil
}

// given is panicked with when the test cannot go on.
type given struct{}

// try does what may give up.
func (w *World) try(f func()) {
	defer func() {
		if p := recover(); p != nil && p != (given{}) {
			panic(p)
		}
	}()
	f()
}

// end ends everything there is.
func (w *World) end() {
	w.oracle.kept(false)
	for _, c := range w.clients {
		c.stop()
	}
	for _, n := range w.nodes {
		n.leave((*memnet.Host).Kill, false)
	}
	w.ending.Wait()
	w.net.Wait()
}

// T is the test within the bubble: that which require and its like must be
// given there.
func (w *World) T() *testing.T { return w.t }

// Errorf says that something is wrong. The test goes on.
func (w *World) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.trace.add("", "WRONG: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, fmt.Sprintf("%.6f: %s", time.Since(w.trace.began).Seconds(), text))
}

// Fatalf says that something is wrong, and ends the test. It is for the test's
// goroutine.
func (w *World) Fatalf(format string, args ...any) {
	w.Errorf("%s%s", fmt.Sprintf(format, args...), line())
	panic(given{})
}

// line says where the test has called this package, or the program under test
// panics; empty: neither, as in Walk.
func line() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		switch pkg := path.Base(f.Function); {
		case more && (strings.HasPrefix(pkg, "hatest.") || strings.HasPrefix(pkg, "runtime.")):
		case strings.HasPrefix(pkg, "testing.") || !more:
			return ""
		default:
			return fmt.Sprintf(" (%s:%d)", filepath.Base(f.File), f.Line)
		}
	}
}

// Note puts a line into the trace.
func (w *World) Note(format string, args ...any) { w.trace.add("", format, args...) }

// Node returns the node with the name, which is that of a peer.
func (w *World) Node(name string) *Node {
	n := w.byName[name]
	if n == nil {
		w.Fatalf("there is no node %s", name)
	}
	return n
}

// Nodes returns all.
func (w *World) Nodes() []*Node { return w.nodes }

// startsApart is how much time may be between the starts of nodes, so that what
// they do does not fall together for ever.
const startsApart = time.Millisecond

// Start starts all nodes.
func (w *World) Start() {
	for i, n := range w.nodes {
		time.Sleep(time.Duration(chance(w.cfg.Seed, "start", uint64(i)).Int64N(int64(startsApart))))
		n.Start()
	}
}

// Sleep lets time pass.
func (w *World) Sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// look is how often is looked whether something has come true.
const look = 50 * time.Millisecond

// Until waits until ok returns true, which is what is to come true. If that
// takes longer than within the test has failed and ends.
func (w *World) Until(what string, within time.Duration, ok func() bool) {
	w.until(within, ok, func() string { return what })
}

func (w *World) until(within time.Duration, ok func() bool, what func() string) {
	began := time.Now()
	for {
		if synctest.Wait(); ok() {
			return
		}
		if time.Since(began) >= within {
			w.Fatalf("not within %v: %s%s", within, what(), w.states())
		}
		time.Sleep(look)
	}
}

// UntilState waits until each of the nodes, or if none are named all but the
// backups, is in a state, in all of its relationships.
func (w *World) UntilState(within time.Duration, s ha.State, names ...string) {
	if len(names) == 0 {
		for _, n := range w.nodes {
			if !n.backup() {
				names = append(names, n.Name)
			}
		}
	}
	w.Until(fmt.Sprintf("%s in %v", strings.Join(names, " and "), s), within, func() bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !w.Node(name).isIn(s) })
	})
}

// states tells of the nodes' states, for the report of a failure.
func (w *World) states() string {
	var b strings.Builder
	for _, n := range w.nodes {
		fmt.Fprintf(&b, "; %s is in %q", n.Name, n.State().String())
	}
	return b.String()
}
