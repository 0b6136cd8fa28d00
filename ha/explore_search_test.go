package ha

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// exploration goes through scenes breadth-first: what it finds it finds by the fewest
// steps.
type exploration struct {
	roots []*scene
	depth int // no scene is farther away

	encoder *encoder
	oracle  *oracle
	seen    map[key]struct{}
	way     []footstep // to each scene, by its number
	found   map[wrong]int32
	order   []wrong // of found
	reached int     // the depth
	all     bool    // there are no others
	took    time.Duration
}

// footstep is how a scene was reached first.
type footstep struct {
	from int32 // the number of a scene; -1: this is a root
	by   happening
}

// sighting is a scene that is one step farther.
type sighting struct {
	footstep
	key   key
	scene *scene
}

// newExploration begins where both servers are down, and where both have been in
// normal operation for a while.
func newExploration(root *scene, depth int) *exploration {
	return &exploration{roots: []*scene{root, root.running()}, depth: depth, encoder: newEncoder(nil), oracle: newOracle(), seen: map[key]struct{}{}, found: map[wrong]int32{}}
}

// run goes as far as it may.
func (w *exploration) run() {
	began := time.Now()
	defer func() { w.took = time.Since(began) }()
	for _, root := range w.roots {
		w.seen[digestOf(w.encoder.encode(nil, root))] = struct{}{}
		w.way = append(w.way, footstep{from: -1})
	}
	layer, first := w.roots, int32(0)
	for ; len(layer) > 0; w.reached++ {
		farther := w.reached < w.depth
		parts := w.expand(layer, first, farther)
		first = int32(len(w.way))
		layer = nil
		for _, p := range parts {
			for _, s := range p.sightings {
				if _, ok := w.seen[s.key]; ok {
					continue
				}
				w.seen[s.key] = struct{}{}
				w.way = append(w.way, s.footstep)
				layer = append(layer, s.scene)
			}
		}
		if !farther {
			return
		}
	}
	w.all = true
}

// share is what comes of some scenes of a layer.
type share struct {
	sightings []sighting
}

// expand judges the scenes of a layer, whose numbers begin with first, and
// returns those that are one step farther, in an order that is always the same.
func (w *exploration) expand(layer []*scene, first int32, farther bool) []share {
	const size = 64
	parts := make([]share, (len(layer)+size-1)/size)
	accused := make([][]wrong, len(layer))
	var group sync.WaitGroup
	work := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			var b []byte
			for n := range work {
				for i := n * size; i < min((n+1)*size, len(layer)); i++ {
					s := layer[i]
					accused[i] = s.wrong
					if len(s.due(nil)) == 0 {
						// Whatever is due leads to such a scene, and faults end in
						// the walk, too, while something is due.
						accused[i] = append(accused[i], w.oracle.judge(s)...)
					}
					if !farther {
						continue
					}
					for _, h := range s.next() {
						c := s.after(h)
						b = w.encoder.encode(b[:0], c)
						k := digestOf(b)
						if _, ok := w.seen[k]; !ok {
							parts[n].sightings = append(parts[n].sightings, sighting{footstep{first + int32(i), h}, k, c})
						}
					}
				}
			}
		})
	}
	for n := range parts {
		work <- n
	}
	close(work)
	group.Wait()
	for i, all := range accused {
		for _, x := range all {
			if _, ok := w.found[x]; !ok {
				w.found[x] = first + int32(i)
				w.order = append(w.order, x)
			}
		}
	}
	return parts
}

// line is what a walk reports of itself.
func (w *exploration) line() string {
	far := fmt.Sprintf("depth %d", w.reached)
	if w.all {
		far = fmt.Sprintf("all there are (depth %d)", w.reached-1)
	}
	return fmt.Sprintf("%v %v, %d faults, %d writes: %d states, %s, in %v; normal again after at most %v, in %d cases by ha-maintenance-cancel, in %d of these by ha-reset",
		w.roots[0].kinds, w.roots[0].mode, w.roots[0].faults, w.roots[0].writes, len(w.way), far, w.took.Round(10*time.Millisecond), w.oracle.worst, w.oracle.hung, w.oracle.reset)
}

// steps returns how many events led to what is wrong.
func (w *exploration) steps(x wrong) (n int) {
	for at := w.found[x]; w.way[at].from >= 0; at = w.way[at].from {
		n++
	}
	return n
}

// storyteller writes down what happens in a scene, and those that follow.
type storyteller struct{ lines []string }

func (s *scene) tell(format string, args ...any) {
	if s.trace != nil {
		s.trace.lines = append(s.trace.lines, fmt.Sprintf("%8.3f  ", s.now.Sub(start).Seconds())+fmt.Sprintf(format, args...))
	}
}

// trace returns the shortest way to what is wrong, for people.
func (w *exploration) trace(x wrong) string {
	var steps []happening
	n := w.found[x]
	for ; w.way[n].from >= 0; n = w.way[n].from {
		steps = append(steps, w.way[n].by)
	}
	slices.Reverse(steps)
	s := w.roots[n].copy()
	s.trace = &storyteller{}
	s.tell("%s", [...]string{"both servers are down", "both have been in normal operation, each lease is on both"}[n])
	for _, h := range steps {
		s = s.after(h)
	}
	if !slices.Contains(s.wrong, x) {
		s.trace = w.aftermath(s, x)
	}
	return strings.Join(s.trace.lines, "\n") + "\n"
}

// aftermath goes on without faults, to where it can be seen that x is so.
func (w *exploration) aftermath(s *scene, x wrong) *storyteller {
	for _, lastFirst := range []bool{false, true} {
		c := s.copy()
		c.trace = &storyteller{lines: slices.Clone(s.trace.lines)}
		c.tell("-- all faults end --")
		if slices.Contains(newOracle().future(c, lastFirst), x) {
			return c.trace
		}
	}
	panic("what was found is not found again: " + x)
}
