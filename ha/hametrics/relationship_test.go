package hametrics

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// text returns what is exported as Prometheus reads it, without comments.
func text(t *testing.T, m prometheus.Collector) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(m))
	families, err := registry.Gather()
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(b.String(), "")
}

// Each member of a status is told by a metric, with its value in base units.
func TestStatusIsTold(t *testing.T) {
	t.Parallel()
	told := text(t, New(Options{HA: &played{status: busy()}}))
	for _, line := range []string{
		`dhcpha_store_failed 1`,
		`dhcpha_service_disabled{by="user"} 1`,
		`dhcpha_service_disabled{by="local"} 0`,
		`dhcpha_service_disabled{by="partner"} 1`,
		`dhcpha_ha_listener_up{url="http://192.0.2.1:8000/"} 1`,
		`dhcpha_ha_listener_up{url="http://192.0.2.1:8001/"} 0`,
		`dhcpha_ha_info{mode="load-balancing",partner="two",role="primary",server="one"} 1`,
		`dhcpha_ha_state{server="one",state="communication-recovery"} 1`,
		`dhcpha_ha_state{server="one",state="load-balancing"} 0`,
		`dhcpha_ha_serving{server="one"} 1`,
		`dhcpha_ha_scope_served{scope="one",server="one"} 1`,
		`dhcpha_ha_scope_served{scope="two",server="one"} 0`,
		`dhcpha_ha_paused{server="one"} 1`,
		`dhcpha_ha_unguarded_pools{server="one"} 2`,
		`dhcpha_ha_partner_state{partner="two",server="one",state="unavailable"} 1`,
		`dhcpha_ha_partner_state{partner="two",server="one",state="waiting"} 0`,
		`dhcpha_ha_partner_interrupted{partner="two",server="one"} 1`,
		`dhcpha_ha_partner_last_heard_timestamp_seconds{partner="two",server="one"} 1.8000000005e+09`,
		`dhcpha_ha_partner_clock_offset_seconds{partner="two",server="one"} -2`,
		`dhcpha_ha_partner_config_differs{partner="two",server="one"} 1`,
		`dhcpha_ha_partner_store_failed{partner="two",server="one"} 1`,
		`dhcpha_ha_takeover_pending{partner="two",server="one"} 1`,
		`dhcpha_ha_takeover_seconds{partner="two",server="one"} 1.5`,
		`dhcpha_ha_takeover_clients{partner="two",server="one"} 3`,
		`dhcpha_ha_sync_running{partner="two",server="one"} 1`,
		`dhcpha_ha_sync_start_timestamp_seconds{partner="two",server="one"} 1.800000001e+09`,
		`dhcpha_ha_sync_done_revisions{partner="two",server="one"} 30`,
		`dhcpha_ha_sync_target_revisions{partner="two",server="one"} 40`,
		`dhcpha_ha_peer_reachable{peer="two",server="one"} 0`,
		`dhcpha_ha_peer_reachable{peer="keeper",server="one"} 1`,
		`dhcpha_ha_peer_unacknowledged_updates{peer="two",server="one"} 5`,
		`dhcpha_ha_peer_behind{peer="two",server="one"} 1`,
		`dhcpha_ha_peer_lag_revisions{peer="two",server="one"} 70`,
		`dhcpha_ha_peer_missing_revisions{peer="two",server="one"} 8`,
		`dhcpha_ha_peer_refused_updates_total{peer="two",server="one"} 9`,
		`dhcpha_ha_conflicts_total{kind="kept",server="one"} 1`,
		`dhcpha_ha_conflicts_total{kind="taken",server="one"} 2`,
		`dhcpha_ha_conflicts_total{kind="outdated",server="one"} 3`,
		`dhcpha_ha_shared_leases_total{server="one"} 4`,
	} {
		require.Contains(t, told, line+"\n")
	}
	require.Len(t, regexp.MustCompile(`(?m)^dhcpha_ha_state\{.*\} [01]$`).FindAllString(told, -1), 12, "a state is missing")
	require.Len(t, regexp.MustCompile(`(?m)^dhcpha_ha_state\{.*\} 1$`).FindAllString(told, -1), 1)
	require.Len(t, regexp.MustCompile(`(?m)^dhcpha_ha_partner_state\{.*\} 1$`).FindAllString(told, -1), 1)

	// Who is idle serves nobody, whatever its scopes are.
	idle := busy()
	idle.Relationships[0].Idle = "the DHCP service is switched off"
	told = text(t, New(Options{HA: &played{status: idle}}))
	require.Contains(t, told, `dhcpha_ha_serving{server="one"} 0`)
	require.Contains(t, told, `dhcpha_ha_scope_served{scope="one",server="one"} 0`)
}

// A hub tells of each of its relationships.
func TestHubIsTold(t *testing.T) {
	t.Parallel()
	status := busy()
	second := busy().Relationships[0]
	second.Server, second.Partner.Name, second.Peers = "three", "four", []ha.PeerStatus{{Name: "four"}}
	status.Relationships = append(status.Relationships, second)
	told := text(t, New(Options{HA: &played{status: status}}))
	require.Contains(t, told, `dhcpha_ha_info{mode="load-balancing",partner="two",role="primary",server="one"} 1`)
	require.Contains(t, told, `dhcpha_ha_info{mode="load-balancing",partner="four",role="primary",server="three"} 1`)
}
