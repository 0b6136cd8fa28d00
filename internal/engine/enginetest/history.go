// Package enginetest plays histories with a server of leases: packets of
// clients, lease commands, time that passes, restarts and crashes, all of it read
// from the input of a fuzz target. Beside the server stands what is known of a
// correct one, and after each step the two are compared:
//
//   - a lease changes only by what has happened in the step, and as that says;
//   - a lease that has ended is reclaimed in time, and none before;
//   - the statistics are those of the leases;
//   - what has been acknowledged survives a restart, and a crash.
//
// What packets do is the target's to judge. Time is that of a bubble of package
// testing/synctest, so that a history may last for weeks.
package enginetest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// World is where histories happen.
type World struct {
	Family ctrl.Family
	// Dir is where the lease file is, see MemoryDir.
	Dir string
	// Start starts a server on a store.
	Start func(h *History) *Server
	// Packet plays a step of the target's own, read from the input; nil: there
	// is none. See History.Judge.
	Packet func(h *History)

	// What commands are about: leases as their clients may have them, and
	// those clients. Of the leases only what, where and, in DHCPv6, the
	// preferred lifetime counts.
	Subjects []lease.Lease
	Clients  []Client
	// Subnets are those that are served.
	Subnets Subnets
	// Reclaim says when leases are reclaimed, and Probation for how long declined
	// ones are kept from use, in seconds.
	Reclaim lease.ReclaimParams
}

// Client is a client as a lease knows it.
type Client struct {
	lease.Client
	IAID uint32
}

// Server is a server that histories happen to.
type Server struct {
	Mux   *ctrl.Mux                       // its commands
	Stat  func(name string) int64         // nil: it has no statistics
	Run   func(ctx context.Context) error // reclaims leases
	Close func()                          // nil: there is nothing to close but the store
	// Changed is told of each change of a lease; nil: nobody is.
	Changed func(c *Change)
}

// History is what happens to a server.
type History struct {
	T     *testing.T
	Store *lease.Store
	*Server
	World

	// Leases are those there were when the last step had been judged.
	Leases map[lease.Key]lease.Lease
	// Restarts is how often the server has been started anew: what it keeps in
	// memory only is gone then.
	Restarts int
	// Serving says whether the service is on.
	Serving bool

	input     []byte
	log       []string
	path      string
	stop      context.CancelFunc
	ran       chan error
	off       offSwitch
	reclaimed int64 // what the statistics are to say
}

// maxSteps bounds how long a history takes.
const maxSteps = 150

// MemoryDir returns a directory for lease files that need not outlive the test:
// in memory where the system has such a place.
func MemoryDir(tb testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "dhcpha")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Play plays the history that stands in input. Any input is one.
func (w World) Play(t *testing.T, input []byte) {
	synctest.Test(t, func(t *testing.T) {
		h := &History{T: t, World: w, input: input, Leases: make(map[lease.Key]lease.Lease)}
		h.path = filepath.Join(w.Dir, "leases.db")
		h.remove()
		defer h.remove()
		h.start()
		defer func() { h.end() }()
		for n := 0; n < maxSteps && len(h.input) > 0; n++ {
			h.step()
			h.checkStats()
		}
		h.restart(true)
		h.Judge("restart", nil)
	})
}

func (h *History) remove() {
	for _, path := range []string{h.path, h.crashed()} {
		os.Remove(path)
	}
}

func (h *History) crashed() string { return h.path + ".crashed" }

// Failf ends the history, and prints it.
func (h *History) Failf(format string, args ...any) {
	h.T.Helper()
	for _, line := range h.log {
		h.T.Log(line)
	}
	h.T.Fatalf(format, args...)
}

// Note adds a line to what is printed if the history fails.
func (h *History) Note(format string, args ...any) {
	h.log = append(h.log, time.Now().UTC().Format("02 15:04:05 ")+fmt.Sprintf(format, args...))
}

// Byte reads a byte of the input; 0 if there is none any more.
func (h *History) Byte() byte {
	if len(h.input) == 0 {
		return 0
	}
	b := h.input[0]
	h.input = h.input[1:]
	return b
}

// Bytes reads so many, or what is left.
func (h *History) Bytes(n int) []byte {
	n = min(n, len(h.input))
	b := h.input[:n:n]
	h.input = h.input[n:]
	return b
}

// The kinds of steps, by the first byte of each modulo 16. Those that are not
// named are packets.
const (
	StepCommand = 10 // to 12
	StepSleep   = 13 // and 14
	StepRestart = 15
)

func (h *History) step() {
	switch kind := h.Byte() % 16; {
	case kind == StepRestart:
		crash := h.Byte()%2 == 1
		h.Note("restart, crash %v", crash)
		h.restart(!crash)
		h.Judge("restart", nil)
	case kind >= StepSleep:
		h.sleep(pauses[int(h.Byte())%len(pauses)])
	case kind >= StepCommand || h.Packet == nil:
		h.command()
	default:
		h.serviceReturns()
		h.Packet(h)
	}
}

// start starts the server on the lease file.
func (h *History) start() {
	var err error
	if h.Store, err = lease.Open(h.path, nil); err != nil {
		h.Failf("open: %v", err)
	}
	h.Server = h.World.Start(h)
	h.Serving, h.off, h.reclaimed = true, offSwitch{}, 0
	ctx, stop := context.WithCancel(context.Background())
	h.stop, h.ran = stop, make(chan error, 1)
	go func() { h.ran <- h.Run(ctx) }()
	synctest.Wait()
}

// end stops the server.
func (h *History) end() {
	h.stop()
	if err := <-h.ran; err != nil {
		h.Failf("run: %v", err)
	}
	if h.Close != nil {
		h.Close()
	}
	if err := h.Store.Close(); err != nil {
		h.Failf("close: %v", err)
	}
}

// restart starts the server anew: after it was stopped or, if clean is false,
// with the lease file as it is at this moment.
func (h *History) restart(clean bool) {
	if !clean {
		b, err := os.ReadFile(h.path)
		if err == nil {
			err = os.WriteFile(h.crashed(), b, 0o600)
		}
		if err != nil {
			h.Failf("copy of the lease file: %v", err)
		}
	}
	h.end()
	if !clean {
		if err := os.Rename(h.crashed(), h.path); err != nil {
			h.Failf("%v", err)
		}
	}
	h.start()
	h.Restarts++
}

// Change is a lease before and after a step; nil: there was none, there is none.
type Change struct{ Was, Is *lease.Lease }

func (c *Change) String() string {
	text := func(l *lease.Lease) string {
		if l == nil {
			return "none"
		}
		return fmt.Sprintf("%v of %x %x iaid %d, %v until %d, subnet %d", l.Key(), l.ClientID, l.HWAddr, l.IAID, l.State, l.CLTT+int64(l.ValidLft), l.SubnetID)
	}
	return text(c.Was) + " -> " + text(c.Is)
}

// Judge compares the leases with those before the step, and hands what has
// changed to judge, by address; nil: nothing may have. It says what is wrong, or
// nothing.
func (h *History) Judge(step string, judge func(c *Change) string) {
	h.T.Helper()
	now := h.stored()
	for _, k := range keysOf(h.Leases, now) {
		c := &Change{leaseIn(h.Leases, k), leaseIn(now, k)}
		if c.Was != nil && c.Is != nil && reflect.DeepEqual(*c.Was, *c.Is) {
			continue
		}
		wrong := "nothing was to change"
		if judge != nil {
			wrong = judge(c)
		}
		if wrong != "" {
			h.Failf("%s: %v: %s", step, c, wrong)
		}
		if h.Changed != nil {
			h.Changed(c)
		}
	}
	h.Leases = now
}

// stored are the leases that the store has, each of which can be looked up.
func (h *History) stored() map[lease.Key]lease.Lease {
	all := make(map[lease.Key]lease.Lease, len(h.Leases))
	for l := range h.Store.All() {
		if _, twice := all[l.Key()]; twice {
			h.Failf("%v is stored twice", l.Key())
		}
		all[l.Key()] = l
		if found, ok := h.Store.Lookup(l.Key()); !ok || !reflect.DeepEqual(found, l) {
			h.Failf("%v is not found as it is", l.Key())
		}
	}
	return all
}

func leaseIn(m map[lease.Key]lease.Lease, k lease.Key) *lease.Lease {
	if l, ok := m[k]; ok {
		return &l
	}
	return nil
}

// keysOf returns the keys of both, in the order of the store.
func keysOf(a, b map[lease.Key]lease.Lease) []lease.Key {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b lease.Key) int {
	if d := a.Addr.Compare(b.Addr); d != 0 {
		return d
	}
	return int(a.Type) - int(b.Type)
}

// InUse says whether a lease keeps its address from others.
func InUse(l *lease.Lease) bool {
	switch l.State {
	case lease.Assigned, lease.Declined, lease.Registered:
		return l.ValidLft == lease.Infinite || time.Now().Unix() < l.CLTT+int64(l.ValidLft)
	}
	return false
}
