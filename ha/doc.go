// Package ha makes DHCP servers stand in for each other: a server of a pair
// (or of more) whose leases are with the others before a client is told of
// them, and which takes over when its partner is gone. On the wire it is a peer
// of Kea's high availability, so that the partner may be another program built
// on this library or an unmodified Kea server, from 2.2 on. One implementation
// serves DHCPv4 and DHCPv6; it knows no packets.
//
// A Service stands at two places in a DHCP server: Admit says which queries are
// this server's, Commit makes a lease change safe before the reply leaves.
//
//	cfgs, err := ha.ParseConfigs(parameters, nil) // those of Kea's libdhcp_ha
//	if err != nil {
//		return err
//	}
//	pair, err := ha.New(cfgs, store, &ha.Options{Switch: service, Logger: logger})
//	if err != nil {
//		return err
//	}
//	pair.Register(mux) // ha-heartbeat and its kin, beside the program's own commands
//	go pair.Run(ctx, mux, subnets)
//
//	classes, serve := pair.Admit(client, waited, nil) // for each query
//	err = pair.Commit(ctx, lease.Change{Lease: l})    // before each reply
//
// # What the DHCP server has to do
//
//  1. Ask Admit before it looks at a query about leases, and leave the query
//     alone if that says no.
//  2. Hand every change of a lease to Commit before it replies, and not reply if
//     that returns an error. Before it replies with a lease that it need not
//     change, ask Confirmed: an earlier Commit may have failed half way.
//  3. Reclaim expired leases by Background, and only those that Reclaims names.
//  4. Have Run running while it serves, and close the store after it.
//
// The engines of dhcp4 and dhcp6 do so if they are given the Service; for dhcp6
// its Family has to be ctrl.V6. The example of Service is an engine of one's own
// (example_engine_test.go).
//
// [Service.Status] says how things are, for people and for metrics: states, what
// is not with the others yet, conflicts. [Options] has what is called when a state
// changes (OnState), a lease comes from a peer (OnUpdate), or a commit ends, with
// how long it took (OnCommit).
//
// How a server behaves is decided by a state machine without a clock and a
// network, which is told what has happened and says what is to be done; Service
// is what does it. So tests walk two of them through every order of events.
//
// # Guarantees
//
// What an acknowledged lease survives depends on the state. A lease whose Commit returned nil is on this host's disk. It is also on
//
//   - the partner's disk in hot-standby, load-balancing and
//     partner-in-maintenance, unless the partner is a server of this kind that
//     has just returned and is being brought up to date: then it follows within
//     moments;
//   - every backup's with wait-backup-ack;
//   - nobody else's in communication-recovery, partner-down, terminated and
//     passive-backup: the partner is given it when it is back. What is given out
//     while communication-recovery ends follows within moments.
//
// A Commit that returned an error may have happened on either side. The client
// must not be told, and will ask again.
//
// # Between two of this kind
//
// They find out by the answers to their heartbeats and then do what Kea cannot.
// Every change, removals too, goes to the other by its number in the history of
// the store, until the other has it on disk; after an outage only what changed
// is sent, and nobody's service is held off for that. Clocks may differ. A
// primary whose standby is silent serves on. A server that cannot write leases
// leaves its clients to the other. Terminated and in-maintenance do not need a
// person to end. Each reclaims its own clients' leases only.
//
// # Caveats
//
// Two servers that cannot reach each other cannot both be right. If each takes
// the other for dead, both serve all clients, and both may give an address to a
// client of their own: that is so with Kea, and here too, since it is what
// answers clients when a partner has really died. In hot-standby it takes a cut
// between the servers that both reach clients; a standby waits for
// max-unacked-clients to go unanswered, which are answered as long as the
// primary serves, unless that is 0. What prevents it for certain is
// auto-failover false, at the standby or, in load-balancing, at both: such a
// server does not serve the other's clients unless an administrator says so
// (ha-scopes, ha-maintenance-start). When the two meet again the newer lease of
// each address is kept, by both, and the other client is refused at its next
// renewal. If a clock is set while they are apart, what that server decided before
// has the wrong time, and may be taken for the older.
//
// In load-balancing the servers give addresses at the same time, so every pool
// must be guarded by the class of one of them (HA_ and its name). With a Kea for
// a partner a server stays off unless they are, see Options.Unguarded.
//
// In DHCPv6 each server has a DUID of its own, and clients renew with the server
// of that name only. Those of a server that is gone are answered by the other
// when they rebind (rebind-timer of the configuration) or start anew. So rebind
// well before the preferred lifetime ends.
//
// With a Kea for a partner its own rules hold. After an outage of this server
// it hands over leases but no removals, so one that was given back to it
// meanwhile stays here until it expires; after an outage of its own it is told
// of removals, too. This server serves on while it fetches the leases of a Kea
// that has returned, and tells it afterwards what it has given out by then:
// with a slow Kea that takes seconds. A Kea that fetches holds the other's
// service off; an update that it refuses stays with this server alone; clocks
// that differ by more than a minute end the cooperation until both are
// restarted. A Kea 2.2 listens at its url only if Dhcp4 or Dhcp6 enables
// multi-threading, too; without that the url must be that of its control agent.
package ha
