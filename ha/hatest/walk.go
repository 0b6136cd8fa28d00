package hatest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// Of a walk: how long faults go on, how long clients at least are served after
// that, how long the servers have to recover, and how often a script that fails
// is played to find a shorter one.
const (
	walkLength  = 3 * time.Minute
	walkAfter   = 30 * time.Second
	walkRecover = 5 * time.Minute
	walkTries   = 250
)

// Walk plays the [Random] script of cfg.Seed for three minutes in the world of
// cfg. Then the network is whole again, disks work, all servers run, and they
// must come to normal operation with equal databases. If anything was wrong the
// test fails with the seed, the shortest script that fails in the same way, to
// be read by [ParseScript], and the trace of that.
func Walk(t *testing.T, cfg Config) {
	t.Helper()
	walk(t, cfg, Random(cfg.Seed, cfg, walkLength))
}

// Replay is Walk with the text of a script, such as one that Walk has printed: if
// it has the same cfg, too, what was wrong is seen again.
func Replay(t *testing.T, cfg Config, script string) {
	t.Helper()
	s, err := ParseScript(script)
	if err != nil {
		t.Fatal(err)
	}
	walk(t, cfg, s)
}

func walk(t *testing.T, cfg Config, script Script) walked {
	t.Helper()
	w := walkThrough(t, cfg, script)
	if len(w.failures) > 0 {
		t.Error(shorten(t, cfg, w))
	}
	return w
}

// walked is what came of a walk.
type walked struct {
	outcome
	script Script
	report Report
}

// walkThrough plays a script and lets the world recover.
func walkThrough(t *testing.T, cfg Config, script Script) walked {
	t.Helper()
	var world *World
	o := run(t, cfg, func(w *World) {
		world = w
		w.Start()
		w.Play(script)
		w.recover(script)
		w.Sleep(walkAfter)
		w.Settle(walkRecover)
	})
	return walked{o, script, world.Report()}
}

// finding is a script that fails.
type finding struct {
	seed  uint64
	first Script
	short walked // the shortest script that does so, too
	same  bool   // a script fails whenever it is played
}

// shorten finds the shortest script that fails as that of w.
func shorten(t *testing.T, cfg Config, w walked) *finding {
	t.Helper()
	f := &finding{seed: cfg.Seed, first: w.script, short: w}
	fails := func(s Script) bool {
		tried := walkThrough(t, cfg, s)
		failed := tried.kind() == w.kind()
		if failed {
			f.short = tried
		}
		return failed
	}
	if f.same = fails(w.script); f.same {
		shrink(w.script, walkTries, fails)
	}
	return f
}

// kind is what was wrong first, without what is different each time.
func (w walked) kind() string {
	if len(w.failures) == 0 {
		return ""
	}
	_, text, _ := strings.Cut(w.failures[0], ": ")
	kind, _, _ := strings.Cut(text, ":")
	return kind
}

func (f *finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d:\n%s\n", f.seed, strings.Join(f.short.failures, "\n"))
	if !f.same {
		b.WriteString("Played again it does not fail: what happens hangs on more than the seed.\n")
	}
	fmt.Fprintf(&b, "\nThe script, which had %d steps at first:\n%v\nThe trace:\n%v", len(f.first), f.short.script, f.short.trace)
	return b.String()
}

// recover mends what a script may have left: the network is whole and fast,
// disks work, clocks go as they should from where they are, all servers run,
// and no operator wants anything else.
func (w *World) recover(s Script) {
	w.Note("everything is mended")
	w.JoinAll()
	for _, step := range s {
		switch step.Do {
		case "delay":
			w.Delay(step.Args[0], step.Args[1], 0, 0)
		case "lose":
			w.Lose(step.Args[0], step.Args[1], 0)
		case "duplicate":
			w.Duplicate(step.Args[0], step.Args[1], 0)
		case "drift":
			w.Node(step.Args[0]).Drift(0)
		}
	}
	for _, n := range w.Nodes() {
		n.DiskWorks()
		n.Start()
	}
	// A partner that has just started is not in maintenance any more, and then the
	// command is refused: a person tries again.
	w.Until("maintenance is over", walkRecover, func() bool {
		over := true
		for _, n := range w.Nodes() {
			if n.isInAny(ha.StatePartnerInMaintenance) {
				n.Command("ha-maintenance-cancel", nil)
			}
			over = over && !n.isInAny(ha.StatePartnerInMaintenance) && !n.isInAny(ha.StateInMaintenance)
		}
		if !over {
			w.Sleep(patience)
		}
		return over
	})
}

// isInAny says whether the server is in a state in one of its relationships.
func (n *Node) isInAny(s ha.State) bool {
	return slices.ContainsFunc(n.cfgs, func(cfg *ha.Config) bool { return n.stateIn(cfg) == s })
}

// patience is how long a person waits before a command is tried again.
const patience = 5 * time.Second
