package ha

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// How far TestEveryOrder goes. That without a fault goes through all states
// there are. .ci/run asks for more than every run of the tests can afford.
var (
	exploreDepths = flag.String("explore-depths", "1000", "how many choices out of turn are tried with no fault, with one, ...")
	exploreKea    = flag.String("explore-kea-depths", "1000", "the same where a Kea takes part")
	explorePauses = flag.String("explore-pause-depths", "", "the same where one of two of this kind stops in each state for an operator; empty: that is not tried")
	exploreWrites = flag.Int("explore-writes", 1, "how many of the events change leases")
	exploreWrite  = flag.Bool("explore-write", false, "write docs/kea-faults.md anew")
)

func depths(t *testing.T, list string) (all []int) {
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

// TestEveryOrder goes through the orders of what can happen to two servers, and
// requires in each state what must hold in all. Of two of this kind nothing may
// be wrong. Where a Kea takes part the known faults of its semantics are found, by
// the events that are documented, and no others.
func TestEveryOrder(t *testing.T) {
	far := depths(t, *exploreKea)
	found := findings{}
	all, ran := 0, 0
	for _, k := range []kinds{{true, true}, {true, false}, {false, true}, {false, false}} {
		for _, mode := range []Mode{HotStandby, LoadBalancing} {
			list := far
			if k == (kinds{true, true}) {
				list = depths(t, *exploreDepths)
			}
			for faults, depth := range list {
				all++
				t.Run(fmt.Sprintf("%v/%v/%d", k, mode, faults), func(t *testing.T) {
					ran++
					w := newExploration(newScene(newSetting(mode, k, none), faults, *exploreWrites), depth)
					w.run()
					t.Log(w.line())
					for _, x := range w.order {
						if k == (kinds{true, true}) || !found.note(w, x) {
							t.Errorf("%s\n%s", x, w.trace(x))
						}
					}
				})
			}
		}
	}
	if t.Failed() || ran < all {
		return
	}
	if *exploreWrite {
		writeKeaFaults(t, far, found)
	}
	requireDocumented(t, far, found)
}

const none = -1 // of the servers

// TestEveryOrderWithPauses is TestEveryOrder where one of the servers stops in every
// state it enters, until an operator has it go on.
func TestEveryOrderWithPauses(t *testing.T) {
	if *explorePauses == "" {
		t.Skip("-explore-pause-depths says how far")
	}
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		for pausing := range 2 {
			for faults, depth := range depths(t, *explorePauses) {
				t.Run(fmt.Sprintf("%v/%s/%d", mode, serverName(pausing), faults), func(t *testing.T) {
					w := newExploration(newScene(newSetting(mode, kinds{true, true}, pausing), faults, *exploreWrites), depth)
					w.run()
					t.Log(w.line())
					for _, x := range w.order {
						t.Errorf("%s\n%s", x, w.trace(x))
					}
				})
			}
		}
	}
}
