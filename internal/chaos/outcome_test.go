package main

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// history is an outcome of a kill from second 10 to 20, and a cut from 30 to 40.
func history() *outcome {
	o := &outcome{family: dhcp4(), name: "failoverd / failoverd", ours: [2]bool{true, true}}
	at := func(f *fault, began, normal int64) {
		w := o.begin(f)
		w.began, w.normal = time.Unix(began, 0), time.Unix(normal, 0)
	}
	at(nil, 0, 0)
	at(&fault{kind: kind{name: "kill"}}, 10, 20)
	at(nil, 25, 25)
	at(&fault{kind: kind{name: "drop", splits: true}}, 30, 40)
	at(nil, 45, 45)
	return o
}

// A wait is of the window that most of it is in.
func TestOutcomeWaits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to float64
		window   int
	}{
		{5, 5, 0}, {9.9, 12, 1}, {9, 10.5, 0}, {12, 12.1, 1}, {19, 26, 1}, {10, 44, 1}, {20, 44, 3}, {60, 61, 4}, {-5, -4, 0},
	} {
		o := history()
		at := func(seconds float64) time.Time { return time.Unix(0, int64(seconds*1e9)) }
		o.note(news{waits: []wait{{at(test.from), at(test.to)}}})
		for i, w := range o.windows {
			if i == test.window {
				require.InDelta(t, test.to-test.from, w.longest.Seconds(), 1e-6, test)
			} else {
				require.Zero(t, w.longest, test)
			}
		}
	}
}

// What the schedule kept the servers from knowing is told from what they knew.
func TestOutcomeSplit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		first, second int64
		split         bool
	}{
		{5, 15, false}, {5, 35, true}, {35, 36, true}, {35, 50, true}, {5, 50, false}, {29, 40, false}, {41, 50, false},
	} {
		o := history()
		c := conflict{
			addr:   netip.MustParseAddr("10.0.0.1"),
			first:  claim{client: "a", at: time.Unix(test.first, 0)},
			second: claim{client: "b", at: time.Unix(test.second, 0)},
		}
		o.note(news{twice: []conflict{c, c}, moved: []conflict{c}})
		all := o.sum(func(*window) bool { return true })
		require.Equal(t, !test.split, all.moved == 1, test)
		if test.split {
			require.Equal(t, 1, all.split, test)
			require.Zero(t, all.twice, test)
			require.Empty(t, o.wrong())
		} else {
			require.Equal(t, 1, all.twice, test)
			require.Zero(t, all.split, test)
			require.ErrorContains(t, errors.Join(o.wrong()...), "1 addresses were given twice")
		}
	}
}

// three are leases that a server has acknowledged.
func three(server int) []loss {
	return slices.Repeat([]loss{{claim: claim{server: dhcp4().addrs[server]}}}, 3)
}

// What is wrong with ours is an error, what is so with a Kea is not.
func TestOutcomeWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ours   [2]bool
		happen func(o *outcome)
		want   string
	}{
		{[2]bool{true, true}, func(o *outcome) { o.lose(1, three(0), newBook("")) }, "3 leases were lost"},
		{[2]bool{true, false}, func(o *outcome) { o.lose(1, three(0), newBook("")) }, ""},
		{[2]bool{true, false}, func(o *outcome) { o.lose(0, three(0), newBook("")) }, "3 leases were lost"},
		{[2]bool{true, false}, func(o *outcome) { o.lose(0, three(1), newBook("")) }, ""},
		{[2]bool{true, true}, func(o *outcome) { o.windows[1].byHand = 1 }, "a person was needed 1 times"},
		{[2]bool{true, false}, func(o *outcome) { o.windows[1].byHand = 1 }, ""},
		{[2]bool{true, false}, func(o *outcome) { o.windows[1].ended = []int{0} }, "server1 ended by itself"},
		{[2]bool{true, false}, func(o *outcome) { o.windows[1].ended = []int{1} }, ""},
		{[2]bool{false, true}, func(o *outcome) { o.err = errors.New("no way") }, "no way"},
		{[2]bool{false, false}, func(o *outcome) { o.err = errors.New("no way") }, ""},
		{[2]bool{false, false}, func(o *outcome) { o.windows[1].twice[netip.Addr{}] = true }, ""},
		{[2]bool{false, true}, func(o *outcome) { o.windows[1].twice[netip.Addr{}] = true }, "1 addresses were given twice"},
		{[2]bool{true, false}, func(o *outcome) { o.usages[0] = []*span{{last: usage{files: 100}}} }, "100 descriptors"},
		{[2]bool{true, false}, func(o *outcome) { o.usages[1] = []*span{{last: usage{files: 100}}} }, ""},
		{[2]bool{true, true}, func(o *outcome) { o.windows[1].moved[netip.Addr{}] = true }, "1 clients were refused"},
		{[2]bool{true, false}, func(o *outcome) { o.windows[1].moved[netip.Addr{}] = true }, ""},
		{[2]bool{true, true}, func(o *outcome) { o.windows[1].late[0] = 100 }, ""},
	} {
		o := history()
		o.ours = test.ours
		test.happen(o)
		if err := errors.Join(o.wrong()...); test.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	one, other, six := history(), history(), history()
	one.name, other.name, six.family = "failoverd / failoverd", "kea-dhcp4 / kea-dhcp4", dhcp6()
	one.windows[1].longest = 2340 * time.Millisecond
	one.windows[1].checked = 12345
	other.windows[1].late[1], other.windows[1].lost[1] = 7, 3
	other.windows[3].split[netip.MustParseAddr("10.0.0.1")] = true
	other.begin(&fault{kind: kind{name: "kill"}}).longest = time.Minute
	text := table([]*outcome{one, other, six})
	require.Contains(t, text, "| fault | failoverd / failoverd | times | kea-dhcp4 / kea-dhcp4 | times |\n")
	require.Contains(t, text, "| kill | 2.3 s | 1 | 60.0 s (60.0 s) | 2 |\n")
	require.Contains(t, text, "| failoverd / failoverd | 2 | 12,345 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |")
	require.Contains(t, text, "| kill | kea-dhcp4 / kea-dhcp4 | 0 | 7 | 3 | 0 | 0 | 0 | 0 | 0 |\n| drop | kea-dhcp4 / kea-dhcp4 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 |\n")
	require.NotContains(t, text, "| kill | failoverd / failoverd | 12")
	require.Contains(t, text, "DHCPv6, the longest time that a client waited for its Reply")
	require.Contains(t, details([]*outcome{other}), "given twice in a split: 10.0.0.1\n")
}
