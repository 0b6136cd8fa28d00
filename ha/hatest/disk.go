package hatest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// disk is what a node has its lease file on.
type disk struct {
	n      *Node
	prefix string // of its files

	mu     sync.Mutex
	parted int // how often the program was ended without its knowing

	fails   error // nil: it works
	late    bool  // it fails after it has written
	slow    time.Duration
	changed chan struct{} // closed when one of these changes
	lies    bool
	synced  []byte // what the file really is, if it lies
}

func (d *disk) init(n *Node, prefix string) {
	d.n, d.prefix, d.changed = n, prefix, make(chan struct{})
}

// file returns the path of the lease file.
func (d *disk) file() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.path()
}

func (d *disk) path() string { return fmt.Sprintf("%s-%d.db", d.prefix, d.parted) }

// part leaves the file to the program that has it open, and goes on with a copy
// of it as it is, or without what was not synced.
func (d *disk) part(unsynced bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := os.ReadFile(d.path())
	if unsynced && d.lies {
		text, err = d.synced, nil
	}
	d.parted++
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return nil // it was never made
	}
	if err != nil {
		return err
	}
	return os.WriteFile(d.path(), text, 0o600)
}

// alter changes what the disk does, which what waits for it notices.
func (d *disk) alter(change func()) {
	d.mu.Lock()
	change()
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	d.n.w.oracle.look()
}

// lying says whether nobody knows what is synced.
func (d *disk) lying() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lies
}

// bad says whether writes fail, or take long.
func (d *disk) bad() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fails != nil || d.slow > 0
}

// FailDisk makes every write fail with the error, before anything is written: a
// disk that is full (syscall.ENOSPC), or gone.
func (n *Node) FailDisk(err error) {
	n.w.trace.add(n.Name, "has a disk that fails: %v", err)
	n.disk.alter(func() { n.disk.fails, n.disk.late = err, false })
}

// FailSync makes every write fail with the error after all has been written: it
// may turn out later that it is there.
func (n *Node) FailSync(err error) {
	n.w.trace.add(n.Name, "has a disk that does not sync: %v", err)
	n.disk.alter(func() { n.disk.fails, n.disk.late = err, true })
}

// SlowDisk makes every write take so long, half of it before and half of it
// after it changes the file. 0: less than a millisecond, as at the beginning.
func (n *Node) SlowDisk(d time.Duration) {
	n.w.trace.add(n.Name, "has a disk that takes %v", d)
	n.disk.alter(func() { n.disk.slow = d })
}

// LieDisk makes the disk say that it has synced what it has not: PowerOff takes
// everything back that was written from now on.
func (n *Node) LieDisk() {
	n.w.trace.add(n.Name, "has a disk that does not sync and says it does")
	d := &n.disk
	d.alter(func() {
		if !d.lies {
			d.lies = true
			d.synced, _ = os.ReadFile(d.path()) // if there is none it goes back to none
		}
	})
}

// DiskWorks ends whatever is wrong with the disk. Writes that wait for a slow
// one are done at once.
func (n *Node) DiskWorks() {
	d := &n.disk
	d.alter(func() {
		if d.fails != nil || d.slow != 0 || d.lies {
			n.w.trace.add(n.Name, "has a disk that works")
		}
		d.fails, d.late, d.slow, d.lies, d.synced = nil, false, 0, false, nil
	})
}

// The time that writes take at the beginning.
const (
	leastWrite = 50 * time.Microsecond
	mostWrite  = 150 * time.Microsecond
)

// errOff is what a program gets that has ended without knowing it.
var errOff = errors.New("the machine is off")

// write is what the program's writes go through, see lease.Options.
func (l *life) write(write func() error) error {
	d := &l.n.disk
	d.mu.Lock()
	took := d.slow
	if took == 0 {
		// It hangs on the instant: if writes are shared otherwise than in
		// another run with the seed, later ones are as they were.
		dice := chance(l.n.w.cfg.Seed, l.n.Name+" writes", uint64(time.Since(l.n.w.trace.began)))
		took = leastWrite + time.Duration(dice.Int64N(int64(mostWrite-leastWrite)))
	}
	changed := d.changed
	d.mu.Unlock()

	if !l.rest(took/2, changed) {
		return errOff
	}
	d.mu.Lock()
	fails, late := d.fails, d.late
	d.mu.Unlock()
	if fails != nil && !late {
		return fails
	}
	if err := write(); err != nil {
		return err
	}
	if !l.rest(took-took/2, changed) {
		return errOff
	}
	return fails
}

// rest waits for a while, or until the disk is altered; false: the program has
// ended.
func (l *life) rest(d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-l.ctx.Done():
	}
	return !l.over()
}
