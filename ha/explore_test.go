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
	exploreDepths = flag.String("explore-depths", "1000,10", "how many events in a row are tried with no fault, with one, ...; 0: none")
	exploreWrites = flag.Int("explore-writes", 1, "how many of them change leases")
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

// TestEveryOrder goes through every order of what can happen to two servers,
// breadth first, and requires in each state what must hold in all. Of two of
// this kind nothing may be wrong. Where a Kea takes part the known faults of its
// semantics are found, by the events that are documented, and no others.
func TestEveryOrder(t *testing.T) {
	far := depths(t, *exploreDepths)
	found := map[string][]finding{}
	traces := map[string]map[finding]string{}
	for _, k := range []kinds{{true, true}, {true, false}, {false, true}, {false, false}} {
		for _, mode := range []Mode{HotStandby, LoadBalancing} {
			known := map[string]bool{}
			for faults, depth := range far {
				t.Run(fmt.Sprintf("%v/%v/%d", k, mode, faults), func(t *testing.T) {
					w := newExploration(newScene(newSetting(mode, k), faults, *exploreWrites), depth)
					w.run()
					t.Log(w.line())
					for _, x := range w.order {
						name := faultOf(x)
						if k == (kinds{true, true}) || name == "" {
							t.Errorf("%s\n%s", x, w.trace(x))
							continue
						}
						if !known[name] {
							known[name] = true
							f := finding{fmt.Sprint(k), string(mode), faults, w.steps(x)}
							found[name] = append(found[name], f)
							if traces[name] == nil {
								traces[name] = map[finding]string{}
							}
							traces[name][f] = w.trace(x)
						}
					}
				})
			}
		}
	}
	if t.Failed() {
		return
	}
	if *exploreWrite {
		writeKeaFaults(t, far, found, traces)
	}
	requireDocumented(t, far, found)
}
