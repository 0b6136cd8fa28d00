package ha

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// Status says in words what a person asks, at each stage of a pair's life.
func TestStatusInWords(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		says := func(d *node, parts ...string) {
			t.Helper()
			synctest.Wait()
			for _, part := range parts {
				require.Contains(t, d.Status().String(), part)
			}
		}
		a.opts.Digest, b.opts.Digest = func() string { return "one" }, func() string { return "other" }
		a.start()
		says(a, "server1 (hot-standby, primary): waiting, serves nobody: waiting for the partner's answer to a heartbeat",
			"partner server2 (standby): not heard yet", "server2 (standby, unknown): has all updates")
		time.Sleep(2 * time.Second)
		says(a, "partner server2 (standby): does not answer, is taken for dead in 2s", "connection refused")
		a.until(StatePartnerDown)
		says(a, "partner-down, serves the clients of server1, waits for the partner to come back")
		require.NoError(t, a.give("192.0.2.7", 7))
		says(a, "1 update not yet acknowledged")
		b.start()
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		time.Sleep(2 * hurried)
		says(a, "server1 (hot-standby, primary): hot-standby, serves the clients of server1\n",
			"partner server2 (standby): hot-standby, last answer 2000-01-01 ", "ITS CONFIGURATION DIFFERS",
			"server2 (standby, dhcpha): has all updates")
		says(b, "serves nobody: standing by for the primary")
		require.Equal(t, ctrl.Success, a.run("dhcp-disable", "").Result)
		says(a, "serves nobody: the DHCP service is switched off")
		require.False(t, func() bool { _, ok := a.Admit(lease.Client{HWAddr: []byte{1}}, 0, nil); return ok }())
		require.Equal(t, ctrl.Success, a.run("dhcp-enable", "").Result)
		require.Equal(t, ctrl.Success, b.run("ha-maintenance-start", "").Result)
		says(b, "partner-in-maintenance, serves the clients of server1, waits for")
		says(a, "in-maintenance, serves nobody: in maintenance, the partner serves")
		require.Equal(t, ctrl.Success, b.run("ha-maintenance-cancel", "").Result)
		a.until(StateHotStandby)
	})
}

// The log says why the partner is silent, and that it no longer is: once.
func TestSilenceIsLogged(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		var log strings.Builder
		a.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
		a.start()
		a.until(StatePartnerDown)
		b.start()
		a.until(StateHotStandby)
		a.end()
		var about []string
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "answer") {
				about = append(about, line)
			}
		}
		require.Len(t, about, 2)
		require.Contains(t, about[0], "level=WARN")
		require.Contains(t, about[0], "connection refused")
		require.Contains(t, about[1], "answers again")
	})
}

// The log says that the service is switched off, by whom, and when no longer, be
// it between two heartbeats.
func TestSwitchIsLogged(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		var log strings.Builder
		a.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
		normal(a, b)
		for _, who := range []string{"", `{"origin": "ha-partner"}`} {
			require.Equal(t, ctrl.Success, a.run("dhcp-disable", who).Result)
			require.Equal(t, ctrl.Success, a.run("dhcp-enable", who).Result)
		}
		a.end()
		var about []string
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "DHCP service") {
				about = append(about, line)
			}
		}
		require.Len(t, about, 4)
		require.Contains(t, about[0], "level=WARN")
		require.Contains(t, about[0], "origin=user")
		require.Contains(t, about[1], "switched on again")
		require.Contains(t, about[2], "origin=ha-partner")
		require.Contains(t, about[3], "switched on again")
	})
}

// The clock of a partner that is ahead is told, and does no harm between two of
// this kind.
func TestClocksDiffer(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		b.opts.Now = func() time.Time { return time.Now().Add(90 * time.Second) }
		normal(a, b)
		require.Contains(t, a.Status().String(), "its clock is off by 1m30s")
		require.Contains(t, b.Status().String(), "its clock is off by -1m30s")
		require.NoError(t, a.give("192.0.2.7", 7))
		l, ok := b.store.Lookup(lease.Key{Type: lease.V4, Addr: leaseOf("192.0.2.7", 7).Addr})
		require.True(t, ok)
		require.Equal(t, leaseOf("192.0.2.7", 7).CLTT+90, l.CLTT, "by its own clock")
		require.Equal(t, int64(90), a.StatusGet()["high-availability"].([]any)[0].(map[string]any)["ha-servers"].(map[string]any)["remote"].(map[string]any)["clock-skew"])
	})
}

func TestTakeoverInWords(t *testing.T) {
	t.Parallel()
	for want, takeover := range map[string]Takeover{
		"now":                                    {},
		"in 3s":                                  {In: 3 * time.Second},
		"in 3s after one more unanswered client": {In: 3 * time.Second, Clients: 1},
		"after 4 more unanswered clients (or one in 1m0.5s)": {Clients: 4, OneIn: 60500 * time.Millisecond},
	} {
		require.Equal(t, want, takeover.String())
	}
	require.False(t, strings.Contains(Takeover{Clients: 1, OneIn: time.Second}.String(), "or one"))
}
