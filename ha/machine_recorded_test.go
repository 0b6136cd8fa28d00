package ha

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// The files of testdata/recorded are condensed from recordings of two Kea 2.2
// servers: what each of them learnt, and its transitions ("->"), by time.
// Between "refused" and "reached" its heartbeats are refused at once.
//
// Where two resets cross, the answer to its own throws a Kea back that is
// already syncing because of the partner's. Ours goes on: this step and the
// next, which undoes it, are left out.
const thrownBack = "syncing waiting communication-recovery"

// Reset by a partner that it could not reach until now, a Kea takes it for lost
// and goes back when it has heard it. Ours asks first: both steps are left out.
const takenForLost = "waiting partner-down unavailable"

// A Kea that has missed leases leaves partner-down to fetch them. Ours fetches
// them where it is.
const (
	missed  = "partner-down waiting ready\nwaiting syncing ready\nsyncing ready ready\nready hot-standby ready"
	fetched = "partner-down hot-standby ready"
)

// Kea 2.2 still takes its partner for what it was in the maintenance that has
// just been cancelled. Kea 2.7.5 takes what the partner says: here, nothing.
var cancelled = map[string]string{
	"partner-in-maintenance hot-standby in-maintenance":    "partner-in-maintenance hot-standby unavailable",
	"partner-in-maintenance load-balancing in-maintenance": "partner-in-maintenance load-balancing unavailable",
	"in-maintenance hot-standby partner-in-maintenance":    "in-maintenance hot-standby unavailable",
	"in-maintenance load-balancing partner-in-maintenance": "in-maintenance load-balancing unavailable",
}

func TestMachineGoesTheRecordedWay(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.txt")
	require.NoError(t, err)
	require.Greater(t, len(files), 60)
	for _, file := range files {
		scenario := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, server := range []string{"server1", "server2"} {
			t.Run(scenario+"/"+server, func(t *testing.T) {
				want, got := replay(t, file, scenario, server)
				require.NotEmpty(t, want)
				require.Equal(t, strings.ReplaceAll(strings.Join(want, "\n"), missed, fetched), strings.Join(got, "\n"))
			})
		}
	}
}

// replayed is a machine that is told what a recorded server has learnt.
type replayed struct {
	*machine
	t       *testing.T
	now     time.Time
	refused bool
	changes []string
	reply   *ctrl.Response
	asked   map[string]int
}

func replay(t *testing.T, file, scenario, server string) (want, got []string) {
	mode := HotStandby
	switch {
	case strings.Contains(scenario, "-lb-"):
		mode = LoadBalancing
	case strings.Contains(scenario, "-passive-"):
		mode = PassiveBackup
	}
	cfg := pairConfig(mode, server)
	if strings.Contains(scenario, "unacked") {
		cfg.MaxUnackedClients = new(uint32(2))
	}
	if strings.Contains(scenario, "pause") && server == "server2" {
		cfg.StateMachine = &StateMachine{States: []StatePause{{State: "waiting", Pause: PauseOnce}, {State: "ready", Pause: PauseOnce}}}
	}
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	r := &replayed{t: t, asked: map[string]int{}}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		at, line, _ := strings.Cut(lines.Text(), " ")
		who, what, _ := strings.Cut(line, " ")
		if who != server {
			continue
		}
		seconds, err := strconv.ParseFloat(at, 64)
		require.NoError(t, err)
		now := start.Add(time.Duration(seconds * float64(time.Second)))
		verb, rest, _ := strings.Cut(what, " ")
		switch verb {
		case "->":
			if ours, ok := cancelled[rest]; ok {
				rest = ours
			}
			want = append(want, rest)
			n := len(want)
			back := n > 2 && want[n-2] == takenForLost && strings.HasPrefix(want[n-3], "communication-recovery waiting ")
			if back || n > 1 && want[n-2] == thrownBack {
				want = want[:n-2]
			}
			continue
		case "start":
			r.machine = newMachine(cfg, now)
			r.now, r.refused = now, false
		}
		if r.machine == nil {
			continue
		}
		r.until(now)
		r.take(verb, rest)
	}
	return want, r.changes
}

// until lets time pass; the heartbeats that were answered are in the
// recording, the others only where they are refused.
func (r *replayed) until(now time.Time) {
	for r.refused {
		at := r.Deadline()
		if at.IsZero() || at.After(now) {
			break
		}
		r.now = at
		r.step(tick{})
	}
	r.now = now
}

func (r *replayed) take(verb, rest string) {
	switch verb {
	case "start":
		r.step(tick{})
	case "stop":
		r.machine = nil
	case "refused":
		r.refused = true
	case "reached":
		r.refused = false
	case "heartbeat":
		r.heartbeat.out = true
		if rest == "failed" {
			r.step(heartbeatFailed{})
			return
		}
		r.step(heartbeatAnswered{r.report(rest)})
	case "update":
		outcome := accepted
		if rest == "failed" {
			outcome = failed
		}
		r.step(updateAnswered{Peer: r.partnerName, Outcome: outcome})
	case "overflow":
		r.step(backlogOverflowed{})
	case "query":
		r.asked[rest]++
		r.step(queryLeft{Client: lease.Client{HWAddr: []byte(rest)}, Waited: time.Duration(r.asked[rest]-1) * 2 * time.Second})
	case "synchronized":
		r.step(syncDone{OK: true})
	case "not":
		if rest == "synchronized" {
			r.step(syncDone{Unreachable: true})
		} else {
			r.step(resetDone{})
		}
	case "partner":
		r.step(resetDone{OK: rest == "reset"})
	case "notified":
		result, err := strconv.Atoi(rest)
		r.step(notifyDone{Answered: err == nil, Result: result})
	case "command":
		r.command(rest)
	default:
		r.t.Fatalf("%s %s", verb, rest)
	}
}

func (r *replayed) report(s string) report {
	words := strings.Fields(s)
	state, ok := ParseState(words[0])
	require.True(r.t, ok, s)
	report := report{State: state, HasUnsent: true, Time: r.now}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "unsent":
			report.Unsent = uint64(n)
		case "skew":
			report.Time = r.now.Add(time.Duration(n) * time.Second)
		case "scopes":
			report.Scopes = strings.Split(value, ",")
		}
	}
	return report
}

// command takes a command and requires the recorded answer.
func (r *replayed) command(s string) {
	name, answer, _ := strings.Cut(s, ": ")
	r.reply = nil
	switch name {
	case "ha-reset":
		r.step(reset{})
	case "ha-continue":
		r.step(resume{})
	case "ha-maintenance-start":
		r.step(maintenanceStart{})
	case "ha-maintenance-cancel":
		r.step(maintenanceCancel{})
	case "ha-maintenance-notify begin":
		r.step(maintenanceNotify{})
	case "ha-maintenance-notify cancel":
		r.step(maintenanceNotify{Cancel: true})
	}
	if r.reply == nil && r.refused {
		r.step(notifyDone{})
	}
	if r.reply != nil {
		require.Equal(r.t, answer, fmt.Sprintf("%d %s", r.reply.Result, r.reply.Text), name)
	}
}

func (r *replayed) step(ev event) {
	for _, a := range r.Step(r.now, ev) {
		switch a := a.(type) {
		case stateChanged:
			partner := a.Partner.String()
			if r.partnerName == "" {
				partner = ""
			}
			r.changes = append(r.changes, strings.TrimSpace(fmt.Sprintf("%v %v %v", a.From, a.To, partner)))
		case sendHeartbeat:
			if r.refused {
				defer r.step(heartbeatFailed{})
			}
		case sendBacklog:
			defer r.step(backlogDone{OK: true})
		case synchronize:
			if r.state != StateSyncing {
				defer func() {
					r.step(syncDone{OK: true})
					r.heartbeat.out = true
					r.step(ev) // at once
				}()
			}
		case reply:
			r.reply = &a.Response
		}
	}
}
