package ha

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keaFault is a known fault of Kea's own semantics, which a walk finds where a
// Kea takes part.
type keaFault struct {
	name string
	says string // what a walk says of it, a regular expression
	why  string
}

// keaFaults are those that a walk finds, each with exactly the states in which it
// is found: whatever is not said here is unknown, and fails the test.
func keaFaults() []keaFault {
	const (
		never  = `normal operation never comes again: `
		nobody = `nobody serves the clients of server[12]: `
		begins = `server[12] begins to serve the clients of server[12] without what one was told: `
	)
	return []keaFault{
		{
			"A clock that is wrong for a moment ends the cooperation",
			never + `(terminated/terminated|waiting/terminated|terminated/waiting)`,
			"A server that finds the other's clock more than a minute off gives up cooperation, and so does the other. " +
				"When the clock is right again both must be restarted by hand. If one of them waits, it waits for ten minutes, serving nobody. " +
				"A server of ours behaves so with a Kea, too. Two of ours translate the times and go on.",
		}, {
			"Refused leases end the cooperation",
			never + `terminated/terminated, after a lease was refused`,
			"A server whose partner refuses the leases of too many clients gives up cooperation, and so does the other, until both are restarted by hand. " +
				"Of ours and a Kea either does so; two of ours set a refused lease aside.",
		}, {
			"While one has given up cooperation the other serves nobody",
			nobody + `(waiting/terminated|terminated/waiting)`,
			"One of the two is in terminated and serves its own clients; the other one waits, for up to ten minutes, and nobody serves those of it.",
		}, {
			"Who has given up cooperation serves without the leases",
			begins + `(terminated/terminated(, after a lease was refused)?|terminated/partner-down|partner-down/terminated)`,
			"A server that has just started gives up cooperation, for the other's clock or since it has refused the other a lease, " +
				"before it has all leases, and serves. It can give an address to a client that is another's.",
		}, {
			"Maintenance leaves the clients to a server without their leases",
			begins + `(partner-in-maintenance/in-maintenance|partner-in-maintenance/in-maintenance \(held off\)|` +
				`in-maintenance/partner-in-maintenance|in-maintenance \(held off\)/partner-in-maintenance)`,
			"ha-maintenance-start is accepted by a server that has just started and has not fetched the leases, and the other, which serves, " +
				"is sent to in-maintenance. An address can be given to two clients. A server of ours refuses to leave its clients to such a one, " +
				"whatever that is; a Kea is not protected by ours.",
		}, {
			"A failed disk leaves the clients to a server without their leases",
			begins + `(waiting \(store failed\)/partner-down|partner-down/waiting \(store failed\))`,
			"A server of ours whose disk has failed serves nobody, and does not answer a Kea, so that this takes over. " +
				"One that has just started does so, too, before it has fetched the leases: it cannot be told that it should not.",
		}, {
			"A lease that a client was told of never comes to the other server",
			`databases: a lease that a client was told of is missing`,
			"Whether leases are missing is guessed from whether the partner's count of unsent updates differs between two heartbeats, " +
				"and only in one state. A lease that is given while the partner fetches the others, or between two such heartbeats, is not fetched: " +
				"in normal operation one of the servers does not have it, and gives the address to another client when it takes over. " +
				"A server of ours compares with the count as of its last fetch, and fetches again before it goes on; but a Kea that starts anew counts from nothing.",
		}, {
			"A lease that is given back stays at the other server",
			`databases: a lease that was given back is still there`,
			"A release does not move the time of the client's last transaction, by which leases are compared; one that the partner " +
				"was not told of is not told by a synchronization either. The address is not free there until the lease expires.",
		}, {
			"A lease that no client was told of stays on one server",
			`databases: a lease that no client was told of is on one server only`,
			"The partner did not acknowledge the lease, so the client was told nothing. It stays in the database, and nothing tells the partner later. " +
				"A client that asks again is answered from it, and then the partner lacks a lease that is in use.",
		}, {
			"A server serves again before it has heard what the other gave out",
			begins + `(hot-standby/hot-standby|hot-standby/ready|load-balancing/load-balancing|load-balancing/ready|ready/load-balancing)`,
			"It goes on by what it heard of the other before: what that has given out since then it does not know.",
		}, {
			"Nobody serves after a synchronization and a maintenance",
			nobody + `partner-down/in-maintenance`,
			"A server in partner-down stops serving when the other has fetched the leases, until its state changes or a heartbeat fails. " +
				"The other may go back to in-maintenance meanwhile, by an answer from before the maintenance was cancelled: then neither happens.",
		},
	}
}

// faultOf returns the name of the known fault that x is; empty: it is none.
func faultOf(x wrong) string {
	for _, f := range keaFaults() {
		if regexp.MustCompile("^(" + f.says + ")$").MatchString(string(x)) {
			return f.name
		}
	}
	return ""
}

// finding is by what a fault is found first: the fewest faults and commands,
// then the fewest choices out of turn, and so many events.
type finding struct {
	kinds, mode          string
	faults, turns, steps int
}

func compareFindings(a, b finding) int {
	return cmp.Or(cmp.Compare(a.faults, b.faults), cmp.Compare(a.turns, b.turns), cmp.Compare(a.steps, b.steps),
		cmp.Compare(a.kinds, b.kinds), cmp.Compare(a.mode, b.mode))
}

// findings are those of each known fault, with the way to them.
type findings map[string]map[finding]string

// note notes what a walk has found, unless one with fewer faults has. It says
// whether that is a known fault.
func (f findings) note(w *exploration, x wrong) bool {
	name := faultOf(x)
	if name == "" {
		return false
	}
	root := w.roots[0]
	at := finding{fmt.Sprint(root.kinds), string(root.mode), int(root.faults), w.turns(x), w.steps(x)}
	for earlier := range f[name] {
		if earlier.kinds == at.kinds && earlier.mode == at.mode {
			return true
		}
	}
	if f[name] == nil {
		f[name] = map[finding]string{}
	}
	f[name][at] = w.trace(x)
	return true
}

// of returns the findings of a fault in their order.
func (f findings) of(name string) []finding {
	return slices.SortedFunc(maps.Keys(f[name]), compareFindings)
}

// keaFaultsFile tells people of the faults, and a walk which it has to find.
const keaFaultsFile = "../docs/kea-faults.md"

var (
	findingText = regexp.MustCompile(`(?m)^\| (\S+/\S+) \| (\S+) \| (\d+) \| (\d+) \| (\d+) \|$`)
	depthsText  = regexp.MustCompile(`-explore-kea-depths (\S+)`)
)

// requireDocumented requires that a walk has found what the file says, as far
// as it went. One that went farther may find more of the same kinds.
func requireDocumented(t *testing.T, far []int, found findings) {
	text, err := os.ReadFile(keaFaultsFile)
	require.NoError(t, err)
	written := depths(t, depthsText.FindStringSubmatch(string(text))[1])
	for faults, depth := range far {
		if faults >= len(written) || depth > written[faults] {
			return
		}
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		var want []finding
		for _, m := range findingText.FindAllStringSubmatch(rest, -1) {
			f := finding{kinds: m[1], mode: m[2]}
			for i, n := range []*int{&f.faults, &f.turns, &f.steps} {
				*n, err = strconv.Atoi(m[3+i])
				require.NoError(t, err)
			}
			if f.faults < len(far) && f.turns <= far[f.faults] {
				want = append(want, f)
			}
		}
		require.Equal(t, want, found.of(name), name)
		delete(found, name)
	}
	require.Empty(t, found, "not documented")
}

const keaFaultsHead = `# Faults of Kea's semantics

What a walk through the orders of events finds where a Kea takes part: faults
not of its code but of the rules by which its servers cooperate. Between two
servers of this kind the same walk finds none of them. With a Kea for a partner
they remain, as far as they are said of ours/Kea and Kea/ours below: the first
one is server1, the primary.

The Kea of the walk is a model, written after Kea's tables and recordings
(ha/explore_kea_test.go). Times are short: heartbeat-delay 1 s,
max-response-delay 2 s, requests time out after 1 s, and one refused lease is
too many. A table says for which servers a fault is found, by how few faults and
commands, by how few choices out of turn besides, and after how many events. The
trace is the first of them; "its time has come" is the end of a heartbeat-delay
or of max-response-delay. All of it is written, and required, by

    go test -count=1 -run '^TestEveryOrder$' ./ha -explore-kea-depths %s

with -explore-write, and without.
`

func writeKeaFaults(t *testing.T, far []int, found findings) {
	var b strings.Builder
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(far), " ", ","), "[]")
	fmt.Fprintf(&b, keaFaultsHead, list)
	for _, f := range keaFaults() {
		all := found.of(f.name)
		if len(all) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| servers | mode | faults | out of turn | events |\n|---|---|---|---|---|\n", f.name, f.why)
		for _, at := range all {
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d |\n", at.kinds, at.mode, at.faults, at.turns, at.steps)
		}
		fmt.Fprintf(&b, "\n%s, %s:\n\n```\n%s```\n", all[0].kinds, all[0].mode, shorten(found[f.name][all[0]]))
	}
	require.NoError(t, os.WriteFile(keaFaultsFile, []byte(b.String()), 0o644))
}

// shorten cuts a trace where it only repeats itself.
func shorten(trace string) string {
	lines := strings.SplitAfter(trace, "\n")
	const enough = 60
	if len(lines) > enough {
		return strings.Join(lines[:enough], "") + "          ...\n"
	}
	return trace
}
