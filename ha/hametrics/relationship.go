package hametrics

import (
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// What each relationship tells. The label server is this server's name in the
// relationship, which is another one in each.
var (
	info = Metric{"dhcpha_ha_info", Gauge, []string{"server", "mode", "role", "partner"},
		"1 for each relationship, with its mode, this server's role and the name of the other active server (empty: there is none)."}
	state = Metric{"dhcpha_ha_state", Gauge, []string{"server", "state"},
		"1 for the state in which this server is, 0 for all others."}
	serving = Metric{"dhcpha_ha_serving", Gauge, []string{"server"},
		"1 if this server answers clients in its state; 0 if it answers nobody, such as a standby whose primary works."}
	scopeServed = Metric{"dhcpha_ha_scope_served", Gauge, []string{"server", "scope"},
		"1 if this server serves the clients of the server that scope names. The sum over a pair is 1; 0: nobody serves them; 2: both do, and may give one address twice."}
	paused = Metric{"dhcpha_ha_paused", Gauge, []string{"server"},
		"1 if this server waits in its state for the command ha-continue."}
	unguarded = Metric{"dhcpha_ha_unguarded_pools", Gauge, []string{"server"},
		"Number of pools that a Kea for a partner would give addresses of at the same time, for which this server stays off."}

	partnerState = Metric{"dhcpha_ha_partner_state", Gauge, []string{"server", "partner", "state"},
		"1 for the state of which the other active server has last told, or for unavailable while it does not answer; all are 0 until it is heard or missed."}
	partnerInterrupted = Metric{"dhcpha_ha_partner_interrupted", Gauge, []string{"server", "partner"},
		"1 if the other active server has been silent for longer than max-response-delay."}
	partnerHeard = Metric{"dhcpha_ha_partner_last_heard_timestamp_seconds", Gauge, []string{"server", "partner"},
		"Unix time of the last answer to a heartbeat, by this server's clock; missing until there is one."}
	partnerOffset = Metric{"dhcpha_ha_partner_clock_offset_seconds", Gauge, []string{"server", "partner"},
		"The clock of the other active server minus this one's."}
	partnerConfig = Metric{"dhcpha_ha_partner_config_differs", Gauge, []string{"server", "partner"},
		"1 if the other active server serves another configuration. That of a Kea is not known."}
	partnerStore = Metric{"dhcpha_ha_partner_store_failed", Gauge, []string{"server", "partner"},
		"1 if the other active server says that it cannot make leases durable. A Kea does not say so."}

	takeoverPending = Metric{"dhcpha_ha_takeover_pending", Gauge, []string{"server", "partner"},
		"1 while the other active server is silent and this one is on the way to take over its clients."}
	takeoverSeconds = Metric{"dhcpha_ha_takeover_seconds", Gauge, []string{"server", "partner"},
		"Seconds until the silence has lasted for max-response-delay, from when on this server may take over; 0: it has. Only while a takeover is pending."}
	takeoverClients = Metric{"dhcpha_ha_takeover_clients", Gauge, []string{"server", "partner"},
		"Number of further clients that must wait in vain, besides the time, before this server takes over; 0: none need to. Only while a takeover is pending."}

	syncRunning = Metric{"dhcpha_ha_sync_running", Gauge, []string{"server", "partner"},
		"1 while this server fetches the leases of the other active server."}
	syncSince = Metric{"dhcpha_ha_sync_start_timestamp_seconds", Gauge, []string{"server", "partner"},
		"Unix time at which fetching began. Only while it goes on."}
	syncDone = Metric{"dhcpha_ha_sync_done_revisions", Gauge, []string{"server", "partner"},
		"Revision up to which the leases of the other active server have been fetched. Only while that goes on, and not from a Kea."}
	syncTarget = Metric{"dhcpha_ha_sync_target_revisions", Gauge, []string{"server", "partner"},
		"Revision at which fetching is complete. Only while that goes on, and not from a Kea."}

	peerReachable = Metric{"dhcpha_ha_peer_reachable", Gauge, []string{"server", "peer"},
		"1 if the other server, active or backup, has not failed to answer the last time that it was asked or sent something."}
	peerPending = Metric{"dhcpha_ha_peer_unacknowledged_updates", Gauge, []string{"server", "peer"},
		"Number of changes in memory that the other server has not acknowledged; there may be more, see dhcpha_ha_peer_behind."}
	peerBehind = Metric{"dhcpha_ha_peer_behind", Gauge, []string{"server", "peer"},
		"1 if the other server lacks more changes than are kept in memory, which it will be sent from the store."}
	peerLag = Metric{"dhcpha_ha_peer_lag_revisions", Gauge, []string{"server", "peer"},
		"How many revisions the other server is behind this server's store, as far as it has acknowledged."}
	peerMissing = Metric{"dhcpha_ha_peer_missing_revisions", Gauge, []string{"server", "peer"},
		"How many revisions this server is behind what the other server had when it was last heard; 0 with a Kea, of which that is not known."}
	peerRefused = Metric{"dhcpha_ha_peer_refused_updates_total", Counter, []string{"server", "peer"},
		"Changes of this server that the other server has refused."}

	conflicts = Metric{"dhcpha_ha_conflicts_total", Counter, []string{"server", "kind"},
		"Changes of another server that did not go together with what was here, by kind: kept (what was here has stood), taken (what came has replaced it), outdated (an update of a Kea that came after what is newer). Both servers may count the same conflict."}
	shared = Metric{"dhcpha_ha_shared_leases_total", Counter, []string{"server"},
		"Conflicts, among those kept and taken, in which two clients had been told that the lease is theirs for the same time: an address that two clients have used."}
)

var relationshipMetrics = []Metric{
	info, state, serving, scopeServed, paused, unguarded,
	partnerState, partnerInterrupted, partnerHeard, partnerOffset, partnerConfig, partnerStore,
	takeoverPending, takeoverSeconds, takeoverClients,
	syncRunning, syncSince, syncDone, syncTarget,
	peerReachable, peerPending, peerBehind, peerLag, peerMissing, peerRefused, conflicts, shared,
}

func (s sink) relationship(r *ha.RelationshipStatus) {
	partner := ""
	if r.Partner != nil {
		partner = r.Partner.Name
	}
	s.put(&info, 1, r.Server, string(r.Mode), string(r.Role), partner)
	for st := ha.StateNone + 1; st < ha.StateUnavailable; st++ {
		s.is(&state, r.State == st, r.Server, st.String())
	}
	s.is(&serving, r.Idle == "", r.Server)
	served := map[string]bool{}
	for _, name := range r.Serves {
		served[name] = true
	}
	for _, scope := range scopesOf(r) {
		s.is(&scopeServed, r.Idle == "" && served[scope], r.Server, scope)
	}
	s.is(&paused, r.Paused, r.Server)
	s.put(&unguarded, float64(len(r.Unguarded)), r.Server)
	if r.Partner != nil {
		s.partner(r.Server, r.Partner)
		s.sync(r.Server, partner, r.Sync)
	}
	for i := range r.Peers {
		s.peer(r.Server, &r.Peers[i])
	}
	s.put(&conflicts, float64(r.Conflicts.Kept), r.Server, "kept")
	s.put(&conflicts, float64(r.Conflicts.Taken), r.Server, "taken")
	s.put(&conflicts, float64(r.Conflicts.Outdated), r.Server, "outdated")
	s.put(&shared, float64(r.Conflicts.Shared), r.Server)
}

// scopesOf returns the names of the servers that have clients of their own.
func scopesOf(r *ha.RelationshipStatus) (scopes []string) {
	add := func(name string, role ha.Role) {
		if role == ha.Primary || role == ha.Secondary {
			scopes = append(scopes, name)
		}
	}
	add(r.Server, r.Role)
	for _, p := range r.Peers {
		add(p.Name, p.Role)
	}
	return scopes
}

func (s sink) partner(server string, p *ha.PartnerStatus) {
	for st := ha.StateNone + 1; st <= ha.StateUnavailable; st++ {
		s.is(&partnerState, p.State == st, server, p.Name, st.String())
	}
	s.is(&partnerInterrupted, p.Interrupted, server, p.Name)
	if !p.Heard.IsZero() {
		s.put(&partnerHeard, unix(p.Heard), server, p.Name)
	}
	s.put(&partnerOffset, p.ClockOffset.Seconds(), server, p.Name)
	s.is(&partnerConfig, p.ConfigDiffers, server, p.Name)
	s.is(&partnerStore, p.StoreFailed, server, p.Name)
	s.is(&takeoverPending, p.Takeover != nil, server, p.Name)
	if t := p.Takeover; t != nil {
		s.put(&takeoverSeconds, t.In.Seconds(), server, p.Name)
		s.put(&takeoverClients, float64(t.Clients), server, p.Name)
	}
}

func (s sink) sync(server, partner string, sync *ha.SyncStatus) {
	s.is(&syncRunning, sync != nil, server, partner)
	if sync == nil {
		return
	}
	s.put(&syncSince, unix(sync.Since), server, partner)
	if sync.Of > 0 {
		s.put(&syncDone, float64(sync.Done), server, partner)
		s.put(&syncTarget, float64(sync.Of), server, partner)
	}
}

func (s sink) peer(server string, p *ha.PeerStatus) {
	s.is(&peerReachable, p.Error == "", server, p.Name)
	s.put(&peerPending, float64(p.Pending), server, p.Name)
	s.is(&peerBehind, p.Behind, server, p.Name)
	s.put(&peerLag, float64(p.Lag), server, p.Name)
	s.put(&peerMissing, float64(p.Missing), server, p.Name)
	s.put(&peerRefused, float64(p.Refused), server, p.Name)
}

// unix returns a time as Prometheus has it.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
