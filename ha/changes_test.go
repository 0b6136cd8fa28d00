package ha

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
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

func messageOf(h *changesHead, list ...lease.Change) []byte {
	var body bodyOf
	if h.now.IsZero() {
		h.now = time.UnixMilli(1)
	}
	for i := range list {
		if err := body.add(&list[i]); err != nil {
			panic(err)
		}
	}
	return append(h.append(nil), body.b...)
}

// message is a message as it came in.
type message struct {
	changesHead
	changes
}

func parseMessage(b []byte) (*message, error) {
	head, rest, err := parseHead(b)
	if err != nil {
		return nil, err
	}
	m := &message{changesHead: head}
	return m, m.parse(rest)
}

// take lets a receiver deal with a message.
func take(tb testing.TB, r *receiver, raw []byte) *changesAnswer {
	head, rest, err := parseHead(raw)
	require.NoError(tb, err)
	answer, err := parseAnswer(r.take(tb.Context(), head, rest)())
	require.NoError(tb, err)
	return answer
}

func TestChangesMessage(t *testing.T) {
	t.Parallel()
	v6 := netip.MustParseAddr("2001:db8::100")
	list := []lease.Change{
		changeOf(1, 1_700_000_000),
		{Lease: lease.Lease{Type: lease.NA, Addr: v6, ClientID: []byte{0, 1, 2, 3}, IAID: 7, HWAddr: []byte{1, 2, 3, 4, 5, 6}, HWType: 1, HWSource: 2,
			SubnetID: 9, CLTT: 5, ValidLft: lease.Infinite, PreferredLft: 3, UserContext: []byte(`{"a":"` + strings.Repeat("b", 200) + `"}`), Revision: 12}, Source: 4},
		{Lease: lease.Lease{Type: lease.PD, Addr: v6, CLTT: 77, Revision: 13}, Delete: true},
		{Lease: lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("10.9.8.7"), CLTT: 78, Revision: 14}, Delete: true},
	}
	h := changesHead{
		server: "a \"server\"", from: lease.Position{Epoch: 1<<64 - 1, Revision: 2}, to: lease.Position{Epoch: 3, Revision: 4}, seen: lease.Position{Epoch: 5, Revision: 6},
		now: time.UnixMilli(1_700_000_000_123), offset: -90, alone: 77,
		full: &span{through: v6, prune: true},
	}
	raw := messageOf(&h, list...)
	m, err := parseMessage(raw)
	require.NoError(t, err)
	require.Equal(t, h, m.changesHead)
	require.Equal(t, list, m.list)
	require.Empty(t, m.bad)
	for i := range raw {
		m, err := parseMessage(raw[:i])
		require.True(t, err != nil || len(m.list) < len(list) && len(m.bad) == 0, "cut after %d octets", i)
	}

	// What is wrong with one change concerns that one.
	none, late := list[0], list[0]
	none.Lease.Revision, late.Source = 0, secondStream
	raw = messageOf(&h, none, list[2], late)
	raw = appendText(raw, "\x00\x05nonsense")
	raw = appendText(raw, "")
	m, err = parseMessage(raw)
	require.NoError(t, err)
	require.Equal(t, list[2:3], m.list)
	require.Equal(t, []int{1}, m.at)
	require.Len(t, m.bad, 4)
	for i, index := range []int{0, 2, 3, 4} {
		require.Equal(t, index, m.bad[i].index)
		require.Equal(t, ctrl.Error, m.bad[i].result)
		require.NotEmpty(t, m.bad[i].text)
	}

	flags := func(f byte) []byte {
		raw := messageOf(&changesHead{server: "s", to: h.to})
		raw[0] = f
		return raw
	}
	for name, raw := range map[string][]byte{
		"nothing":              nil,
		"JSON":                 []byte(`{"server-name":"s","from":{},"to":{},"seen":{},"changes":[]}`),
		"unknown flags":        flags(8),
		"prune alone":          flags(flagPrune),
		"something follows":    append(messageOf(&h, list...), 'x'),
		"an endless number":    bytes.Repeat([]byte{0xff}, 1000),
		"a rewind with some":   messageOf(&changesHead{server: "s", rewind: true, to: h.to}, list...),
		"leads nowhere":        messageOf(&changesHead{server: "s", from: h.to, to: h.to}, list...),
		"no name":              messageOf(&changesHead{to: h.to}),
		"no such revision":     messageOf(&changesHead{server: "s", to: lease.Position{Revision: secondStream}}),
		"no such offset":       messageOf(&changesHead{server: "s", offset: maxSeconds + 1}),
		"no such time":         messageOf(&changesHead{server: "s", now: time.UnixMilli(-1)}),
		"a mapped address":     messageOf(&changesHead{server: "s", to: h.to, full: &span{after: netip.MustParseAddr("::ffff:10.0.0.1")}}),
		"a span the wrong way": messageOf(&changesHead{server: "s", to: h.to, full: &span{after: v6, through: netip.MustParseAddr("10.0.0.1")}}),
	} {
		_, err := parseMessage(raw)
		require.ErrorIs(t, err, errNoMessage, name)
	}
	many := make([]lease.Change, maxChanges+1)
	for i := range many {
		many[i] = list[2]
	}
	_, err = parseMessage(messageOf(&changesHead{server: "s", to: h.to}, many...))
	require.ErrorContains(t, err, "more than 4000")

	answer := changesAnswer{result: ctrl.Conflict, text: "why", applied: h.from, position: h.to, now: time.UnixMilli(99), transfer: &transferred{h.to, v6},
		failed: []failedChange{{0, 4, "b\"c"}, {7, 1, "x"}}}
	got, err := parseAnswer(answer.append(nil))
	require.NoError(t, err)
	require.Equal(t, &answer, got)
	for _, raw := range [][]byte{nil, []byte("[ { \"result\": 0 } ]"), append(answer.append(nil), 1)} {
		_, err = parseAnswer(raw)
		require.ErrorIs(t, err, errNoMessage)
	}
}

func FuzzChanges(f *testing.F) {
	h := changesHead{server: "s", to: lease.Position{Epoch: 3, Revision: 4}, full: &span{prune: true}}
	f.Add(messageOf(&h, changeOf(1, 5), lease.Change{Lease: changeOf(2, 6).Lease, Delete: true}))
	f.Add(messageOf(&changesHead{server: "s", rewind: true, to: h.to}))
	f.Add((&changesAnswer{now: time.UnixMilli(5), failed: []failedChange{{1, 4, "x"}}, transfer: &transferred{}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := parseAnswer(b); err == nil {
			again, err := parseAnswer(a.append(nil))
			require.NoError(t, err)
			require.Equal(t, a, again)
		}
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		again, err := parseMessage(messageOf(&m.changesHead, m.list...))
		require.NoError(t, err)
		require.Equal(t, m.changesHead, again.changesHead)
		require.True(t, len(m.list) == 0 && len(again.list) == 0 || reflect.DeepEqual(m.list, again.list))
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	at := func(cltt int64) lease.Change { return changeOf(1, cltt) }
	gone := func(cltt int64) lease.Change {
		return lease.Change{Delete: true, Lease: lease.Lease{Type: lease.V4, Addr: at(0).Lease.Addr, CLTT: cltt}}
	}
	theirs := func(c lease.Change) lease.Change {
		c.Source = 7
		return c
	}
	for name, c := range map[string]struct {
		conflict
		want verdict
	}{
		"new":                           {conflict{theirs: at(5)}, takeIt},
		"removed, never known":          {conflict{theirs: gone(5)}, takeIt},
		"removed, says a backup":        {conflict{theirs: gone(5), copied: true}, leaveIt},
		"equal":                         {conflict{theirs: at(5), ours: at(5)}, leaveIt},
		"both removed":                  {conflict{theirs: gone(5), ours: gone(9)}, leaveIt},
		"removed again":                 {conflict{theirs: gone(9), ours: gone(5), knew: true}, takeIt},
		"removed before":                {conflict{theirs: gone(5), ours: gone(9), knew: true}, leaveIt},
		"known":                         {conflict{theirs: at(9), ours: at(5), knew: true}, takeIt},
		"known, though older":           {conflict{theirs: at(5), ours: at(9), knew: true}, settleOnIt},
		"its own, though older":         {conflict{theirs: at(5), ours: theirs(at(9)), knew: true}, takeIt},
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
	tb              testing.TB
	to              *receiver
	from            string
	messages, bytes int
	begun           []func() []byte
}

func (w *wired) link(context.Context) (link, error) { return w, nil }
func (w *wired) Close() error                       { return nil }

func (w *wired) Send(message []byte) error {
	w.messages++
	w.bytes += len(message)
	head, rest, err := parseHead(bytes.Clone(message))
	require.NoError(w.tb, err)
	w.begun = append(w.begun, w.to.take(w.tb.Context(), head, rest))
	return nil
}

func (w *wired) Receive(time.Duration) ([]byte, error) {
	finish := w.begun[0]
	w.begun = w.begun[1:]
	answer := finish()
	w.bytes += len(answer)
	return answer, nil
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
	s := newChangeSender(w, store, f, changeSenderOptions{name: w.from, backup: r.opts.role == Backup, mutual: r.opts.role != Backup, clock: new(clockOffset), seen: func() lease.Position { return seen }})
	w.tb, s.link = tb, w
	require.NoError(tb, s.ask())
	for r.applied(w.from) != store.Position() {
		require.NoError(tb, s.align())
		for len(s.flying) < window && (s.all == nil || !s.all.over) && s.tail != store.Position() {
			s.slots <- struct{}{}
			out, err := s.push(tb.Context())
			require.NoError(tb, err)
			require.NotNil(tb, out)
		}
		for len(s.flying) > 0 {
			require.NoError(tb, s.pull(<-s.flying, nil))
		}
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
		buf, _ = appendChange(buf[:0], &c)
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
		_, err := parseMessage(raw)
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
		require.Zero(b, take(b, r, raw).result)
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

// The sender said where it had given something back, and then lost that place:
// its write failed, and its epoch went on, for nothing had been made in it. It
// never comes there again, and is not waited for.
func TestPlaceThatSenderLoses(t *testing.T) {
	r := newReceiver(side(t, filepath.Join(t.TempDir(), "leases")), receiverOptions{role: Standby, primary: "server1"})
	st := r.stream("server1")
	at := func(epoch, rev uint64) lease.Position { return lease.Position{Epoch: epoch, Revision: rev} }
	r.move(st, "server1", at(1, 4), nil, true, nil)
	r.gaveBack("server1", at(1, 4))
	require.True(t, r.reached("server1", at(1, 4)))
	r.move(st, "server1", at(2, 5), nil, true, nil)
	require.True(t, r.reached("server1", at(2, 5)))
	r.move(st, "server1", at(2, 4), nil, true, nil)
	require.True(t, r.reached("server1", at(2, 4)))
	require.False(t, r.reached("server1", at(2, 5)))
	r.gaveBack("server1", at(2, 7))
	require.False(t, r.reached("server1", at(2, 4)), "what it gave back is yet to come")
	r.move(st, "server1", at(2, 6), nil, true, nil)
	require.False(t, r.reached("server1", at(2, 4)))
}

// The sender said where it had given something back while its first message since
// it was opened was on the way, from before that. The place is still to come.
func TestPlaceBehindNextMessage(t *testing.T) {
	r := newReceiver(side(t, filepath.Join(t.TempDir(), "leases")), receiverOptions{role: Standby, primary: "server1"})
	st := r.stream("server1")
	at := func(epoch, rev uint64) lease.Position { return lease.Position{Epoch: epoch, Revision: rev} }
	r.move(st, "server1", at(1, 4), nil, true, nil)
	r.gaveBack("server1", at(2, 7))
	r.move(st, "server1", at(2, 5), nil, true, nil)
	require.False(t, r.reached("server1", at(2, 5)), "what it gave back is yet to come")
	r.move(st, "server1", at(2, 7), nil, true, nil)
	require.True(t, r.reached("server1", at(2, 5)))
}
