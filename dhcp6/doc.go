// Package dhcp6 serves DHCPv6 (RFC 9915).
//
// A [Server] owns sockets and goroutines and asks a [Handler] for the reply to
// each query, in the manner of net/http: a handler is a function from query to
// reply, and middleware wraps it. What relay agents have put around a query, and
// have to have around the reply, is the server's business. The [Engine] is the
// handler that gives out leases, of addresses and of prefixes. It goes by a
// [Config], whose JSON is Kea's Dhcp6 object, so that a Kea configuration file
// is all it needs:
//
//	cfg, err := dhcp6.LoadConfig("kea-dhcp6.conf", nil)
//	if err != nil {
//		return err // every mistake in the file, a line for each
//	}
//	store, err := lease.Open("leases6.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	engine, err := dhcp6.NewEngine(cfg, store, nil)
//	if err != nil {
//		return err
//	}
//	defer engine.Close()
//	server := &dhcp6.Server{Handler: engine, Interfaces: cfg.InterfacesConfig.Interfaces}
//	return server.Serve(ctx)
//
// Beside it [Engine.Run] cleans up after leases that have expired. A program
// may as well fill in a Config itself; the package's example does both.
//
// High availability enters at two places, both in [EngineOptions]: a [Gate]
// says which queries are this server's, and a [lease.Committer] makes leases
// safe before their clients hear of them.
//
// The DUID that clients know the server by is made when it first starts, and
// kept with the leases, as they are renewed with the server of that name. A
// server in the place of a Kea can have Kea's ([lease.OpenMemfile]), the two of
// a pair have two. A copy of the leases for another server has it too; there it
// is to be set anew ([lease.Store.SetServerID], or server-id in the
// configuration).
//
// # Guarantees
//
//   - No reply that grants or ends a lease leaves before its Commit returned.
//     All leases of one query are committed together, or none is.
//   - What the configuration takes from a client, because it is reserved for
//     another now, say, is given to nobody for another minute: the client uses
//     it until it has heard of that.
//   - No packet and no file makes a server panic or grow without bound; a panic
//     in a handler is contained to its query. What bounds the leases are the
//     pools, as anybody on a link can call itself by any number of DUIDs: a pool
//     of all addresses of a /64 is no bound, one of a million is. How much of it
//     one host can have is for the limits to say. So that registered addresses
//     (RFC 9686) have a bound, too, a client can register 256, all clients of a
//     subnet together 65,536, and none of them for more than 30 days before it is
//     registered anew.
//   - When the context of Serve ends, queries in flight are answered and
//     everything has stopped when it returns. Close stops at once.
//   - What is configured and not supported is an error that names it.
//
// # When there is no answer
//
// To say nothing is often right, so it is no error. [Server.NotReady] says
// which interfaces are not served, [Server.Counters] what became of datagrams:
// those in Refused never reached the handler, those in Silent it did not want
// to answer. Why, the engine tells its logger at the level debug. A client that
// is answered NoAddrsAvail or NoPrefixAvail is a warning there: it may be on a
// link without a subnet. For clients that no relay agent stands for, subnets
// have to name their interface. [Server.Observe] is told of each datagram by
// itself, and how long it took.
//
// # Configuration
//
// Kea's dialect of JSON is read: comments from # or // to the end of the line
// and between /* and */, <?include "file"?>, a comma behind the last element.
// Whatever is wrong is reported at once, in a [*ConfigError], each problem
// with its path and its line and column:
//
//	kea-dhcp6.conf:12:5: valid-lifetme: unknown key
//	kea-dhcp6.conf:31:19: subnet6[0].pd-pools[0].delegated-len: 40 is less than prefix-len, which is 48
//	kea-dhcp6.conf:40:3: hosts-databases: is not supported: write the reservations into the file, under "reservations"
//
// Files of Kea 2.2 to 3.0 are taken, the older names of renamed members among
// them. [DefaultParams] has the defaults.
//
// Supported: the members of [Config] and of what it contains.
//
// Read without effect, because nothing here needs them: multi-threading,
// parked-packet-limit, reservations-lookup-first, server-tag, data-directory,
// lfc-interval of lease-database, re-detect and service-sockets-* of
// interfaces-config, sanity-checks, raw of mac-sources, and because DNS is not
// updated ddns-send-updates, ddns-update-on-renew, ddns-override-*,
// ddns-use-conflict-resolution, ddns-conflict-resolution-mode and ddns-ttl*.
//
// Refused, unless it is switched off (false, 0, empty):
//
//   - hosts-database, hosts-databases, config-control, and a lease-database
//     other than memfile or with "persist": false
//   - dhcp-ddns with "enable-updates": true, and what has moved out of it
//   - dhcp-queue-control with "enable-queue": true
//   - dhcp4o6-port
//   - lease-checks "fix", "fix-del" and "del", and lenient-option-parsing
//   - template-test of client classes
//   - Kea's limits of subnets and classes: address-limit, prefix-limit, rate-limit
//   - adaptive-lease-time-threshold
//   - http-headers of control sockets, and user-file, password-file and
//     directory of their authentication
//
// [ParseOptions] can make warnings of these, and say which libraries in
// hooks-libraries are supported. What becomes of loggers and of control sockets
// is for the program to say that assembles the server.
//
// Unlike Kea's, pools of two subnets must not have addresses or prefixes in
// common; prefixes to delegate and reserved ones must not have bits set beyond
// their length, which Kea 3 refuses, too; and interfaces may come later. A
// server-id of type UUID is ours: Kea would refuse the file.
//
// # Limits
//
// Anybody can call itself by any number of DUIDs, and take addresses and prefixes
// with each. What keeps one host from having all of a pool is a limit of how many
// the clients behind one port of a relay agent, and those behind one relay agent,
// have at a time. It is set as Kea's limits are, in a user-context: globally, for
// a shared network or for a subnet, each limit inherited from the level above
// unless it is set:
//
//	"store-extended-info": true,
//	"user-context": { "limits": { "port-address-limit": 16, "port-prefix-limit": 2,
//		"relay-address-limit": 4000, "relay-prefix-limit": 500 } }
//
// A port is what the relay agent next to the client calls by Interface-Id and
// Remote-Id, together with its link-address and the relay agent that counts. That
// is the one next to the server: those behind it may be clients that claim to be
// some. It is known by its link-address or, if that is not set and it has
// forwarded what another one has, by the peer-address, which is the other's. What
// is counted are leases, whichever server has given them, declined addresses,
// offers as long as they are held, and addresses of pools that clients have
// registered. A lease is counted by what it keeps of the relay agents, so there
// has to be store-extended-info. In a subnet with limits
//
//   - whoever has a lease is never refused it, nor what is reserved for it; both
//     are counted
//   - an identity association beyond a limit is answered NoAddrsAvail or
//     NoPrefixAvail; that is counted as v6-allocation-fail-port-limit and
//     v6-allocation-fail-relay-limit, also for each subnet, and told of in a
//     warning, of which there are at most 10 a second
//   - clients on a link of the server's own are not limited
//   - a limit of 0 lets nobody have anything new; for none where one is inherited
//     write 4294967295
//
// The count is that of all leases at the port or relay agent, in whatever subnet;
// it is compared with the limits of the subnet that something would be of. A
// lease that was given before it kept these things is counted from when its
// client next asks by way of the relay agent. Two servers that do not hear each
// other may together give up to twice as much. And relay agents are believed: a
// network has to keep its clients from posing as one that the server takes
// messages from.
//
// # Caveats
//
//   - Reconfigure messages are not sent, and clients are not told to accept
//     them: what has changed they learn when they renew.
//   - As RFC 9915 has no temporary addresses any more, an IA_TA is ignored, and
//     there is no Server Unicast option. Authentication and DNS updates are not
//     supported; clients that ask for updates are told that there are none.
//   - As in Kea, an identity association is given one address or prefix, and a
//     Renew or Rebind makes new bindings where it can. One that has more, from a
//     partner say, keeps them.
//   - The preference option is one of option-data as any other. Clients do not
//     ask for it (RFC 9915, section 21.7), so here as in Kea it is only sent with
//     "always-send": true.
//   - Where Kea departs from RFC 9915 the RFC counts. An address of another link
//     in a Request is answered NotOnLink; a Confirm or Rebind from a link that
//     no subnet is configured for is not answered; a Release or Decline
//     succeeds, with NoBinding for identity associations that are not known; and
//     T1 and T2 are the same for all that a reply grants. Anycast addresses, such
//     as the first of a subnet, are not assigned to who has none of them already.
package dhcp6
