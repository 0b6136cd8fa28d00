package ha

import (
	"cmp"
	"fmt"
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

func keaFaults() []keaFault {
	return []keaFault{
		{
			"A clock that is wrong for a moment ends the cooperation",
			`normal operation never comes again: .*terminated.*`,
			"A server that finds the other's clock more than a minute off gives up cooperation, and so does the other. " +
				"When the clock is right again both must be restarted by hand. If one of them waits, it waits for ten minutes, serving nobody. " +
				"A server of ours behaves so with a Kea, too. Two of ours translate the times and go on.",
		}, {
			"While one has given up cooperation the other serves nobody",
			`nobody serves .*terminated.*`,
			"One of the two is in terminated and serves its own clients; the other one waits, and nobody serves those of it.",
		}, {
			"Who has given up cooperation serves without the leases",
			`server. begins to serve .* without what one was told: .*terminated.*`,
			"A server that has just started gives up cooperation for the other's clock before it has fetched the leases, and serves. " +
				"It can give an address to a client that is another's.",
		}, {
			"Maintenance leaves the clients to a server without their leases",
			`server. begins to serve .* without what one was told: .*partner-in-maintenance.*`,
			"ha-maintenance-start is accepted by a server that has just started and has not fetched the leases, and the other, which serves, " +
				"is sent to in-maintenance. An address can be given to two clients. A server of ours refuses to leave its clients to such a one, " +
				"whatever that is; a Kea is not protected by ours.",
		}, {
			"A lease that a client was told of never comes to the other server",
			`databases: a lease that a client was told of is missing`,
			"Whether leases are missing is guessed from whether the partner's count of unsent updates differs between two heartbeats, " +
				"and only in one state. A lease that is given while the partner fetches the others, or between two such heartbeats, is not fetched: " +
				"in normal operation one of the servers does not have it, and gives the address to another client when it takes over.",
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
			`server. begins to serve .* without what one was told: .*`,
			"It goes on by what it heard of the other before: what that has given out since then it does not know.",
		}, {
			"Nobody serves for longer than it takes to notice a failure",
			`nobody serves .*`,
			"A server that fetches leases holds the service of the other off; a server that comes back quickly leaves its clients without service until it is ready, " +
				"since the other does not serve them; and with fewer clients than max-unacked-clients a failure is never noticed.",
		}, {
			"Both serve the same clients",
			`both serve .*`,
			"Both serve the same clients for longer than an answer of the other may be old.",
		}, {
			"Both wait for each other",
			`normal operation never comes again: .*`,
			"Neither goes on without an operator.",
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
// and then the fewest events.
type finding struct {
	kinds, mode   string
	faults, steps int
}

func compareFindings(a, b finding) int {
	return cmp.Or(cmp.Compare(a.faults, b.faults), cmp.Compare(a.steps, b.steps), cmp.Compare(a.kinds, b.kinds), cmp.Compare(a.mode, b.mode))
}

// keaFaultsFile tells people of the faults, and a walk which it has to find.
const keaFaultsFile = "../docs/kea-faults.md"

var (
	findingText = regexp.MustCompile(`(?m)^\| (\S+/\S+) \| (\S+) \| (\d+) \| (\d+) \|$`)
	depthsText  = regexp.MustCompile(`-explore-depths (\S+)`)
)

// requireDocumented requires that a walk has found what the file says, as far
// as it went. One that went farther may find more of the same kinds.
func requireDocumented(t *testing.T, far []int, found map[string][]finding) {
	text, err := os.ReadFile(keaFaultsFile)
	require.NoError(t, err)
	written := depths(t, depthsText.FindStringSubmatch(string(text))[1])
	for faults, depth := range far {
		if faults >= len(written) || depth > written[faults] {
			return
		}
	}
	want := map[string][]finding{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		for _, m := range findingText.FindAllStringSubmatch(rest, -1) {
			f := finding{kinds: m[1], mode: m[2]}
			f.faults, _ = strconv.Atoi(m[3])
			f.steps, _ = strconv.Atoi(m[4])
			if f.faults < len(far) && f.steps <= far[f.faults] {
				want[name] = append(want[name], f)
			}
		}
	}
	for _, list := range found {
		slices.SortFunc(list, compareFindings)
	}
	require.Equal(t, want, found)
}

const keaFaultsHead = `# Faults of Kea's semantics

What a walk through every order of events finds where a Kea takes part: faults
not of its code but of the rules by which its servers cooperate. Between two
servers of this kind the same walk finds none of them. With a Kea for a partner
they remain, as far as they are said of ours/Kea and Kea/ours below: the first
one is server1, the primary.

The Kea of the walk is a model, written after Kea's tables and recordings
(ha/explore_kea_test.go). Times are short: heartbeat-delay 1 s,
max-response-delay 2 s, requests time out after 1 s. A table says for which
servers a fault is found, by how few faults and commands, and by how few events.
The trace is the shortest of them; "its time has come" is the end of a
heartbeat-delay or of max-response-delay. All of it is written, and required, by

    go test -count=1 -run '^TestEveryOrder$' ./ha -explore-depths %s

with -explore-write, and without.
`

func writeKeaFaults(t *testing.T, far []int, found map[string][]finding, traces map[string]map[finding]string) {
	var b strings.Builder
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(far), " ", ","), "[]")
	fmt.Fprintf(&b, keaFaultsHead, list)
	for _, f := range keaFaults() {
		all := found[f.name]
		if len(all) == 0 {
			continue
		}
		slices.SortFunc(all, compareFindings)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| servers | mode | faults | events |\n|---|---|---|---|\n", f.name, f.why)
		for _, at := range all {
			fmt.Fprintf(&b, "| %s | %s | %d | %d |\n", at.kinds, at.mode, at.faults, at.steps)
		}
		fmt.Fprintf(&b, "\n%s, %s:\n\n```\n%s```\n", all[0].kinds, all[0].mode, shorten(traces[f.name][all[0]]))
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
