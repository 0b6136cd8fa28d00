package hastatus

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// What a person reads first, for each of the ways that two servers can be.
func TestVerdict(t *testing.T) {
	t.Parallel()
	type relation = ha.RelationshipStatus
	for name, c := range map[string]struct {
		status   ha.Status
		level    level
		headline string
		detail   string // a part of it
		next     string // Due and Next
		todo     string // a part of the first; empty: nothing is to be done
		leases   string
	}{
		"all is well": {
			status: pair(), level: fine, headline: "server1 serves all clients.",
			detail: "server2 stands by with the same leases", leases: "On both servers",
		},
		"all is well, seen by the standby": {
			status: seenByStandby(), level: fine, headline: "server1 serves all clients.",
			detail: "server2 stands by", leases: "On both servers",
		},
		"all is well, and it must not take over": {
			status: with(seenByStandby(), func(_ *ha.Status, r *relation) { r.AutoFailover = false }), level: fine, headline: "server1 serves all clients.",
			detail: "This server does not take over by itself", leases: "On both servers",
		},
		"load-balancing": {
			status: balanced(), level: fine, headline: "server1 and server2 serve half of the clients each.", leases: "On both servers",
		},
		"the standby is silent": {
			status: falls(pair(), 20*time.Second, &ha.Takeover{In: 40 * time.Second}), level: wary, headline: "server2 does not answer.",
			detail: "For 20 s now. server1 serves all clients.", next: "in 40 s: server2 is taken for down",
			todo: "Start server2", leases: "Latest only here",
		},
		"the primary is silent": {
			status: falls(seenByStandby(), 20*time.Second, &ha.Takeover{In: 40 * time.Second, Clients: 11}), level: wary, headline: "server1 does not answer.",
			detail: "server1 may still serve its clients.", next: "in 40 s at the earliest: server2 takes over once 11 clients have waited in vain for an answer",
			todo: "Start server1", leases: "Latest only here",
		},
		"clients are counted": {
			status: falls(seenByStandby(), 70*time.Second, &ha.Takeover{Clients: 3, OneIn: 30 * time.Second}), level: wary, headline: "server1 does not answer.",
			next: "after 3 more clients: server2 takes over once so many have waited in vain for an answer; in 30 s one is enough", todo: "Start server1", leases: "Latest only here",
		},
		"it must not take over": {
			status: with(falls(seenByStandby(), 20*time.Second, &ha.Takeover{}), func(_ *ha.Status, r *relation) { r.AutoFailover = false }),
			level:  wary, headline: "server1 does not answer.", next: "now: server1 is taken for down, but not taken over from (auto-failover is false)",
			todo: "Start server1", leases: "Latest only here",
		},
		"load-balancing, the other is silent": {
			status: falls(balanced(), 20*time.Second, &ha.Takeover{In: time.Second}), level: wary, headline: "server2 does not answer.",
			detail: "server1 serves half of the clients, server2 may still serve the others.", next: "in 1 s: server1 takes over", todo: "Start server2", leases: "Latest only here",
		},
		"the primary is dead": {
			status: dead(), level: wary, headline: "server2 serves all clients alone.",
			detail: "server1 has not answered for 9 min 12 s.", todo: "Is server1 running", leases: "Latest only here",
		},
		"the primary is dead, and is not taken over from": {
			status: with(dead(), func(_ *ha.Status, r *relation) { r.Serves, r.Idle = nil, "auto-failover is false" }),
			level:  alarm, headline: "Not all clients are served: server1 is down.", detail: "auto-failover", todo: "Is server1 running", leases: "Latest only here",
		},
		"the primary is back": {
			status: with(dead(), func(_ *ha.Status, r *relation) {
				r.Partner.State, r.Peers[0].Error, r.Partner.Serves = ha.StateSyncing, "", nil
			}),
			level: moving, headline: "server1 is back and catches up.", leases: "On both servers",
		},
		"this server has started": {
			status: with(pair(), func(_ *ha.Status, r *relation) {
				r.State, r.Serves, r.Idle, r.Partner.State = ha.StateWaiting, nil, "waiting for it", ha.StateNone
			}),
			level: moving, headline: "This server is starting.", leases: "May be incomplete here",
		},
		"this server has started alone": {
			status: with(falls(pair(), 0, &ha.Takeover{In: time.Minute}), func(_ *ha.Status, r *relation) {
				r.State, r.Serves, r.Idle, r.Partner.Heard, r.Peers[0].Pending = ha.StateWaiting, nil, "waiting for it", time.Time{}, 0
			}),
			level: wary, headline: "This server has started, and server2 does not answer.", next: "in 1 min 0 s: server1 takes over", todo: "Start server2", leases: "May be incomplete here",
		},
		"this server fetches": {
			status: with(seenByStandby(), func(_ *ha.Status, r *relation) {
				r.State, r.Idle, r.Partner.State = ha.StateSyncing, "waiting", ha.StatePartnerDown
				r.Sync = &ha.SyncStatus{From: "server1", Since: night, Done: 40, Of: 160}
			}),
			level: moving, headline: "This server is catching up.", detail: "server1 serves all clients.", leases: "Being fetched",
		},
		"the disk is full": {
			status: with(pair(), func(st *ha.Status, r *relation) {
				st.StoreFailed, r.State, r.Idle, r.Serves = true, ha.StateWaiting, "leases cannot be made durable here", nil
				r.Partner.State, r.Partner.Serves = ha.StatePartnerDown, []string{"server1"}
			}),
			level: alarm, headline: "This server cannot write leases.", detail: "server2 serves all clients.", todo: "Look at the disk", leases: "Cannot be written",
		},
		"the partner's disk is full": {
			status: with(pair(), func(_ *ha.Status, r *relation) { r.Partner.StoreFailed = true }),
			level:  wary, headline: "server2 cannot write leases.", todo: "disk of the lease file on server2", leases: "On both servers",
		},
		"switched off": {
			status: with(pair(), func(st *ha.Status, r *relation) {
				st.Service.ByUser, st.Service.Disabled, r.Idle = true, true, "the DHCP service is switched off"
			}),
			level: alarm, headline: "The DHCP service is switched off here.", detail: "No client is known to be served", todo: "dhcp-enable", leases: "On both servers",
		},
		"paused": {
			status: with(pair(), func(_ *ha.Status, r *relation) { r.Paused = true }),
			level:  wary, headline: "This server waits for an administrator.", todo: "ha-continue", leases: "On both servers",
		},
		"given up": {
			status: with(balanced(), func(_ *ha.Status, r *relation) { r.State, r.Partner.State = ha.StateTerminated, ha.StateTerminated }),
			level:  alarm, headline: "The servers have stopped working together.", todo: "Find the reason", leases: "No longer shared",
		},
		"the partner is in maintenance": {
			status: with(pair(), func(_ *ha.Status, r *relation) {
				r.State, r.Partner.State = ha.StatePartnerInMaintenance, ha.StateInMaintenance
			}),
			level: moving, headline: "server2 is in maintenance.", detail: "server1 serves all clients.", todo: "Start server2 again", leases: "On both servers",
		},
		"in maintenance": {
			status: with(pair(), func(_ *ha.Status, r *relation) {
				r.State, r.Idle, r.Serves, r.Partner.State = ha.StateInMaintenance, "in maintenance, the partner serves", nil, ha.StatePartnerInMaintenance
				r.Partner.Serves = []string{"server1"}
			}),
			level: moving, headline: "This server is in maintenance.", detail: "server2 serves all clients.", todo: "It may be shut down now.", leases: "On both servers",
		},
		"pools that are not divided": {
			status: with(balanced(), func(_ *ha.Status, r *relation) {
				r.Idle, r.Unguarded = "the partner is a Kea", []string{"192.0.2.0/24"}
			}),
			level: alarm, headline: "This server answers nobody: pools are not divided.", detail: "192.0.2.0/24", todo: "HA_server1", leases: "On both servers",
		},
		"out of touch": {
			status: with(falls(balanced(), 20*time.Second, nil), func(_ *ha.Status, r *relation) { r.State = ha.StateCommunicationRecovery }),
			level:  wary, headline: "server2 does not answer.", todo: "Start server2", leases: "Latest only here",
		},
		"a backup": {
			status: with(pair(), func(_ *ha.Status, r *relation) {
				r.Server, r.Role, r.State, r.Partner, r.Serves, r.Idle = "server3", ha.Backup, ha.StateBackup, nil, nil, "a backup serves nobody"
			}),
			level: fine, headline: "This server keeps copies of the leases.", leases: "Copied here",
		},
		"with backups only": {
			status: with(pair(), func(_ *ha.Status, r *relation) {
				r.Mode, r.State, r.Partner, r.Peers[0].Role = ha.PassiveBackup, ha.StatePassiveBackup, nil, ha.Backup
			}),
			level: fine, headline: "server1 serves all clients.", leases: "Here and on backups",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &c.status.Relationships[0]
			v := judge(&c.status, r, night)
			require.Equal(t, c.headline, v.Headline)
			require.Equal(t, c.level.String(), v.Level.String())
			require.Contains(t, v.Detail, c.detail)
			next := ""
			if v.Next != "" {
				next = v.Due + ": " + v.Next
			}
			require.Equal(t, c.next, next)
			if c.todo == "" {
				require.Empty(t, v.Todo)
			} else {
				require.NotEmpty(t, v.Todo)
				require.Contains(t, v.Todo[0], c.todo)
			}
			require.Equal(t, c.leases, copies(&c.status, r).Value)
		})
	}
}

// What is wrong beside that is said too, and colours the page.
func TestNotices(t *testing.T) {
	t.Parallel()
	st := with(pair(), func(st *ha.Status, r *ha.RelationshipStatus) {
		r.Partner.ConfigDiffers, r.Partner.ClockOffset, r.Peers[0].Refused = true, -40*time.Second, 3
		r.Peers = append(r.Peers, ha.PeerStatus{Name: "server3", Role: ha.Backup, Error: "no route to host", Pending: 7})
		st.Listeners = []ha.ListenerStatus{{URL: "http://192.0.2.1:8000/", Error: "address in use"}}
	})
	s := newScene(t, st)
	v := s.see()
	require.Equal(t, wary, v.Level)
	require.Equal(t, fine, v.Relationships[0].verdict.Level)
	require.Equal(t, wary, v.Relationships[0].Level)
	var texts []string
	for _, n := range v.Relationships[0].Notices {
		require.Equal(t, wary, n.Level)
		require.NotEmpty(t, n.Todo)
		texts = append(texts, n.Text)
	}
	require.Equal(t, []string{
		"server2 serves another configuration.", "The clock of server2 is off by 40 s.",
		"server2 has refused 3 leases since this server started.", "server3 (backup) cannot be reached: no route to host",
		"The partner cannot reach this server at http://192.0.2.1:8000/: address in use",
	}, texts)
	require.Len(t, v.Relationships[0].Todo, len(texts))
	require.Equal(t, "Not on all backups", copies(&st, &st.Relationships[0]).Value, "a backup that is away has not all")
}

// Clients that get nothing although the pair is well are told of.
func TestNoSubnetIsSaid(t *testing.T) {
	t.Parallel()
	var last time.Time
	s := newScene(t, pair())
	s.opts.NoSubnet = func() time.Time { return last }
	require.Equal(t, fine, s.see().Level)
	last = night.Add(-time.Minute)
	v := s.see()
	require.Equal(t, wary, v.Level)
	require.Equal(t, "Clients on a link without a subnet get nothing, the last at 03:11:40.", v.Relationships[0].Notices[0].Text)
	require.Contains(t, v.Relationships[0].Todo[0], "no subnet for client")
	s.opts.Status = nil
	require.Equal(t, wary, s.see().Level, "a server without a partner says so, too")
}

// A pool that is used up is said, since clients then get nothing.
func TestPools(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	s.add(t, crowd()...)
	v := s.see()
	require.Len(t, v.Pools.All, 3)
	first := v.Pools.All[0]
	require.Equal(t, []string{"192.0.2.10 - 192.0.2.199", "71", "190", "37 %", "1 address declined"}, []string{first.Range, first.Used, first.Of, first.Percent, first.Declined})
	require.Equal(t, "36.84%", first.Width, "without the declined one")
	require.Empty(t, v.Relationships[0].Notices)
	fill := func(from, to int) {
		for n := from; n < to; n++ {
			s.add(t, leaseOf(fmt.Sprintf("198.51.100.%d", n), 1000+n, ""))
		}
		v = s.see()
	}
	fill(41, 46)
	require.Equal(t, wary, v.Level, "36 of 40")
	require.Contains(t, v.Relationships[0].Notices[0].Text, "1 pool is nearly used up")
	fill(46, 50)
	require.Equal(t, alarm, v.Level)
	require.Contains(t, v.Relationships[0].Notices[0].Text, "1 pool is used up")
}
