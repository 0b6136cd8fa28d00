package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

func changeOf(i int, cltt int64) lease.Change {
	return lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
		ClientID: []byte{1, 2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}, HWAddr: []byte{2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)},
		SubnetID: 1, CLTT: cltt, ValidLft: 3600, Hostname: fmt.Sprintf("host-%d", i), Revision: uint64(i + 1),
	}}
}

func messageOf(h *changesHead, list ...lease.Change) json.RawMessage {
	var body bodyOf
	if h.now.IsZero() {
		h.now = time.UnixMilli(1)
	}
	for i := range list {
		body.add(&list[i])
	}
	return append(append(h.append(nil), body.b...), "]}"...)
}

func TestChangesMessage(t *testing.T) {
	t.Parallel()
	v6 := netip.MustParseAddr("2001:db8::100")
	list := []lease.Change{
		changeOf(1, 1_700_000_000),
		{Lease: lease.Lease{Type: lease.NA, Addr: v6, ClientID: []byte{0, 1, 2, 3}, IAID: 7, HWAddr: []byte{1, 2, 3, 4, 5, 6}, HWType: 1, HWSource: 2,
			SubnetID: 9, CLTT: 5, ValidLft: lease.Infinite, PreferredLft: 3, UserContext: []byte(`{"a":1}`), Revision: 12}, Source: 4},
		{Lease: lease.Lease{Type: lease.PD, Addr: v6, CLTT: 77, Revision: 13}, Delete: true},
		{Lease: lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.9.8.7"), CLTT: 78, Revision: 14}, Delete: true},
	}
	h := changesHead{
		server: "a \"server\"", from: lease.Position{Epoch: 1<<64 - 1, Revision: 2}, to: lease.Position{Epoch: 3, Revision: 4}, seen: lease.Position{Epoch: 5, Revision: 6},
		now: time.UnixMilli(1_700_000_000_123), offset: -90,
		full: &span{through: v6, prune: true},
	}
	raw := messageOf(&h, list...)
	require.True(t, json.Valid(raw), "%s", raw)
	m, err := parseChanges(raw)
	require.NoError(t, err)
	require.Equal(t, h, m.changesHead)
	require.Equal(t, list, m.list)
	require.Empty(t, m.bad)

	// What is wrong with one change concerns that one.
	m, err = parseChanges([]byte(`{"server-name":"s","from":{"epoch":"1","revision":1},"to":{"epoch":"1","revision":9},"seen":{"epoch":"0","revision":0},
		"changes":[{"revision":2,"lease":{}},{"revision":3,"deleted":{"ip-address":"10.0.0.1"},"cltt":4, "more": [{"x":"]"}]}, 7, {"revision":0,"deleted":{"ip-address":"10.0.0.1"}}]}`))
	require.NoError(t, err)
	require.Len(t, m.bad, 3)
	require.Equal(t, []int{1}, m.at)

	for name, text := range map[string]string{
		"nothing":              ``,
		"null":                 `null`,
		"no changes":           `{"server-name":"s","from":{},"to":{},"seen":{}}`,
		"something follows":    string(raw) + "x",
		"a rewind with some":   string(messageOf(&changesHead{server: "s", rewind: true, to: h.to}, list...)),
		"leads nowhere":        string(messageOf(&changesHead{server: "s", from: h.to, to: h.to}, list...)),
		"no name":              string(messageOf(&changesHead{to: h.to})),
		"epoch of 17 digits":   `{"server-name":"s","from":{"epoch":"11111111111111111","revision":1},"to":{},"seen":{},"changes":[]}`,
		"a span the wrong way": string(messageOf(&changesHead{server: "s", to: h.to, full: &span{after: v6, through: netip.MustParseAddr("10.0.0.1")}})),
	} {
		_, err := parseChanges([]byte(text))
		require.Error(t, err, name)
	}
	many := make([]lease.Change, maxChanges+1)
	for i := range many {
		many[i] = list[2]
	}
	_, err = parseChanges(messageOf(&changesHead{server: "s", to: h.to}, many...))
	require.ErrorContains(t, err, "more than 1000")

	answer := changesAnswer{applied: h.from, position: h.to, now: time.UnixMilli(99), transfer: &transferred{h.to, v6},
		failed: []failedChange{{0, 4, "b\"c"}, {7, 1, "x"}}}
	got, err := parseAnswer(answer.encode())
	require.NoError(t, err)
	require.Equal(t, &answer, got)
	_, err = parseAnswer([]byte(`{}`))
	require.Error(t, err)
}

func FuzzChanges(f *testing.F) {
	h := changesHead{server: "s", to: lease.Position{Epoch: 3, Revision: 4}, full: &span{prune: true}}
	f.Add([]byte(messageOf(&h, changeOf(1, 5), lease.Change{Lease: changeOf(2, 6).Lease, Delete: true})))
	f.Add([]byte(messageOf(&changesHead{server: "s", rewind: true, to: h.to})))
	f.Add([]byte((&changesAnswer{failed: []failedChange{{1, 4, "x"}}, transfer: &transferred{}}).encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseAnswer(b)
		m, err := parseChanges(b)
		if err != nil {
			return
		}
		again, err := parseChanges(messageOf(&m.changesHead, m.list...))
		require.NoError(t, err)
		require.Equal(t, m.changesHead, again.changesHead)
		require.Equal(t, m.list, again.list)
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	at := func(cltt int64) lease.Change { return changeOf(1, cltt) }
	gone := func(cltt int64) lease.Change {
		return lease.Change{Delete: true, Lease: lease.Lease{Type: lease.V4, Addr: at(0).Lease.Addr, CLTT: cltt}}
	}
	for name, c := range map[string]struct {
		conflict
		want verdict
	}{
		"new":                           {conflict{theirs: at(5)}, takeIt},
		"removed, never known":          {conflict{theirs: gone(5)}, leaveIt},
		"equal":                         {conflict{theirs: at(5), ours: at(5)}, leaveIt},
		"both removed":                  {conflict{theirs: gone(5), ours: gone(9)}, leaveIt},
		"known, though older":           {conflict{theirs: at(5), ours: at(9), knew: true}, takeIt},
		"primary: newer":                {conflict{role: Primary, theirs: at(9), ours: at(5)}, settleOnIt},
		"primary: newer, but awaited":   {conflict{role: Primary, theirs: at(9), ours: at(5), awaited: true}, settleOnOurs},
		"primary: same second":          {conflict{role: Primary, theirs: gone(5), ours: at(5)}, settleOnOurs},
		"primary: older":                {conflict{role: Primary, theirs: at(4), ours: gone(5)}, settleOnOurs},
		"secondary: newer":              {conflict{role: Secondary, theirs: at(9), ours: at(5)}, takeIt},
		"secondary: same second":        {conflict{role: Standby, theirs: gone(5), ours: at(5)}, takeIt},
		"secondary: older":              {conflict{role: Standby, theirs: at(4), ours: at(5)}, refuseIt},
		"secondary: older, and awaited": {conflict{role: Standby, theirs: at(6), ours: at(5), awaited: true}, takeIt},
		"a second off, not corrected":   {conflict{role: Standby, theirs: at(4), ours: at(5)}, refuseIt},
		"a second off, corrected":       {conflict{role: Standby, theirs: at(4), ours: at(5), skewed: true}, leaveIt},
		"backup: one stream":            {conflict{role: Backup, theirs: at(4), ours: at(5), same: true}, takeIt},
		"backup: older of the other":    {conflict{role: Backup, theirs: at(4), ours: at(5)}, leaveIt},
		"backup: newer of the other":    {conflict{role: Backup, theirs: at(6), ours: at(5)}, takeIt},
		"backup: the primary's":         {conflict{role: Backup, theirs: gone(5), ours: at(5), first: true}, takeIt},
		"backup: not the primary's":     {conflict{role: Backup, theirs: gone(5), ours: at(5)}, leaveIt},
		"backup: both vouch for it":     {conflict{role: Backup, theirs: at(5), ours: at(5), first: true}, takeIt},
	} {
		require.Equal(t, c.want, judge(&c.conflict), name)
	}
}

func TestClockOffset(t *testing.T) {
	t.Parallel()
	var c clockOffset
	start := time.UnixMilli(1_700_000_000_400)
	require.Zero(t, c.seconds())
	// In whole seconds, with a round trip of 100 ms.
	c.answered(start, start.Add(100*time.Millisecond), start.Add(90*time.Second).Truncate(time.Second), time.Second)
	require.InDelta(t, 90, c.measured().Seconds(), 0.6)
	// Then by the millisecond, then with a slow answer: it tells nothing new.
	c.answered(start, start.Add(10*time.Millisecond), start.Add(90*time.Second+5*time.Millisecond), time.Millisecond)
	require.InDelta(t, 90, c.measured().Seconds(), 0.01)
	c.answered(start, start.Add(5*time.Second), start.Add(94*time.Second), time.Millisecond)
	require.InDelta(t, 90, c.measured().Seconds(), 0.01)
	require.EqualValues(t, 90, c.seconds())
	// The other clock has been set.
	c.answered(start, start.Add(10*time.Millisecond), start.Add(-1900*time.Millisecond), time.Millisecond)
	require.InDelta(t, -1.9, c.measured().Seconds(), 0.02)
	require.Zero(t, c.seconds())
	// Ours was set while the answer was on its way.
	c.answered(start, start.Add(-time.Hour), start, time.Millisecond)
	require.InDelta(t, -1.9, c.measured().Seconds(), 0.02)
}

// wired is a sender's way to a receiver that counts.
type wired struct {
	to              *receiver
	from            string
	messages, bytes int
}

func (w *wired) call(ctx context.Context, _ string, args any) (*ctrl.Reply, error) {
	raw := args.(json.RawMessage)
	w.messages++
	w.bytes += len(raw)
	resp := w.to.handle(ctx, w.from, raw)
	answer, _ := resp.Arguments.(json.RawMessage)
	w.bytes += len(answer)
	reply := &ctrl.Reply{Result: resp.Result, Text: resp.Text, Arguments: answer}
	if reply.Result != ctrl.Success {
		return reply, &ctrl.ResultError{Code: resp.Result, Text: resp.Text}
	}
	return reply, nil
}

// side is a server that sends to another one.
func side(tb testing.TB, path string) *lease.Store {
	store, err := lease.Open(path, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// follow sends until the receiver has everything.
func followUp(tb testing.TB, store *lease.Store, w *wired, r *receiver, seen lease.Position) {
	f := newFeed(store, store.Revision(), 100_000, nil)
	defer f.close()
	f.gate(true, false)
	s := newChangeSender(w, store, f, changeSenderOptions{name: w.from, mutual: true, clock: new(clockOffset), seen: func() lease.Position { return seen }})
	require.NoError(tb, s.ask(tb.Context()))
	for r.applied(w.from) != store.Position() {
		require.NoError(tb, s.step(tb.Context()))
	}
}

func fill(tb testing.TB, store *lease.Store, from, to int, cltt int64) {
	for from < to {
		some := make([]lease.Change, 0, 4000)
		for ; from < to && len(some) < cap(some); from++ {
			some = append(some, changeOf(from, cltt))
		}
		require.NoError(tb, store.Commit(tb.Context(), some...))
	}
}

// TestBytesAfterOutage shows what returning costs: what has changed, not what
// there is.
func TestBytesAfterOutage(t *testing.T) {
	const leases, changed = 20_000, 2500
	dir := t.TempDir()
	from, to := side(t, filepath.Join(dir, "from")), side(t, filepath.Join(dir, "to"))
	r := newReceiver(to, receiverOptions{role: Standby, primary: "server1"})
	w := &wired{to: r, from: "server1"}
	fill(t, from, 0, leases, 1_700_000_000)
	followUp(t, from, w, r, lease.Position{})
	require.Equal(t, leases, to.Count(0, lease.Assigned, lease.V4))
	t.Logf("%d leases: %d messages, %d bytes", leases, w.messages, w.bytes)

	w.messages, w.bytes = 0, 0
	fill(t, from, 100, 100+changed, 1_700_000_100)
	start := time.Now()
	followUp(t, from, w, r, lease.Position{})
	t.Logf("%d of them changed: %d messages, %d bytes, %v", changed, w.messages, w.bytes, time.Since(start))
	require.LessOrEqual(t, w.messages, 1+(changed+maxChanges-1)/maxChanges, "a question, and full messages")
	require.Less(t, w.bytes, changed*300)
	renewed := changeOf(300, 0).Lease
	l, _ := to.Lookup(renewed.Key())
	require.EqualValues(t, 1_700_000_100, l.CLTT)
}

// TestNothingGoesBack shows that a server that was empty does not send back what
// it was sent.
func TestNothingGoesBack(t *testing.T) {
	const leases = 5000
	dir := t.TempDir()
	one, other := side(t, filepath.Join(dir, "one")), side(t, filepath.Join(dir, "other"))
	fill(t, one, 0, leases, 1_700_000_000)
	at := newReceiver(other, receiverOptions{role: Standby, primary: "server1"})
	followUp(t, one, &wired{to: at, from: "server1"}, at, lease.Position{})
	fill(t, other, 7, 8, 1_700_000_100) // its own

	back := newReceiver(one, receiverOptions{role: Primary, primary: "server1"})
	w := &wired{to: back, from: "server2"}
	followUp(t, other, w, back, at.applied("server1"))
	require.Less(t, w.bytes, leases)
	own := changeOf(7, 0).Lease
	l, _ := one.Lookup(own.Key())
	require.EqualValues(t, 1_700_000_100, l.CLTT)
}

func BenchmarkChangesEncode(b *testing.B) {
	c := changeOf(12345, 1_700_000_000)
	buf := make([]byte, 0, 1<<10)
	for b.Loop() {
		buf = appendChange(buf[:0], &c)
	}
	b.ReportMetric(float64(len(buf)), "bytes/lease")
}

func BenchmarkChangesDecode(b *testing.B) {
	list := make([]lease.Change, maxChanges)
	for i := range list {
		list[i] = changeOf(i, 1_700_000_000)
	}
	raw := messageOf(&changesHead{server: "s", to: lease.Position{Epoch: 1, Revision: 1}}, list...)
	for b.Loop() {
		_, err := parseChanges(raw)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N*maxChanges)/b.Elapsed().Seconds(), "leases/s")
}

func BenchmarkChangesApply(b *testing.B) {
	to := side(b, filepath.Join(b.TempDir(), "to"))
	r := newReceiver(to, receiverOptions{role: Standby, primary: "s"})
	list := make([]lease.Change, maxChanges)
	h := &changesHead{server: "s"}
	n := 0
	for b.Loop() {
		b.StopTimer()
		h.from, h.to = h.to, lease.Position{Epoch: 1, Revision: h.to.Revision + maxChanges}
		for i := range list {
			list[i] = changeOf(n%200_000, 1_700_000_000+int64(n/200_000))
			n++
		}
		raw := messageOf(h, list...)
		b.StartTimer()
		require.Zero(b, r.handle(b.Context(), "s", raw).Result)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "leases/s")
}

// What a return costs in time: one server has missed many changes.
func BenchmarkChangesMissed(b *testing.B) {
	const missed = 50_000
	from, to := side(b, filepath.Join(b.TempDir(), "from")), side(b, filepath.Join(b.TempDir(), "to"))
	r := newReceiver(to, receiverOptions{role: Standby, primary: "server1"})
	w := &wired{to: r, from: "server1"}
	followUp(b, from, w, r, lease.Position{})
	cltt := int64(1_700_000_000)
	for b.Loop() {
		b.StopTimer()
		fill(b, from, 0, missed, cltt)
		cltt++
		b.StartTimer()
		followUp(b, from, w, r, lease.Position{})
	}
	b.ReportMetric(float64(b.N*missed)/b.Elapsed().Seconds(), "leases/s")
}
