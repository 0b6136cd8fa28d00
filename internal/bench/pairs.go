package main

import "fmt"

// pairs measures how many leases a second pairs give out, in each mode ours and
// Kea's.
func (f family) pairs(s *tb, o options, modes ...string) report {
	p := o.programs(s)
	var subjects []subject
	for _, mode := range modes {
		for _, k := range []kind{ours, keaTuned, keaShipped} {
			subjects = append(subjects, newPair(s, p, f, mode, k).subject())
		}
	}
	if f.root == "Dhcp4" {
		subjects = append(subjects, newPair(s, p, f, "hot-standby", ours, keaTuned).subject())
	}
	subjects = append(subjects, f.stateless(s, p))
	results := o.measure(s, p.load, subjects)
	return report{text: f.rows(results) + "\n" + f.promises(true), goals: f.pairGoals(results, modes)}
}

// pairGoals are the goals of pairs. The first mode is hot-standby; the last two
// results of DHCPv4 are ours with a standby of Kea's, and the stateless
// responder.
func (f family) pairGoals(results []result, modes []string) []goal {
	var goals []goal
	for i, mode := range modes {
		r := results[3*i:]
		goals = append(goals, over(fmt.Sprintf("exchanges a second of a pair in %s (%s), over the Kea pair", mode, f.name), atLeast(6, " times"), r[0], r[1:3]))
	}
	if f.root == "Dhcp6" {
		return goals // what is asked of pairs of another kind is asked of DHCPv4
	}
	mixed, stateless := results[len(results)-2], results[len(results)-1]
	return append(goals,
		over("exchanges a second of a pair in hot-standby, over the stateless responder", atLeast(.5, " times"), results[0], []result{stateless}),
		over("exchanges a second of ours with a Kea as standby, over the Kea pair", atLeast(1.3, " times"), mixed, results[1:3]))
}
