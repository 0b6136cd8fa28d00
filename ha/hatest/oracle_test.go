package hatest

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// wrong is a program that does wrong on purpose: one with a lease file and
// without high availability.
type wrong struct {
	n     *Node
	store *lease.Store
	// acks says whether a client that asks for an address is told that it has it.
	acks func(p *wrong, q Query) bool
}

func (p *wrong) Query(_ context.Context, q Query) (Answer, bool) {
	switch q.Kind {
	case Discover:
		return Answer{Kind: Offer, Addr: wrongAddr, Valid: time.Hour}, true
	case Request:
		return Answer{Kind: Ack, Addr: wrongAddr, Valid: time.Hour}, q.Server == p.n.Name && p.acks(p, q)
	}
	return Answer{}, false
}

func (p *wrong) Close() error { return p.store.Close() }

var wrongAddr = netip.MustParseAddr("198.51.100.7")

func (p *wrong) lease(q Query) lease.Lease {
	return lease.Lease{Type: lease.V4, Addr: wrongAddr, SubnetID: 1, HWAddr: q.Client.HWAddr, CLTT: p.n.Now().Unix(), ValidLft: 3600}
}

// commits is what is right, as far as it goes.
func (p *wrong) commits(q Query) bool {
	return p.store.Commit(context.Background(), lease.Change{Lease: p.lease(q)}) == nil
}

func startWrong(acks func(p *wrong, q Query) bool) func(n *Node) (Program, error) {
	return func(n *Node) (Program, error) {
		s, err := n.OpenStore()
		return &wrong{n, s, acks}, err
	}
}

// requireFound demands that just this was found.
func requireFound(t *testing.T, o outcome, text ...string) {
	t.Helper()
	require.Len(t, o.failures, len(text), "%v", o)
	for i, want := range text {
		require.Contains(t, o.failures[i], want)
	}
}

func TestOracleFindsAckBeforeCommit(t *testing.T) {
	o := run(t, Config{Start: startWrong(func(p *wrong, q Query) bool {
		time.AfterFunc(time.Millisecond, func() { p.commits(q) })
		return true
	})}, func(w *World) {
		t := w.T()
		w.Node("server1").Start()
		w.UntilServed(time.Minute, w.Crowd(1)...)
		w.Sleep(time.Second)
		r := w.Report()
		require.Equal(t, 1, r.Lost)
		require.Equal(t, 1, r.Acks)
	})
	requireFound(t, o, "server1 acknowledges 198.51.100.7 to client0 and does not have it on its disk: nothing there")
}

func TestOracleFindsShorterLease(t *testing.T) {
	o := run(t, Config{Start: startWrong(func(p *wrong, q Query) bool {
		l := p.lease(q)
		l.ValidLft = 3000
		return p.store.Commit(context.Background(), lease.Change{Lease: l}) == nil
	})}, func(w *World) {
		w.Node("server1").Start()
		w.UntilServed(time.Minute, w.Crowd(1)...)
	})
	requireFound(t, o, "does not have it on its disk: assigned")
}

// The partner has it only moments later.
func TestOracleFindsAckBeforePartner(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		o := run(t, Config{Family: family, Start: func(n *Node) (Program, error) {
			p, err := NewServer(n)
			if err == nil {
				s := p.(*server)
				s.asks = selfish{s.pair, s.store}
			}
			return p, err
		}}, func(w *World) {
			w.Start()
			w.UntilState(time.Minute, ha.StateHotStandby)
			w.Sleep(10 * time.Second) // nobody can have missed that any more
			w.UntilServed(time.Minute, w.Crowd(1)...)
			w.Sleep(time.Second)
		})
		requireFound(t, o, "to client0 in hot-standby, and server2 does not have it on its disk: nothing there")
	}
}

func TestOracleFindsWhatIsGivenAwayKnowingly(t *testing.T) {
	o := run(t, Config{Start: startWrong((*wrong).commits)}, func(w *World) {
		t := w.T()
		w.Node("server1").Start()
		w.Crowd(2)
		w.Sleep(30 * time.Second)
		require.Equal(t, 2, w.Report().Twice)
	})
	require.Len(t, o.failures, 3, "%v", o)
	require.Contains(t, o.failures[0], "although it had on its disk that it was assigned")
	require.Contains(t, o.failures[1], "although server1 has acknowledged it to client")
	require.Contains(t, o.failures[2], "server1 does not have 198.51.100.7 on its disk")
}

// What is declined is given to nobody.
func TestOracleFindsDeclinedAddress(t *testing.T) {
	o := run(t, Config{Start: startWrong(func(p *wrong, q Query) bool {
		l := p.lease(q)
		l.State, l.HWAddr = lease.Declined, nil
		return p.store.Commit(context.Background(), lease.Change{Lease: l}) == nil && p.commits(q)
	})}, func(w *World) {
		w.Node("server1").Start()
		w.UntilServed(time.Minute, w.Crowd(1)...)
	})
	requireFound(t, o, "although it had on its disk that it was declined")
}

// Two servers that cannot know of each other give an address to a client each:
// it is counted, and wrong only if neither may take over.
func TestOracleFindsAddressGivenTwice(t *testing.T) {
	for _, failover := range []bool{true, false} {
		pair := Pair(ha.HotStandby, 0)
		pair.Peers[1].AutoFailover = &failover
		o := run(t, Config{Relationships: []*ha.Config{pair}, Start: startWrong((*wrong).commits)}, func(w *World) {
			t := w.T()
			w.Start()
			w.CutBoth(Clients, "server2")
			first := w.Crowd(1)
			w.UntilServed(time.Minute, first...)
			w.JoinBoth(Clients, "server2")
			w.CutBoth(Clients, "server1")
			w.UntilServed(time.Minute, w.Crowd(2)...)
			r := w.Report()
			if failover {
				require.Equal(t, []int{0, 1}, []int{r.Twice, r.Split})
			} else {
				require.Equal(t, []int{1, 0}, []int{r.Twice, r.Split})
			}
		})
		if failover {
			requireFound(t, o)
		} else {
			requireFound(t, o, "server2 acknowledges 198.51.100.7 to client1 although server1 has acknowledged it to client0 until")
		}
	}
}

// A client that has given its address back does not mind.
func TestOracleKnowsWhatIsGivenBack(t *testing.T) {
	o := run(t, Config{Start: startWrong((*wrong).commits)}, func(w *World) {
		t := w.T()
		w.Start()
		w.CutBoth(Clients, "server2")
		first := w.Crowd(1)[0]
		w.UntilServed(time.Minute, first)
		first.Release()
		w.JoinBoth(Clients, "server2")
		w.CutBoth(Clients, "server1")
		w.UntilServed(time.Minute, w.Crowd(2)[1])
		require.Zero(t, w.Report().Split)
	})
	requireFound(t, o)
}

// A lease that has ended is nobody's.
func TestOracleKnowsWhenLeasesEnd(t *testing.T) {
	for _, ended := range []bool{false, true} {
		o := run(t, Config{Start: startWrong((*wrong).commits)}, func(w *World) {
			w.Node("server1").Start()
			first := w.Crowd(1)[0]
			w.UntilServed(time.Minute, first)
			first.Leave()
			if w.Sleep(time.Hour - time.Minute); ended {
				w.Sleep(time.Minute)
			}
			w.UntilServed(30*time.Second, w.Crowd(2)[1])
		})
		if ended {
			requireFound(t, o)
		} else {
			require.NotEmpty(t, o.failures)
		}
	}
}

func TestOracleFindsWhatIsLostAtStart(t *testing.T) {
	starts := 0
	o := run(t, Config{Start: func(n *Node) (Program, error) {
		if starts++; starts == 2 {
			if err := os.Remove(n.LeaseFile()); err != nil {
				return nil, err
			}
		}
		return startWrong((*wrong).commits)(n)
	}}, func(w *World) {
		n := w.Node("server1")
		n.Start()
		w.UntilServed(time.Minute, w.Crowd(1)...)
		n.Kill()
		n.Start()
	})
	require.Len(t, o.failures, 2, "%v", o)
	require.Contains(t, o.failures[0], "server1 has started without what was on its disk of 198.51.100.7: assigned")
	require.Contains(t, o.failures[1], "server1 does not have 198.51.100.7 on its disk, which server1 has acknowledged to client0 until 1h")
}

func TestOracleFindsWhatIsForgottenLater(t *testing.T) {
	var last struct {
		sync.Mutex
		*wrong
	}
	o := run(t, Config{Start: startWrong(func(p *wrong, q Query) bool {
		last.Lock()
		defer last.Unlock()
		last.wrong = p
		return p.commits(q)
	})}, func(w *World) {
		t := w.T()
		w.Node("server1").Start()
		w.UntilServed(time.Minute, w.Crowd(1)...)
		last.Lock()
		defer last.Unlock()
		require.NoError(t, last.store.Commit(context.Background(), lease.Removal(lease.Lease{Type: lease.V4, Addr: wrongAddr})))
	})
	requireFound(t, o, "server1 does not have 198.51.100.7 on its disk, which server1 has acknowledged to client0 until 1h")
}

// Two disks that are to be the same are not.
func TestOracleFindsDifference(t *testing.T) {
	o := run(t, Config{Start: startWrong((*wrong).commits)}, func(w *World) {
		t := w.T()
		w.Start()
		w.CutBoth(Clients, "server2")
		require.Empty(t, w.oracle.difference())
		w.UntilServed(time.Minute, w.Crowd(1)...)
		require.Empty(t, w.oracle.difference(), "it may be on its way")
		w.Sleep(underway)
		require.Contains(t, w.oracle.difference(), "198.51.100.7: server1 has assigned")
		require.True(t, strings.HasSuffix(w.oracle.difference(), "server2 has nothing there"))
		l, ok := w.Node("server1").store().Lookup(lease.Key{Type: lease.V4, Addr: wrongAddr})
		require.True(t, ok)
		other := w.Node("server2").store()
		require.NoError(t, other.Commit(context.Background(), lease.Change{Lease: l}))
		w.Sleep(2 * underway)
		require.Empty(t, w.oracle.difference())
		for name, change := range map[string]func(l *lease.Lease){
			"whose it is": func(l *lease.Lease) { l.HWAddr = []byte{2, 0, 0, 0, 0, 99} },
			"its state":   func(l *lease.Lease) { l.State = lease.Released },
			"how long":    func(l *lease.Lease) { l.ValidLft += 100 },
			"since when":  func(l *lease.Lease) { l.CLTT += 100 },
		} {
			changed := l
			change(&changed)
			require.NoError(t, other.Commit(context.Background(), lease.Change{Lease: changed}))
			w.Sleep(2 * underway)
			require.Contains(t, w.oracle.difference(), "198.51.100.7: server1 has assigned", name)
		}
		require.NoError(t, other.Commit(context.Background(), lease.Removal(l)))
		require.Empty(t, w.oracle.difference(), "the removal may be on its way")
		w.Sleep(2 * underway)
		require.Contains(t, w.oracle.difference(), "server2 has nothing there")
		w.oracle.kept(true)
	})
	const lost = "server2 does not have 198.51.100.7 on its disk"
	requireFound(t, o, lost, lost) // then, and at the end
}
