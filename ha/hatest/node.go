package hatest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// Node is a server of a World: a machine with a network, a disk and a clock,
// on which the program under test runs or does not.
type Node struct {
	// Name is what it is called in the first relationship that it is in.
	Name string

	w    *World
	host string // its address
	cfgs []*ha.Config

	clock clock
	disk  disk

	mu  sync.Mutex
	now *life // nil: the program does not run
}

// life is the time from a start of the program to its end.
type life struct {
	n       *Node
	ctx     context.Context // ends with it
	end     context.CancelFunc
	host    *memnet.Host
	mux     *ctrl.Mux
	program Program      // nil: it is being started
	store   *lease.Store // nil: the program has not used OpenStore

	mu     sync.Mutex
	states map[string]ha.State // by the name of the server in the relationship
}

// memoryDir makes a folder for files that need not outlive the test: in memory
// where the system has such a place, so that thousands of commits do not wait
// for a disk that others keep busy.
func memoryDir() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("/dev/shm", "hatest")
	if err != nil {
		dir, err = os.MkdirTemp("", "hatest")
	}
	return dir, func() { os.RemoveAll(dir) }, err
}

func newNode(w *World, p place, dir string) *Node {
	n := &Node{Name: p.names[0], w: w, host: p.host}
	n.disk.init(n, filepath.Join(dir, p.names[0]))
	for _, r := range w.cfg.Relationships {
		for _, peer := range r.Peers {
			if slices.Contains(p.names, peer.Name) {
				own := *r
				own.ThisServerName = peer.Name
				n.cfgs = append(n.cfgs, &own)
			}
		}
	}
	return n
}

// life returns what runs now, or nil.
func (n *Node) life() *life {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

func (n *Node) set(l *life) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = l
}

// starting returns what runs or is being started, for what Config.Start may
// ask for.
func (n *Node) starting() *life {
	l := n.life()
	if l == nil {
		panic("hatest: " + n.Name + " is not running: this is for Config.Start")
	}
	return l
}

// over says whether the life has ended.
func (l *life) over() bool { return l.ctx.Err() != nil }

// Start starts the program, unless it runs. If that fails the test has failed
// and ends.
func (n *Node) Start() {
	if n.life() != nil {
		return
	}
	n.w.trace.add(n.Name, "starts")
	l := &life{n: n, host: n.w.net.Host(n.host), mux: ctrl.NewMux(), states: make(map[string]ha.State)}
	l.ctx, l.end = context.WithCancel(context.Background())
	n.set(l)
	program, err := n.w.cfg.Start(n)
	if err != nil {
		l.end()
		l.host.Kill()
		n.set(nil)
		n.w.Fatalf("%s does not start: %v", n.Name, err)
	}
	n.mu.Lock()
	l.program = program
	n.mu.Unlock()
	n.w.oracle.look()
}

// Stop ends the program in good order, and returns when it has ended.
func (n *Node) Stop() {
	l := n.life()
	if l == nil {
		return
	}
	n.w.trace.add(n.Name, "is stopped")
	if err := l.program.Close(); err != nil {
		n.w.trace.add(n.Name, "ends with %v", err)
	}
	l.end()
	l.host.Kill() // what it has forgotten to close
	n.set(nil)
	n.w.oracle.ended(n)
	n.w.oracle.look()
	n.w.trace.add(n.Name, "has ended")
}

// Kill ends the program as kill -9 does: at once. What it has given to the
// system is not lost, be it for the network or for the disk.
func (n *Node) Kill() {
	if n.life() != nil {
		n.w.trace.add(n.Name, "is killed")
	}
	n.leave((*memnet.Host).Kill, false)
}

// PowerOff ends the program as a loss of power does: its partners hear nothing,
// and what is on the disk is what was synced. (A write that is under way, see
// [Node.SlowDisk], is there or not.)
func (n *Node) PowerOff() {
	if n.life() != nil {
		n.w.trace.add(n.Name, "loses power")
	}
	n.leave((*memnet.Host).PowerOff, true)
}

// leave ends the program without its knowing. What it still does is done to
// nobody: its network is gone, and its file is another one than the one that
// it will be started with.
func (n *Node) leave(end func(*memnet.Host), unsynced bool) {
	synctest.Wait() // whoever is writing has written, or waits for the disk
	l := n.life()
	if l == nil {
		return
	}
	n.w.oracle.ended(n)
	if unsynced && n.disk.lying() {
		n.w.oracle.unsynced(n)
	}
	if err := n.disk.part(unsynced); err != nil {
		n.w.Errorf("%s: %v", n.Name, err)
	}
	l.end()
	end(l.host)
	n.set(nil)
	n.w.oracle.look()
	if l.program != nil {
		n.w.ending.Go(func() { _ = l.program.Close() }) // an error is no wonder
	}
}

// Running says whether the program runs.
func (n *Node) Running() bool { return n.life() != nil }

// Program returns the program that runs, or nil.
func (n *Node) Program() Program {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == nil {
		return nil
	}
	return n.now.program
}

// State returns the state of the server, in the first of its relationships.
// StateNone: it does not run.
func (n *Node) State() ha.State { return n.stateIn(n.cfgs[0]) }

// stateIn returns the state in a relationship.
func (n *Node) stateIn(cfg *ha.Config) ha.State {
	l := n.life()
	if l == nil {
		return ha.StateNone
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.states[cfg.ThisServerName]; ok {
		return s
	}
	return ha.StateWaiting
}

// isIn says whether the server is in a state in all of its relationships.
func (n *Node) isIn(s ha.State) bool {
	return !slices.ContainsFunc(n.cfgs, func(cfg *ha.Config) bool { return n.stateIn(cfg) != s })
}

// backup says whether the server is a backup.
func (n *Node) backup() bool {
	cfg := n.cfgs[0]
	return slices.ContainsFunc(cfg.Peers, func(p ha.Peer) bool { return p.Name == cfg.ThisServerName && p.Role == ha.Backup })
}

// ask has the program answer a query; false: it does not, or has ended
// meanwhile.
func (n *Node) ask(q Query) (Answer, bool) {
	n.mu.Lock()
	l := n.now
	serves := l != nil && l.program != nil
	n.mu.Unlock()
	if !serves {
		return Answer{}, false
	}
	defer func() {
		// It would end the test without a word of the seed.
		if p := recover(); p != nil {
			n.w.Errorf("%s panics: %v%s", n.Name, p, line())
		}
	}()
	a, ok := l.program.Query(l.ctx, q)
	return a, ok && !l.over()
}

// commandTime is how long an operator waits for the answer to a command.
const commandTime = time.Minute

// Command runs a command as an operator does, such as ha-maintenance-start,
// which needs the program to have registered it with Mux. args is what is made
// JSON of; nil: none.
func (n *Node) Command(name string, args any) ctrl.Response {
	l := n.life()
	if l == nil {
		return ctrl.Errorf("%s does not run", n.Name)
	}
	req := &ctrl.Request{Command: name}
	if args != nil {
		text, err := json.Marshal(args)
		if err != nil {
			return ctrl.Errorf("the arguments of %s: %v", name, err)
		}
		req.Arguments = text
	}
	ctx, cancel := context.WithTimeout(l.ctx, commandTime)
	defer cancel()
	resp := l.mux.Run(ctx, req)
	n.w.trace.add(n.Name, "%s %s: %d %s", name, req.Arguments, resp.Result, resp.Text)
	return resp
}

// Configs returns the relationships that the server is in. For Config.Start, as
// are the following.
func (n *Node) Configs() []*ha.Config { return slices.Clone(n.cfgs) }

// Subnets returns what the server serves.
func (n *Node) Subnets() Subnets { return n.w.cfg.Subnets }

// Options returns the options of the server's Service: Family, OnState, Now,
// Dial, Listen and Logger are filled in. An OnState of the program's own has to
// call that one.
func (n *Node) Options() *ha.Options {
	l := n.starting()
	return &ha.Options{
		Family: n.w.cfg.Family, OnState: l.entered, Now: n.Now,
		Dial: l.host.Dial, Listen: l.host.Listen, Logger: l.logger(),
	}
}

// entered notes a state that the server has come to.
func (l *life) entered(c ha.StateChange) {
	if l.over() {
		return
	}
	l.mu.Lock()
	l.states[c.Server] = c.To
	l.mu.Unlock()
	l.n.w.trace.add(c.Server, "%v -> %v, serves %v", c.From, c.To, c.Scopes)
	l.n.w.oracle.look()
}

// Mux returns where the program registers its commands, and what it is to give
// to Service.Run.
func (n *Node) Mux() *ctrl.Mux { return n.starting().mux }

// LeaseFile returns the path of the server's lease file, another one after each
// Kill.
func (n *Node) LeaseFile() string { return n.disk.file() }

// storeOptions returns the options to open the lease file with.
func (n *Node) storeOptions() *lease.Options {
	l := n.starting()
	return &lease.Options{Logger: l.logger(), Now: n.Now, Write: l.write}
}

// OpenStore opens the lease file.
func (n *Node) OpenStore() (*lease.Store, error) {
	s, err := lease.Open(n.LeaseFile(), n.storeOptions())
	if err == nil {
		n.starting().keep(s)
	}
	return s, err
}

func (l *life) keep(s *lease.Store) {
	l.n.mu.Lock()
	l.store = s
	l.n.mu.Unlock()
	l.n.w.oracle.opened(l.n, s)
}

// store returns what the program has opened, or nil.
func (n *Node) store() *lease.Store {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == nil {
		return nil
	}
	return n.now.store
}
