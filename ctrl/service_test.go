package ctrl

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The service is on while no origin holds it off.
func TestServiceOrigins(t *testing.T) {
	t.Parallel()
	var s Service
	require.True(t, s.Enabled())
	s.Disable(OriginUser, 0)
	s.Disable(OriginPartner, 0)
	s.Disable(OriginLocal+1, 0)
	s.Enable(OriginLocal) // never disabled it
	require.Equal(t, ServiceState{
		ByDatabase: []Origin{}, ByLocal: []Origin{1001}, ByPartner: []Origin{2000}, ByUser: true, Disabled: true,
	}, s.State())
	s.EnableHA()
	require.False(t, s.Enabled())
	s.Enable(OriginUser)
	require.True(t, s.Enabled())

	text, err := json.Marshal(s.State())
	require.NoError(t, err)
	require.JSONEq(t, `{"disabled-by-db-connection":[],"disabled-by-local-command":[],
		"disabled-by-remote-command":[],"disabled-by-user":false,"globally-disabled":false}`, string(text))
}

// A period ends the origin's own hold and no other, exactly then.
func TestServicePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Service
		s.Disable(OriginPartner, 60*time.Second)
		s.Disable(OriginUser, 10*time.Second)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.False(t, s.State().ByUser)
		require.False(t, s.Enabled())
		time.Sleep(50*time.Second - time.Nanosecond)
		synctest.Wait()
		require.False(t, s.Enabled())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.True(t, s.Enabled())
	})
}

// A new period replaces an earlier one, no period outlives it, and enabling
// cancels it.
func TestServicePeriodReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Service
		s.Disable(OriginPartner, time.Second)
		s.Disable(OriginPartner, time.Minute)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.False(t, s.Enabled())
		s.Disable(OriginPartner, 0)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.False(t, s.Enabled())

		s.Disable(OriginPartner, time.Second)
		s.Enable(OriginPartner)
		s.Disable(OriginPartner, 0)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.False(t, s.Enabled())
	})
}

// The log says at once who switches the service off, and when it is on again.
func TestServiceIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Service
		var log strings.Builder
		s.LogTo(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})))
		const (
			off   = "level=WARN msg=\"the DHCP service is switched off\" "
			on    = "level=INFO msg=\"the DHCP service is switched on again\" "
			stays = "level=INFO msg=\"the DHCP service stays off: it is held off for another reason, too\" "
		)
		s.Enable(OriginUser) // it was on
		s.Disable(OriginUser, 0)
		s.Disable(OriginPartner, time.Minute)
		s.Enable(OriginUser)
		time.Sleep(time.Minute)
		synctest.Wait()
		s.Disable(OriginLocal, 0) // HA says so itself
		s.Disable(OriginPartner+1, 0)
		s.EnableHA()
		synctest.Wait()
		require.Equal(t, off+"origin=user\n"+off+"origin=ha-partner seconds=60\n"+stays+"origin=user\n"+on+"origin=ha-partner\n"+
			off+"origin=ha-partner\n"+on+"origin=ha-partner\n", log.String())
	})
}

func TestServiceCommandsAsRecorded(t *testing.T) {
	t.Parallel()
	const since255 = "origins are numbers since Kea 2.5.5"
	for family, file := range map[Family]string{V4: "kea-service.jsonl", V6: "kea-service6.jsonl"} {
		mux := NewMux()
		var s Service
		HandleService(mux, family, &s)
		replay(t, file, mux, time.Time{}, modernize, map[string]string{
			`"origin":7`:    since255,
			`"origin":2000`: since255,
		})
		s.EnableHA()
		s.Enable(OriginUser)
	}
}

// What servers of all versions say about whom they disable for.
func TestServiceCommandOrigins(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	var s Service
	HandleService(mux, V6, &s)
	for args, want := range map[string]Origin{
		`{}`:                      OriginUser,
		`{"origin":"user"}`:       OriginUser,
		`{"origin":1}`:            OriginUser,
		`{"origin":"ha-partner"}`: OriginPartner,
		`{"origin":2000}`:         OriginPartner,
		`{"origin-id":2003}`:      OriginPartner + 3,
		`{"origin-id":2003,"origin":"ha-partner"}`: OriginPartner + 3,
		`{"origin-id":2003,"origin":"nonsense"}`:   OriginPartner + 3,
	} {
		require.Contains(t, post(mux, `{"command":"dhcp-disable","arguments":`+args+`}`).Body.String(), "DHCPv6 service disabled", args)
		s.Enable(want)
		require.True(t, s.Enabled(), args)
	}
	for _, args := range []string{`{"origin-id":"x"}`, `{"origin-id":999}`, `{"origin-id":3000}`, `{"origin":-1}`, `{"origin-id":4294967297}`} {
		require.Contains(t, post(mux, `{"command":"dhcp-disable","arguments":`+args+`}`).Body.String(), `"result": 1`, args)
	}
	require.True(t, s.Enabled())
}
