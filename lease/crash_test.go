//go:build unix

package lease

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// child runs the part of a test that is named so in a process of its own.
func child(t *testing.T, part, path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestInChild$", "-test.v=false")
	cmd.Env = append(os.Environ(), "LEASE_TEST_CHILD="+part, "LEASE_TEST_FILE="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// TestInChild is what the child processes of other tests do.
func TestInChild(t *testing.T) {
	path := os.Getenv("LEASE_TEST_FILE")
	switch os.Getenv("LEASE_TEST_CHILD") {
	case "commit":
		commitForEver(t, path)
	case "mark":
		markForEver(t, path)
	case "full":
		commitUntilFull(t, path)
	default:
		t.Skip("not a child")
	}
}

// commitForEver commits with many goroutines and prints what is durable.
// Each owns some leases, whose pool counts up, and removes one at times.
func commitForEver(t *testing.T, path string) {
	s, err := Open(path, nil)
	require.NoError(t, err)
	fmt.Println("ready")
	for g := range 16 {
		go func() {
			for n := uint32(1); ; n++ {
				l := v4(g*100 + int(n)%10)
				if have, ok := s.Lookup(l.Key()); ok {
					l.PoolID = have.PoolID
				}
				l.PoolID++
				c := Change{Lease: l, Delete: n%13 == 0}
				if c.Delete {
					l.PoolID = 0
				}
				if err := s.Commit(ctx, c); err != nil {
					panic(err)
				}
				fmt.Printf("%v %d\n", l.Addr, l.PoolID)
			}
		}()
	}
	go func() {
		for {
			if err := s.Compact(ctx); err != nil {
				panic(err)
			}
		}
	}()
	select {}
}

// A process killed at any instant, even while it compacts, leaves a file with
// every change it was told is durable.
func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	promised := 0
	for range 20 {
		cmd := child(t, "commit", path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		last := map[string]uint32{}
		lines := bufio.NewScanner(out)
		for until := 1 + rand.IntN(1500); lines.Scan(); until-- {
			var addr string
			var pool uint32
			if n, _ := fmt.Sscan(lines.Text(), &addr, &pool); n == 2 {
				last[addr] = pool
				promised++
			}
			if until == 0 {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())

		s, err := Open(path, nil)
		require.NoError(t, err)
		check(t, s)
		for l := range s.All() {
			addr := l.Addr.String()
			pool, ok := last[addr]
			// The next change may have become durable without a word of it.
			require.True(t, !ok || l.PoolID == pool || l.PoolID == pool+1, "%s has %d, promised %d", addr, l.PoolID, pool)
			delete(last, addr)
		}
		for addr, pool := range last {
			if pool != 0 { // it may have been removed next: then its removal is known
				require.True(t, removed(s, addr), "%s is missing", addr)
			}
		}
		require.NoError(t, s.Close())
	}
	require.Greater(t, promised, 1000)
	t.Logf("%d changes promised, none lost", promised)
}

// markForEver takes over the history of another store, a change or a removal a
// revision. It prints what is announced, and then what is durable.
func markForEver(t *testing.T, path string) {
	s, err := Open(path, nil)
	require.NoError(t, err)
	s.Announce(printer{s})
	for rev := s.Mark("other").Revision + 1; ; rev++ {
		l := v4(int(rev % 10))
		l.PoolID = uint32(rev)
		if err := s.CommitMark(ctx, "other", Position{1, rev}, Change{Lease: l, Source: rev}, Change{Lease: v4(int(rev%7) + 20), Delete: rev%2 == 0}); err != nil {
			panic(err)
		}
		fmt.Println("durable", s.Position().Epoch, s.Position().Revision, rev)
		if rev%50 == 0 {
			if err := s.Compact(ctx); err != nil {
				panic(err)
			}
		}
	}
}

// printer prints the place after what is announced, to which nothing may come
// that the store does not find again.
type printer struct{ s *Store }

func (p printer) Announced(changes []Change) {
	fmt.Println("announced", p.s.Position().Epoch, changes[len(changes)-1].Lease.Revision, 0)
}

func (printer) Failed([]Change) { panic("failed") }

// A process killed at any instant leaves a mark that fits the changes that were
// committed with it, and finds every place again that it told of.
func TestKilledBetweenMarks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	var places []Position // that were durable
	for range 15 {
		cmd := child(t, "mark", path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		var durable, announced Position
		var taken uint64
		for until := 2 + rand.IntN(300); lines.Scan(); until-- {
			var word string
			var p Position
			var rev uint64
			if n, _ := fmt.Sscan(lines.Text(), &word, &p.Epoch, &p.Revision, &rev); n == 4 {
				if word == "durable" {
					durable, taken = p, rev
				} else {
					announced = p
				}
			}
			if until == 0 {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())

		s, err := Open(path, nil)
		require.NoError(t, err)
		check(t, s)
		mark := s.Mark("other")
		require.True(t, mark.Revision == taken || mark.Revision == taken+1, "%d, told %d", mark.Revision, taken)
		newest := uint64(0)
		for _, c := range s.Since(0) {
			newest = max(newest, c.Source)
		}
		require.Equal(t, mark.Revision, newest, "the mark and its changes are there together")
		require.EqualValues(t, durable.Revision, locate(s, durable))
		got := locate(s, announced)
		require.True(t, got == int(announced.Revision) || got == int(durable.Revision), "%d of %d", got, announced.Revision)
		require.EqualValues(t, got, min(announced.Revision, s.Revision()))
		places = append(places, durable)
		for _, p := range places {
			require.EqualValues(t, p.Revision, locate(s, p))
		}
		require.NoError(t, s.Close())
	}
}

func removed(s *Store, addr string) bool {
	for _, c := range s.Since(0) {
		if c.Delete && c.Lease.Addr.String() == addr {
			return true
		}
	}
	return false
}

// A process that may not make files longer than a limit is one whose disk is
// full.
func commitUntilFull(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(path, nil)
	require.NoError(t, err)
	var before, full syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	full = before
	full.Cur = 256 << 10
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full))
	fillUp(t, s, func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) })
	fmt.Println("done")
}

// fillUp commits until the disk is full, looks what the store makes of it, and
// goes on when there is room again.
func fillUp(t *testing.T, s *Store, makeRoom func()) {
	bulk := func(from int) (changes []Change) {
		for n := range 100 {
			changes = append(changes, Change{Lease: v4(from + n)})
		}
		return changes
	}
	n := 0
	for ; ; n++ {
		rev := s.Revision()
		if err := s.Commit(ctx, bulk(100*n)...); err != nil {
			t.Log(err)
			require.Equal(t, rev, s.Revision())
			break
		}
		require.Less(t, n, 10_000, "never full")
	}
	require.Error(t, s.Commit(ctx, bulk(100*n)...))
	require.Equal(t, 100*n, s.Count(1, Assigned, V4))
	_, ok := s.Lookup(keyOf(v4(100 * n)))
	require.False(t, ok)
	makeRoom()
	require.NoError(t, s.Commit(ctx, bulk(100*n)...))
	check(t, s)
	want := s.Revision()
	require.NoError(t, s.Close())
	s, err := Open(s.path, nil)
	require.NoError(t, err)
	require.Equal(t, want, s.Revision())
	require.Equal(t, 100*(n+1), s.Count(1, Assigned, V4))
	check(t, s)
	require.NoError(t, s.Close())
}

func TestDiskFullByLimit(t *testing.T) {
	t.Parallel()
	out, err := child(t, "full", filepath.Join(t.TempDir(), "leases.db")).Output()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "done")
}

// A process that is just being started has, for a moment, the files of the one
// that starts it, and the locks on them.
func TestOpenWhileProcessesStart(t *testing.T) {
	t.Parallel()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				exec.Command("/bin/true").Run()
			}
		}
	}()
	path := filepath.Join(t.TempDir(), "leases.db")
	for range 300 {
		s, err := Open(path, nil)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	<-stopped
}
