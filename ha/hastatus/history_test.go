package hastatus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

func statesOf(way []entry) (states []ha.State) {
	for _, e := range way {
		states = append(states, e.State)
	}
	return states
}

// The states of this server are those that it was told of, each once, although
// it is looked at, too; the partner's are those that were seen.
func TestHistory(t *testing.T) {
	t.Parallel()
	h := newHistory(night)
	second := func(n int) time.Time { return night.Add(time.Duration(n) * time.Second) }
	is := func(own, partner ha.State, serves ...string) *ha.Status {
		st := pair()
		r := &st.Relationships[0]
		r.State, r.Serves, r.Partner.State = own, serves, partner
		return &st
	}
	h.look(second(0), is(ha.StateWaiting, ha.StateNone))
	require.Empty(t, h.way("server2"), "it has not been heard")
	h.look(second(1), is(ha.StateSyncing, ha.StateWaiting)) // seen before it is told of
	h.changed(ha.StateChange{Time: second(1), Server: "server1", From: ha.StateWaiting, To: ha.StateSyncing})
	h.changed(ha.StateChange{Time: second(1), Server: "server1", From: ha.StateSyncing, To: ha.StateReady})
	h.changed(ha.StateChange{Time: second(2), Server: "server1", From: ha.StateReady, To: ha.StateHotStandby, Scopes: []string{"server1"}})
	for n := range 5 {
		h.look(second(3+n), is(ha.StateHotStandby, ha.StateHotStandby, "server1"))
	}
	require.Equal(t, []ha.State{ha.StateWaiting, ha.StateSyncing, ha.StateReady, ha.StateHotStandby}, statesOf(h.way("server1")))
	require.Equal(t, []ha.State{ha.StateWaiting, ha.StateHotStandby}, statesOf(h.way("server2")))
	require.Equal(t, second(2), h.since("server1", ha.StateHotStandby))
	require.Equal(t, second(3), h.since("server2", ha.StateHotStandby))
	require.Zero(t, h.since("server2", ha.StateWaiting))

	// Without being told it is seen when it lasts.
	h.look(second(10), is(ha.StatePartnerDown, ha.StateUnavailable, "server1"))
	require.Len(t, h.way("server1"), 4)
	h.look(second(11), is(ha.StatePartnerDown, ha.StateUnavailable, "server1"))
	require.Equal(t, second(10), h.since("server1", ha.StatePartnerDown))

	// Other servers come by another configuration.
	st := pair()
	st.Relationships[0].Server = "dhcp-a"
	h.look(second(12), &st)
	require.Empty(t, h.way("server1"))
	require.Len(t, h.way("dhcp-a"), 1)
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	h := newHistory(night)
	from, to := ha.StateHotStandby, ha.StatePartnerDown
	for n := range 10 * maxEntries {
		h.changed(ha.StateChange{Time: night.Add(time.Duration(n) * time.Minute), Server: "server1", From: from, To: to})
		from, to = to, from
	}
	way := h.way("server1")
	require.Len(t, way, maxEntries)
	require.Equal(t, night.Add((10*maxEntries-1)*time.Minute), way[maxEntries-1].At, "the latest are kept")
}

// The timeline reaches back behind the last change, and shows each state as long
// as it was.
func TestTimeline(t *testing.T) {
	t.Parallel()
	h := newHistory(night.Add(-3 * 24 * time.Hour))
	h.changed(ha.StateChange{Time: night.Add(-2 * time.Hour), Server: "server1", From: ha.StateHotStandby, To: ha.StatePartnerDown})
	h.changed(ha.StateChange{Time: night.Add(-time.Hour), Server: "server1", From: ha.StatePartnerDown, To: ha.StateHotStandby})
	tl := h.timeline([]string{"server1", "server2"}, night)
	require.Equal(t, "6 hours", tl.Span)
	require.Len(t, tl.Lanes, 2)
	require.Len(t, tl.Lanes[1].Parts, 1)
	require.Equal(t, []string{"not recorded", "100.00%"}, []string{tl.Lanes[1].Parts[0].State, tl.Lanes[1].Parts[0].W})
	var parts [][3]string
	for _, p := range tl.Lanes[0].Parts {
		parts = append(parts, [3]string{p.X, p.W, p.State})
	}
	require.Equal(t, [][3]string{
		{"0.00%", "66.67%", "hot-standby"}, {"66.67%", "16.67%", "partner-down"}, {"83.33%", "16.67%", "hot-standby"},
	}, parts)
	require.Equal(t, "6 hours", h.timeline([]string{"server1"}, night).Span)
	require.Equal(t, "10 minutes", h.timeline([]string{"server1"}, night.Add(-55*time.Minute)).Span)
	require.Equal(t, "30 days", h.timeline([]string{"server1"}, night.Add(1000*time.Hour)).Span)

	list := h.changes([]string{"server1", "server2"}, night)
	require.Len(t, list, 3)
	require.Equal(t, []string{"02:12:40", "hot-standby", "normal operation"}, []string{list[0].At, list[0].State, list[0].Meaning}, "the latest first")
	require.Equal(t, "19 Nov 03:12:40", list[2].At)
}
