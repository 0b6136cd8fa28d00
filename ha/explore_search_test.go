package ha

import (
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// exploration goes through scenes by how many choices out of turn lead to them,
// and then breadth first. In turn is what happens if nothing goes wrong, in the
// order of one, and besides, at any time, faults, the ends of faults, commands
// and changes of leases, of which a walk has only so many. So it follows what
// comes of a fault to its end, however many events that takes: a walk that
// counts events ends before a silence is even noticed.
type exploration struct {
	roots []*scene
	depth int  // no scene is reached by more choices out of turn
	first bool // it ends when anything is wrong

	encoder *encoder
	oracle  *oracle
	seen    map[key]struct{}
	way     []footstep // to each scene, by its number
	found   map[wrong]int32
	order   []wrong // of found
	ends    []int32 // which numbers the scenes of each distance end before
	reached int     // the choices out of turn
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
	return &exploration{roots: []*scene{root, root.running()}, depth: depth, first: root.bothOurs(), encoder: newEncoder(nil), oracle: newOracle(), seen: map[key]struct{}{}, found: map[wrong]int32{}}
}

// run goes as far as it may.
func (w *exploration) run() {
	began := time.Now()
	defer func() { w.took = time.Since(began) }()
	for _, root := range w.roots {
		w.seen[digestOf(w.encoder.encode(nil, root))] = struct{}{}
		w.way = append(w.way, footstep{from: -1})
	}
	fresh, first := w.roots, int32(0)
	for {
		layer := fresh // of so many choices out of turn, with the numbers from first on
		for next := first; len(fresh) > 0; {
			w.judge(fresh, next)
			if w.first && len(w.order) > 0 {
				return
			}
			number := int32(len(w.way))
			fresh = w.add(w.expand(fresh, next, true))
			if next = number; w.reached < w.depth {
				layer = append(layer, fresh...)
			}
		}
		w.ends = append(w.ends, int32(len(w.way)))
		if w.reached == w.depth {
			return
		}
		number := int32(len(w.way))
		if fresh = w.add(w.expand(layer, first, false)); len(fresh) == 0 {
			w.all = true
			return
		}
		first = number
		w.reached++
	}
}

// add keeps what is new of sightings and returns it.
func (w *exploration) add(parts [][]sighting) (fresh []*scene) {
	for _, sightings := range parts {
		for _, s := range sightings {
			if _, ok := w.seen[s.key]; ok {
				continue
			}
			w.seen[s.key] = struct{}{}
			w.way = append(w.way, s.footstep)
			fresh = append(fresh, s.scene)
		}
	}
	return fresh
}

// expand returns what is one step farther than some scenes, whose numbers begin
// with first, by what happens in turn or by what does not, in an order that is
// always the same.
func (w *exploration) expand(scenes []*scene, first int32, inTurn bool) [][]sighting {
	parts := make([][]sighting, (len(scenes)+share-1)/share)
	inShares(len(scenes), func(n, from, to int) {
		var b []byte
		for i := from; i < to; i++ {
			s := scenes[i]
			turn := s.turn()
			for _, h := range s.next() {
				if (h == turn || h.anytime()) != inTurn {
					continue
				}
				c := s.after(h)
				b = w.encoder.encode(b[:0], c)
				k := digestOf(b)
				if _, ok := w.seen[k]; !ok {
					parts[n] = append(parts[n], sighting{footstep{first + int32(i), h}, k, c})
				}
			}
		}
	})
	return parts
}

// judge notes what is wrong in scenes and with their future.
func (w *exploration) judge(scenes []*scene, first int32) {
	accused := make([][]wrong, len(scenes))
	inShares(len(scenes), func(_, from, to int) {
		for i := from; i < to; i++ {
			s := scenes[i]
			accused[i] = s.wrong
			if len(s.due(nil)) == 0 {
				// Whatever is due leads to such a scene, and faults end in
				// the walk, too, while something is due.
				accused[i] = append(accused[i], w.oracle.judge(s)...)
			}
		}
	})
	for i, all := range accused {
		for _, x := range all {
			if _, ok := w.found[x]; !ok {
				w.found[x] = first + int32(i)
				w.order = append(w.order, x)
			}
		}
	}
}

// share is how many scenes a goroutine takes at once.
const share = 64

// inShares has all processors work on n things.
func inShares(n int, do func(part, from, to int)) {
	var group sync.WaitGroup
	work := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for part := range work {
				do(part, part*share, min((part+1)*share, n))
			}
		})
	}
	for part := range (n + share - 1) / share {
		work <- part
	}
	close(work)
	group.Wait()
}

// line is what a walk reports of itself.
func (w *exploration) line() string {
	far := fmt.Sprintf("%d choices out of turn", w.reached)
	if w.all {
		far = fmt.Sprintf("all there are (%d choices out of turn)", w.reached)
	}
	return fmt.Sprintf("%v %v, %d faults, %d writes: %d states, %s, in %v; normal again after at most %v, in %d cases by ha-maintenance-cancel, in %d of these by ha-reset",
		w.roots[0].kinds, w.roots[0].mode, w.roots[0].faults, w.roots[0].writes, len(w.way), far, w.took.Round(10*time.Millisecond), w.oracle.worst, w.oracle.hung, w.oracle.reset)
}

// turns returns how many choices out of turn led to what is wrong.
func (w *exploration) turns(x wrong) int {
	return sort.Search(len(w.ends), func(i int) bool { return w.ends[i] > w.found[x] })
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
