package lease

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

var ctx = context.Background()

// mirror is a store without a thought for speed.
type mirror struct {
	leases map[Key]Lease
	gone   map[Key]Change
	source map[Key]uint64 // of leases
	rev    uint64
}

// commit does what Store.Commit should.
func (w *mirror) commit(changes []Change) error {
	next := mirror{maps.Clone(w.leases), maps.Clone(w.gone), maps.Clone(w.source), w.rev}
	for _, c := range changes {
		k := c.Lease.Key()
		have, ok := next.leases[k]
		if c.If == Absent && ok || c.If != 0 && c.If != Absent && (!ok || have.Revision != c.If) {
			return ErrConflict
		}
		if c.Delete {
			was, known := next.gone[k]
			if ok || known && was.Source != c.Source || !known && c.Source != 0 && c.Source != Foreign {
				next.rev++
				delete(next.leases, k)
				c.Lease = Lease{Type: k.Type, Addr: k.Addr, CLTT: c.Lease.CLTT, Revision: next.rev}
				next.gone[k] = Change{Lease: c.Lease, Delete: true, Source: c.Source}
			}
			continue
		}
		next.rev++
		l := c.Lease
		l.Hostname = strings.ToLower(l.Hostname)
		l.Revision = next.rev
		next.leases[k], next.source[k] = l, c.Source
		delete(next.gone, k)
	}
	*w = next
	return nil
}

func (w *mirror) where(match func(Lease) bool) []Lease {
	var found []Lease
	for _, l := range w.leases {
		if match(l) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, byKey)
	return found
}

func byKey(a, b Lease) int {
	return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Type, b.Type))
}

// equal asks the store everything.
func (w *mirror) equal(t *testing.T, s *Store) {
	t.Helper()
	all := w.where(func(Lease) bool { return true })
	require.Equal(t, all, slices.Collect(s.All()))
	require.Equal(t, w.rev, s.Revision())
	for _, l := range all {
		got, ok := s.Lookup(l.Key())
		require.True(t, ok)
		require.Equal(t, l, got)
		require.Equal(t, w.where(func(o Lease) bool { return bytes.Equal(o.ClientID, l.ClientID) }), s.ByClientID(l.ClientID))
		require.Equal(t, w.where(func(o Lease) bool { return bytes.Equal(o.HWAddr, l.HWAddr) }), s.ByHWAddr(l.HWAddr))
		for _, anonymous := range []bool{false, true} {
			of := func(hasID bool) []Lease {
				return w.where(func(o Lease) bool {
					return len(l.HWAddr) > 0 && bytes.Equal(o.HWAddr, l.HWAddr) && o.SubnetID == l.SubnetID && o.Type == l.Type && len(o.ClientID) > 0 == hasID
				})
			}
			want := of(false)
			if len(want) == 0 && !anonymous {
				want = of(true)
			}
			got, ok := s.LookupHWAddr(l.HWAddr, l.SubnetID, l.Type, anonymous)
			require.Equal(t, len(want) > 0, ok)
			if ok {
				require.Contains(t, want, got)
			}
		}
		require.Equal(t, w.where(func(o Lease) bool { return o.Hostname == l.Hostname }), s.ByHostname(strings.ToUpper(l.Hostname)))
		if l.Type != V4 {
			require.Equal(t, w.where(func(o Lease) bool {
				return o.Type != V4 && bytes.Equal(o.ClientID, l.ClientID) && o.IAID == l.IAID
			}), s.ByIAID(l.ClientID, l.IAID))
		}
	}
	for subnet := range uint32(4) {
		in := func(l Lease) bool { return subnet == 0 || l.SubnetID == subnet }
		if subnet != 0 {
			require.Equal(t, w.where(in), slices.SortedFunc(s.BySubnet(subnet), byKey))
		}
		for st := Assigned; st <= Registered; st++ {
			require.Equal(t, w.where(func(l Lease) bool { return in(l) && l.State == st }), slices.SortedFunc(s.ByState(st, subnet), byKey))
			for typ := V4; typ <= PD; typ++ {
				require.Equal(t, len(w.where(func(l Lease) bool { return in(l) && l.State == st && l.Type == typ })), s.Count(subnet, st, typ))
			}
		}
	}
	from, to := time.Unix(1_700_000_000+3600+20, 5e8), time.Unix(1_700_000_000+3600+60, 0)
	expiring := slices.Collect(s.expiring(from, to))
	require.True(t, slices.IsSortedFunc(expiring, func(a, b Lease) int { return a.Expires().Compare(b.Expires()) }))
	slices.SortFunc(expiring, byKey)
	require.Equal(t, w.where(func(l Lease) bool {
		return l.ValidLft != Infinite && l.Expires().After(from) && !l.Expires().After(to)
	}), expiring)

	for _, start := range []string{"0.0.0.0", "::"} {
		after := netip.MustParseAddr(start)
		family := w.where(func(l Lease) bool { return l.Addr.Is4() == after.Is4() })
		var paged []Lease
		for {
			page := s.Page(after, 3)
			paged = append(paged, page...)
			if len(page) < 3 {
				break
			}
			after = page[len(page)-1].Addr
		}
		require.Equal(t, family, paged)
	}
	w.encoded(t, s)
	w.since(t, s, 0)
	w.since(t, s, w.rev/2)
}

// encoded compares what Encoded goes through, from the beginning and from
// behind every address, with what AppendBinary makes of the leases.
func (w *mirror) encoded(t *testing.T, s *Store) {
	t.Helper()
	all := w.where(func(Lease) bool { return true })
	slices.SortFunc(all, byKey)
	afters := []netip.Addr{{}, netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}
	for i := 0; i < len(all); i += 1 + len(all)/8 {
		afters = append(afters, all[i].Addr)
	}
	for _, after := range afters {
		want := all
		for len(want) > 0 && after.IsValid() && !after.Less(want[0].Addr) {
			want = want[1:]
		}
		for c, b := range s.Encoded(after) {
			require.NotEmpty(t, want)
			l := want[0]
			require.Equal(t, w.source[l.Key()], c.Source)
			require.Equal(t, l.Key(), c.Lease.Key())
			require.Equal(t, l.Revision, c.Lease.Revision)
			require.Equal(t, l.SubnetID, c.Lease.SubnetID)
			wantB, err := (&Change{Lease: l}).AppendBinary(nil)
			require.NoError(t, err)
			require.Equal(t, wantB, b)
			want = want[1:]
		}
		require.Empty(t, want, "behind %v", after)
	}
}

func (w *mirror) since(t *testing.T, s *Store, rev uint64) {
	t.Helper()
	var want, got []Change
	for _, l := range w.leases {
		if l.Revision > rev {
			want = append(want, Change{Lease: l, Source: w.source[l.Key()]})
		}
	}
	for _, c := range w.gone {
		if c.Lease.Revision > rev {
			want = append(want, c)
		}
	}
	slices.SortFunc(want, func(a, b Change) int { return cmp.Compare(a.Lease.Revision, b.Lease.Revision) })
	for r, c := range s.Since(rev) {
		require.Equal(t, r, c.Lease.Revision)
		got = append(got, c)
	}
	require.Equal(t, want, got)
	for _, c := range got {
		last, ok := s.Last(c.Lease.Key())
		require.True(t, ok)
		require.Equal(t, c, last)
	}
}

// randomLease returns one of few leases, so that they meet.
func randomLease(rnd *rand.Rand) Lease {
	n := rnd.IntN(24)
	l := []func(int) Lease{v4, v6, pd}[rnd.IntN(3)](n)
	if l.Type == PD && rnd.IntN(2) == 0 {
		l.Addr, l.PrefixLen = v6(n).Addr, 128 // the same address twice
	}
	l.SubnetID = 1 + uint32(rnd.IntN(3))
	l.CLTT += int64(rnd.IntN(50))
	l.State = []State{Assigned, Assigned, Declined, Released}[rnd.IntN(4)]
	if rnd.IntN(4) == 0 {
		l.ClientID, l.HWAddr = v4(rnd.IntN(3)).ClientID, v4(rnd.IntN(3)).HWAddr
	}
	if rnd.IntN(5) == 0 {
		l.ValidLft = Infinite
	}
	if rnd.IntN(3) == 0 {
		l.Hostname = "Shared"
	}
	return l
}

func TestStoreEqualsItsMirror(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	w := &mirror{leases: map[Key]Lease{}, gone: map[Key]Change{}, source: map[Key]uint64{}}
	seen := map[Key]Lease{}
	observe := func() {
		clear(seen)
		s.Observe(func(old, new *Lease) {
			if old != nil {
				require.Equal(t, seen[old.Key()], *old)
				delete(seen, old.Key())
			}
			if new != nil {
				require.NotContains(t, seen, new.Key())
				seen[new.Key()] = *new
			}
		})
	}
	observe()
	conflicts := 0
	for round := range 600 {
		changes := make([]Change, 1+rnd.IntN(4))
		for i := range changes {
			c := &changes[i]
			c.Lease = randomLease(rnd)
			c.Delete = rnd.IntN(3) == 0
			c.Source = []uint64{0, 0, 1 + rnd.Uint64N(1000), Foreign}[rnd.IntN(4)]
			switch have, ok := w.leases[c.Lease.Key()]; {
			case rnd.IntN(8) == 0:
				c.If = Absent
			case ok && rnd.IntN(3) == 0:
				c.If = have.Revision
			case rnd.IntN(20) == 0:
				c.If = 1 + rnd.Uint64N(w.rev+1)
			}
		}
		want, got := w.commit(changes), s.Commit(ctx, changes...)
		require.ErrorIs(t, got, want)
		if want != nil {
			conflicts++
		} else {
			require.NoError(t, got)
		}
		require.Equal(t, w.leases, seen)
		if round%40 != 0 {
			continue
		}
		w.equal(t, s)
		check(t, s)
		switch round / 40 % 3 {
		case 0:
			require.NoError(t, s.Close())
			s = openAt(t, path)
			observe()
		case 1:
			require.NoError(t, s.Compact(ctx))
		case 2:
			copied := filepath.Join(t.TempDir(), "copy.db")
			f, err := os.Create(copied)
			require.NoError(t, err)
			n, err := s.Backup(f)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			info, err := os.Stat(copied)
			require.NoError(t, err)
			require.Equal(t, info.Size(), n)
			w.equal(t, openAt(t, copied))
		}
		w.equal(t, s)
		check(t, s)
	}
	require.Greater(t, conflicts, 50)
}

func TestLeasesAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	given := v6(1)
	given.UserContext = []byte(`{"a":1}`)
	want := given
	want.ClientID, want.HWAddr, want.UserContext = slices.Clone(given.ClientID), slices.Clone(given.HWAddr), slices.Clone(given.UserContext)
	want.Revision = 1
	require.NoError(t, s.Commit(ctx, Change{Lease: given}))
	spoil := func(l Lease) {
		for _, b := range [][]byte{l.ClientID, l.HWAddr, l.UserContext} {
			clear(b)
			_ = append(b, "spoilt"...)
		}
	}
	spoil(given)
	got, _ := s.Lookup(want.Key())
	spoil(got)
	spoil(s.ByHWAddr(want.HWAddr)[0])
	for l := range s.All() {
		spoil(l)
	}
	got, ok := s.Lookup(want.Key())
	require.True(t, ok)
	require.Equal(t, want, got)
	_ = append(got.ClientID, 0xee)
	require.Equal(t, want.HWAddr, got.HWAddr)
}

func TestCommitRefusesWhatIsNoLease(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for name, spoil := range map[string]func(*Lease){
		"type 0":          func(l *Lease) { l.Type = 0 },
		"type 4":          func(l *Lease) { l.Type = 4 },
		"no address":      func(l *Lease) { l.Addr = netip.Addr{} },
		"wrong family":    func(l *Lease) { l.Type = NA },
		"mapped":          func(l *Lease) { l.Type = NA; l.Addr = netip.MustParseAddr("::ffff:10.0.0.1") },
		"zone":            func(l *Lease) { l.Type = NA; l.Addr = netip.MustParseAddr("fe80::1%eth0") },
		"prefix length":   func(l *Lease) { l.PrefixLen = 24 },
		"no length":       func(l *Lease) { *l = pd(1); l.PrefixLen = 0 },
		"length":          func(l *Lease) { *l = pd(1); l.PrefixLen = 129 },
		"inside a prefix": func(l *Lease) { *l = pd(1); l.PrefixLen = 32 },
		"iaid":            func(l *Lease) { l.IAID = 1 },
		"state":           func(l *Lease) { l.State = 5 },
		"subnet":          func(l *Lease) { l.SubnetID = 0 },
		"cltt":            func(l *Lease) { l.CLTT = -1 },
		"future":          func(l *Lease) { l.CLTT = 1 << 62 },
		"client id":       func(l *Lease) { l.ClientID = make([]byte, 256) },
		"context":         func(l *Lease) { l.UserContext = []byte(`[]`) },
		"broken context":  func(l *Lease) { l.UserContext = []byte(`{`) },
		"long context":    func(l *Lease) { l.UserContext = []byte(`{"a":"` + strings.Repeat("x", 1<<16) + `"}`) },
	} {
		l := v4(1)
		spoil(&l)
		require.Error(t, s.Commit(ctx, Change{Lease: v4(2)}, Change{Lease: l}), name)
	}
	require.Zero(t, s.Revision(), "the good lease beside the bad one is not stored either")
}

func TestCommitOfNothing(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.Commit(ctx))
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1), Delete: true}))
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1), Delete: true, If: Absent}))
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(1), Delete: true, If: 7}), ErrConflict)
	require.Zero(t, s.Revision())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Commit(ctx), ErrClosed)
}

func TestConditionsWithinOneCommit(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	l := v4(1)
	require.NoError(t, s.Commit(ctx,
		Change{Lease: l, If: Absent}, Change{Lease: l, Delete: true, If: 1}, Change{Lease: l, If: Absent}))
	got, _ := s.Lookup(l.Key())
	require.EqualValues(t, 3, got.Revision)
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(2), If: Absent}, Change{Lease: v4(2), If: Absent}), ErrConflict)
	_, ok := s.Lookup(keyOf(v4(2)))
	require.False(t, ok)
	require.EqualValues(t, 3, s.Revision())
}

// Of many who want the same absent lease at the same time one gets it.
func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	var wg sync.WaitGroup
	var won, lost sync.Map
	for n := range 200 {
		wg.Go(func() {
			l := v4(n % 10)
			l.PoolID = uint32(n)
			switch err := s.Commit(ctx, Change{Lease: l, If: Absent}); {
			case err == nil:
				won.Store(l.PoolID, l.Key())
			case errors.Is(err, ErrConflict):
				lost.Store(l.PoolID, true)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	winners := 0
	won.Range(func(id, k any) bool {
		winners++
		l, _ := s.Lookup(k.(Key))
		require.Equal(t, id, l.PoolID)
		return true
	})
	require.Equal(t, 10, winners)
}

// holdWriter makes the store's next transaction wait until release is called.
func holdWriter(s *Store) (writing chan struct{}, release func()) {
	writing, free := make(chan struct{}), make(chan struct{})
	update := s.update
	first := true
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.update = func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		if first {
			first = false
			close(writing)
			<-free
		}
		return update(db, fn)
	}
	return writing, func() { close(free) }
}

func TestCommitThatIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		writing, release := holdWriter(s)
		results := make(chan error, 3)
		mine := errors.New("given up")
		early, cancelEarly := context.WithCancelCause(ctx)
		go func() { results <- s.Commit(early, Change{Lease: v4(1)}) }()
		<-writing
		late, cancelLate := context.WithCancelCause(ctx)
		go func() { results <- s.Commit(late, Change{Lease: v4(2)}) }()
		synctest.Wait()
		cancelEarly(mine)
		cancelLate(mine)
		require.ErrorIs(t, <-results, mine)
		require.ErrorIs(t, <-results, mine)
		release()
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(3)}))
		_, ok := s.Lookup(keyOf(v4(1)))
		require.True(t, ok, "was being written already")
		_, ok = s.Lookup(keyOf(v4(2)))
		require.False(t, ok, "was still waiting")
		require.ErrorIs(t, s.Commit(late, Change{Lease: v4(4)}), mine)
	})
}

func TestCloseWhileCommitsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "leases.db")
		s := openAt(t, path)
		writing, release := holdWriter(s)
		results := make(chan error, 10)
		for n := range 10 {
			go func() { results <- s.Commit(ctx, Change{Lease: v4(n)}) }()
		}
		<-writing
		synctest.Wait()
		closed := make(chan error, 2)
		go func() { closed <- s.Close() }()
		go func() { closed <- s.Close() }()
		synctest.Wait()
		require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(20)}), ErrClosed)
		require.Empty(t, closed)
		release()
		for range 10 {
			require.NoError(t, <-results)
		}
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		require.ErrorIs(t, s.Compact(ctx), ErrClosed)
		_, err := s.Backup(new(bytes.Buffer))
		require.ErrorIs(t, err, ErrClosed)
		_, ok := s.Lookup(keyOf(v4(1)))
		require.True(t, ok, "questions are still answered")
		require.Equal(t, 10, openAt(t, path).Count(0, Assigned, V4))
	})
}

func TestForget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	for n := range 6 {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(n)})) // 1 to 6
	}
	for n := range 5 {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(n), Delete: true})) // 7 to 11
	}
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)})) // 12, so 8 is no more
	require.NoError(t, s.Forget(ctx, 9))
	require.EqualValues(t, 9, s.Forgotten())
	revs := func() (revs []uint64) {
		for rev := range s.Since(0) {
			revs = append(revs, rev)
		}
		return revs
	}
	require.Equal(t, []uint64{6, 10, 11, 12}, revs())
	require.NoError(t, s.Forget(ctx, 5))
	require.EqualValues(t, 9, s.Forgotten())
	check(t, s)

	// The number that is kept is bounded anyway.
	s.turn <- struct{}{}
	s.keepRemoved = 1
	<-s.turn
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(10)}))
	require.Equal(t, []uint64{6, 11, 12, 13}, revs())
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(10), Delete: true}))
	require.Equal(t, []uint64{6, 12, 14}, revs())
	require.EqualValues(t, 11, s.Forgotten())

	// Forgetting the last change does not make its number free.
	require.NoError(t, s.Forget(ctx, 14))
	require.NoError(t, s.Close())
	s = openAt(t, path)
	require.EqualValues(t, 14, s.Revision())
	require.EqualValues(t, 14, s.Forgotten())
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(11)}))
	require.Equal(t, []uint64{6, 12, 15}, revs())
}

func TestObserverStops(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	var a, b int
	stop := s.Observe(func(_, _ *Lease) { a++ })
	s.Observe(func(_, _ *Lease) { b++ })
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(2)}))
	stop()
	stop()
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(3)}))
	require.Equal(t, []int{2, 3}, []int{a, b})
}

// Going through leases holds up nobody: a commit is possible between any two,
// and every lease that is there all the time is seen once.
func TestCommitsWhileGoingThrough(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	const n = 3*stride + 7
	var changes []Change
	for i := range n {
		changes = append(changes, Change{Lease: v4(10 * i)})
	}
	require.NoError(t, s.Commit(ctx, changes...))
	rnd := rand.New(rand.NewPCG(3, 4))
	for name, seq := range map[string]func(func(Lease) bool){
		"all":      s.All(),
		"subnet":   s.BySubnet(1),
		"expiring": s.expiring(time.Unix(0, 0), time.Unix(1_700_000_000+3600+10*n, 0)),
	} {
		seen := map[netip.Addr]int{}
		i := 0
		for l := range seq {
			if l.Hostname != "passing" {
				seen[l.Addr]++
			}
			if i++; i%16 != 0 {
				continue
			}
			other := v4(10*rnd.IntN(n) + 1 + rnd.IntN(9))
			other.Hostname = "passing"
			require.NoError(t, s.Commit(ctx, Change{Lease: other, Delete: rnd.IntN(2) == 0}))
			same := v4(10 * rnd.IntN(n))
			same.State = Declined
			require.NoError(t, s.Commit(ctx, Change{Lease: same}))
		}
		require.Len(t, seen, n, name)
		for a, times := range seen {
			require.Equal(t, 1, times, "%s %v", name, a)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 150 {
				l := v4(g*1000 + n%50)
				if err := s.Commit(ctx, Change{Lease: l, Delete: n%7 == 6}); err != nil {
					t.Error(err)
				}
				s.ByClientID(l.ClientID)
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			if err := s.Compact(ctx); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for i := range 5 {
			copied := filepath.Join(t.TempDir(), "copy.db")
			f, _ := os.Create(copied)
			if _, err := s.Backup(f); err != nil {
				t.Error(err)
			}
			f.Close()
			b, err := Open(copied, nil)
			if err != nil {
				t.Error(i, err)
				continue
			}
			if err := checkIndex(b.index); err != nil {
				t.Error(err)
			}
			b.Close()
		}
	})
	wg.Go(func() {
		for range 10 {
			stop := s.Observe(func(_, _ *Lease) {})
			for range s.Since(0) {
			}
			stop()
		}
	})
	wg.Wait()
	check(t, s)
	before := slices.Collect(s.All())
	require.NoError(t, s.Close())
	require.Equal(t, before, slices.Collect(openAt(t, path).All()))
	left, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Equal(t, []string{path}, left)
}
