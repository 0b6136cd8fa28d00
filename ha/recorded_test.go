package ha

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// moment is something that an administrator has done to a pair of Kea 2.2.0,
// with the answer.
type moment struct {
	T      float64 // seconds since the start
	Server string  // which he turned to
	Event  string  // start, stop, status-get or "control socket"; empty: an HTTP request
	Case   string

	Command   string // control socket
	Arguments json.RawMessage
	Answer    json.RawMessage

	To       string // HTTP
	Request  struct{ Arguments, Command json.RawMessage }
	Status   *int
	Response json.RawMessage
}

func readMoments(t *testing.T, name string) (all []moment) {
	t.Helper()
	for _, ending := range []string{".jsonl", ".events.jsonl"} {
		text, err := os.ReadFile("testdata/" + name + ending)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		for line := range bytes.Lines(text) {
			var m moment
			require.NoError(t, json.Unmarshal(line, &m), "%s", line)
			if m.Event == "" {
				require.NoError(t, json.Unmarshal(m.Request.Command, &m.Command))
				m.Server, m.Arguments, m.Answer = m.To, m.Request.Arguments, m.Response
			}
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.T, b.T) })
	return all
}

// fixed are the answers that differ from the recorded ones, and why.
var fixed = map[string]string{
	// Internal errors of Kea 2.2.0.
	"maintenance-notify: no arguments":    "arguments not found in the 'ha-maintenance-notify' command",
	"maintenance-notify: no cancel":       "'cancel' is mandatory for the 'ha-maintenance-notify' command",
	"maintenance-notify: cancel text":     "'cancel' must be a boolean in the 'ha-maintenance-notify' command",
	"sync: unknown server":                "nobody matches no configured 'server-name'",
	"passive-backup ha-maintenance-start": "Unable to transition the server from the passive-backup to partner-in-maintenance state.",
}

// What administrators have said to real servers is said to ours at the same
// times, who answer the same.
func TestCommandsAsRecorded(t *testing.T) {
	for name, mode := range map[string]Mode{
		"v4-admin": HotStandby, "v4-hs-pause": HotStandby, "v4-hs-maintenance": HotStandby,
		"v4-lb-maintenance": LoadBalancing, "v4-passive-noack": PassiveBackup, "v4-passive-ack": PassiveBackup,
		"v6-admin": HotStandby, "v6-hs-pause": HotStandby, "v6-hs-maintenance": HotStandby,
		"v6-lb-maintenance": LoadBalancing, "v6-passive-noack": PassiveBackup, "v6-passive-ack": PassiveBackup,
	} {
		t.Run(name, func(t *testing.T) {
			pairTest(t, mode, func(a, b *node) {
				a.opts.Family, b.opts.Family = familyOf(name), familyOf(name)
				if strings.HasSuffix(name, "-pause") {
					b.cfgs[0].StateMachine = &StateMachine{States: []StatePause{
						{State: "waiting", Pause: PauseOnce}, {State: "ready", Pause: PauseOnce},
					}}
				}
				a.cfgs[0].WaitBackupAck = strings.HasSuffix(name, "-passive-ack")
				b.cfgs[0].WaitBackupAck = a.cfgs[0].WaitBackupAck
				a.plain, b.plain = true, true // no more than Kea knows
				began, checked := time.Now(), 0
				for _, m := range readMoments(t, name) {
					at := began.Add(time.Duration(m.T * float64(time.Second)))
					time.Sleep(time.Until(at))
					synctest.Wait()
					d := map[string]*node{"server1": a, "server2": b}[m.Server]
					switch m.Event {
					case "start":
						d.end()
						d.start()
					case "stop":
						d.end()
					case "status-get":
						var want []any
						require.NoError(t, json.Unmarshal(m.Answer, &want))
						require.Equal(t, plainStatus(want), d.plainStatus(), "t=%v %s", m.T, m.Server)
						checked++
					default:
						if len(m.Answer) == 0 || string(m.Answer) == "null" {
							continue // it was never answered
						}
						want := expected(t, mode, &m)
						if m.Command == "status-get" {
							args := want.(map[string]any)["arguments"].(map[string]any)
							got := d.plainStatus()
							if recorded := plainStatus(args["high-availability"].([]any)); m.T < 4 {
								// Heartbeats may be sent in another order while the pair starts.
								require.Equal(t, withoutLast(recorded), withoutLast(got), "t=%v %s", m.T, m.Server)
							} else {
								require.Equal(t, recorded, got, "t=%v %s", m.T, m.Server)
							}
							continue
						}
						got := plainResponse(t, d.run(m.Command, string(m.Arguments)))
						if m.Case == "heartbeat after reset" {
							// Kea waits for its next heartbeat with what comes after.
							delete(want.(map[string]any), "arguments")
							delete(got.(map[string]any), "arguments")
						}
						require.Equal(t, want, got, "t=%v %s %s %s", m.T, m.Server, m.Command, m.Case)
						checked++
					}
				}
				require.NotZero(t, checked)
			})
		})
	}
}

// expected returns what a recorded command is to be answered with.
func expected(t *testing.T, mode Mode, m *moment) any {
	var list []any
	if json.Unmarshal(m.Answer, &list) == nil {
		return withoutTime(list[0])
	}
	var one map[string]any
	require.NoError(t, json.Unmarshal(m.Answer, &one))
	if one["result"] == float64(500) {
		text, ok := fixed[m.Case]
		if !ok {
			text = fixed[string(mode)+" "+m.Case]
		}
		require.NotEmpty(t, text, m.Case)
		return map[string]any{"result": float64(ctrl.Error), "text": text}
	}
	return withoutTime(one)
}

// plainResponse returns a response as it would have been recorded.
func plainResponse(t *testing.T, r ctrl.Response) any {
	m := map[string]any{"result": r.Result}
	if r.Text != "" {
		m["text"] = r.Text
	}
	if r.Arguments != nil {
		m["arguments"] = r.Arguments
	}
	return withoutTime(jsonOf(t, m))
}

func jsonOf(t *testing.T, v any) (plain any) {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &plain))
	return plain
}

// withoutTime takes out of an answer what is another each time, and what Kea
// 2.2.0 does not say.
func withoutTime(answer any) any {
	if args, ok := answer.(map[string]any)["arguments"].(map[string]any); ok {
		for _, name := range []string{"date-time", "now", "position", "extensions"} {
			delete(args, name)
		}
		if len(args) == 1 && args["state"] != nil {
			delete(answer.(map[string]any), "arguments") // of ha-maintenance-notify, since Kea 2.7.5
		}
	}
	return answer
}

// plainStatus takes out of high-availability what Kea 2.2.0 does not tell, and
// the age, which depends on when heartbeats were sent.
func plainStatus(list []any) any {
	for _, one := range list {
		for _, server := range one.(map[string]any)["ha-servers"].(map[string]any) {
			maps.DeleteFunc(server.(map[string]any), func(name string, _ any) bool {
				return slices.Contains([]string{"age", "server-name", "system-time", "clock-skew"}, name)
			})
		}
	}
	return list
}

// withoutLast takes out what the partner last said.
func withoutLast(list any) any {
	for _, one := range list.([]any) {
		if remote, ok := one.(map[string]any)["ha-servers"].(map[string]any)["remote"].(map[string]any); ok {
			delete(remote, "last-state")
			delete(remote, "last-scopes")
		}
	}
	return list
}

func (d *node) plainStatus() any {
	status := jsonOf(d.t, d.StatusGet()).(map[string]any)
	return plainStatus(status["high-availability"].([]any))
}
