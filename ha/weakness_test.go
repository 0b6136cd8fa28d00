package ha

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// The tests in the files weakness_*_test.go each show that a pair does not
// have one of the weaknesses of Kea's: two whole servers, whose clients are
// played as by a DHCP server, and a network that fails. A goroutine that is
// left when the servers have ended fails the bubble that each is run in.

var (
	errLeft  = errors.New("left to the partner")
	errTaken = errors.New("the address is another client's")
)

// request is a client's wish to have, or to keep, an address, as a DHCP server
// deals with it. Nil is the ACK.
func (d *node) request(ctx context.Context, addr string, client byte) error {
	return d.requestFor(ctx, addr, client, 3600)
}

// requestFor is request with a lifetime in seconds.
func (d *node) requestFor(ctx context.Context, addr string, client byte, lifetime uint32) error {
	l := leaseOf(addr, client)
	l.CLTT, l.ValidLft = d.now().Unix(), lifetime
	if _, serve := d.Admit(lease.Client{HWAddr: l.HWAddr}, 0, nil); !serve {
		return errLeft
	}
	there, ok := d.store.Lookup(l.Key())
	change := lease.Change{Lease: l, If: lease.Absent}
	if ok {
		change.If = there.Revision
		if there.State == lease.Assigned && there.HWAddr[5] != client && !there.Expired(d.now()) {
			return errTaken
		}
	}
	return d.Commit(ctx, change)
}

func (d *node) now() time.Time { return d.relationships[0].now() }

// patient requests again and again as a client does, and returns how long it
// took.
func patient(t *testing.T, addr string, client byte, servers ...*node) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < 2*time.Minute {
		for _, d := range servers {
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			err := d.request(ctx, addr, client)
			cancel()
			if err == nil {
				return time.Since(began)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Fail(t, "a client is not served", "%v", servers[0].Status())
	return 0
}

// host is the address of the server.
func (d *node) host() string {
	place, err := d.cfgs[0].this().endpoint()
	require.NoError(d.t, err)
	return place.host
}

// apart lets nothing through between two servers in the given way.
func apart(a, b *node, f memnet.Fault) {
	a.net.Set(a.host(), b.host(), f)
	a.net.Set(b.host(), a.host(), f)
}

// kill ends the server as a loss of power does: what it has sent is lost, and
// what is in the file at that moment is what it will start with.
func (d *node) kill(others ...*node) {
	d.t.Helper()
	synctest.Wait()
	text, err := os.ReadFile(d.path)
	require.NoError(d.t, err)
	for _, other := range others {
		apart(d, other, memnet.Vanishes)
	}
	d.end()
	d.path = filepath.Join(d.t.TempDir(), "leases.db")
	require.NoError(d.t, os.WriteFile(d.path, text, 0o600))
}

// revive starts a server that was killed.
func (d *node) revive(others ...*node) {
	for _, other := range others {
		apart(d, other, memnet.Arrives)
	}
	d.start()
}

// release gives a lease back, as a DHCP server does at its client's wish.
func (d *node) release(addr string) error {
	return d.alter(addr, func(l *lease.Lease) { l.State = lease.Released })
}

func (d *node) alter(addr string, change func(*lease.Lease)) error {
	l, ok := d.store.Lookup(keyOf(addr))
	require.True(d.t, ok)
	l.CLTT = d.now().Unix()
	change(&l)
	return d.Commit(context.Background(), lease.Change{Lease: l, If: l.Revision})
}

func (d *node) remove(addr string) error {
	l, ok := d.store.Lookup(keyOf(addr))
	require.True(d.t, ok)
	return d.Commit(context.Background(), lease.Removal(l))
}

func keyOf(addr string) lease.Key {
	return lease.Key{Type: lease.V4, Addr: netip.MustParseAddr(addr)}
}

// fill puts leases of the addresses prefix.0 and following into the server's
// file, which is not running.
func (d *node) fill(prefix string, n int) {
	store, err := lease.Open(d.path, nil)
	require.NoError(d.t, err)
	var changes []lease.Change
	for i := range n {
		changes = append(changes, lease.Change{Lease: leaseOf(fmt.Sprintf("%s.%d.%d", prefix, i/256, i%256), byte(i))})
	}
	require.NoError(d.t, store.Commit(context.Background(), changes...))
	require.NoError(d.t, store.Close())
}

// equal waits until both servers are in normal operation and have told each
// other everything, and demands that they have the same leases.
func equal(a, b *node) {
	a.t.Helper()
	a.until(normalIn(a.cfgs[0].Mode))
	b.until(normalIn(a.cfgs[0].Mode))
	for range 100 {
		synctest.Wait()
		if a.settled() && b.settled() {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	ours, theirs := a.leases(), b.leases()
	for i := range min(len(ours), len(theirs)) {
		require.Equal(a.t, ours[i], theirs[i])
	}
	require.Equal(a.t, len(ours), len(theirs))
}

// settled says whether the partner has been told everything.
func (d *node) settled() bool {
	st := d.Status().Relationships[0].Peers[0]
	return st.Pending == 0 && !st.Behind
}
