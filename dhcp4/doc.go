// Package dhcp4 serves DHCPv4.
//
// A [Server] owns sockets and goroutines and asks a [Handler] for the reply to
// each query, in the manner of net/http: a handler is a function from query to
// reply, and middleware wraps it. The [Engine] is the handler that gives out
// leases (RFC 2131). It goes by a [Config], whose JSON is Kea's Dhcp4 object,
// so that a Kea configuration file is all it needs:
//
//	cfg, err := dhcp4.LoadConfig("kea-dhcp4.conf", nil)
//	if err != nil {
//		return err // every mistake in the file, a line for each
//	}
//	store, err := lease.Open("leases.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	engine, err := dhcp4.NewEngine(cfg, store, nil)
//	if err != nil {
//		return err
//	}
//	defer engine.Close()
//	listen := cfg.InterfacesConfig
//	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType()}
//	return server.Serve(ctx)
//
// Beside it [Engine.Run] cleans up after leases that have expired. A program
// may as well fill in a Config itself; the package's example does both.
//
// High availability enters at two places, both in [EngineOptions]: a [Gate]
// says which queries are this server's, and a [lease.Committer] makes leases
// safe before their clients hear of them.
//
// # Guarantees
//
//   - No reply that grants or ends a lease leaves before its Commit returned.
//   - No packet and no file makes a server panic or grow without bound; a panic
//     in a handler is contained to its query.
//   - When the context of Serve ends, queries in flight are answered and
//     everything has stopped when it returns. Close stops at once.
//   - What is configured and not supported is an error that names it.
//
// # When there is no answer
//
// To say nothing is often right, so it is no error. [Server.NotReady] says
// which interfaces are not served, [Server.Counters] what became of datagrams:
// those in Refused never reached the handler, those in Silent it did not want
// to answer. Why, the engine tells its logger at the level debug. [Server.Observe]
// is told of each datagram by itself, and how long it took.
//
// # Configuration
//
// Kea's dialect of JSON is read: comments from # or // to the end of the line
// and between /* and */, <?include "file"?>, a comma behind the last element.
// Whatever is wrong is reported at once, in a [*ConfigError], each problem
// with its path and its line and column:
//
//	kea-dhcp4.conf:12:5: valid-lifetme: unknown key
//	kea-dhcp4.conf:31:19: subnet4[0].pools[1].pool: 192.0.3.1-192.0.3.9 is not within the subnet 192.0.2.0/24
//	kea-dhcp4.conf:40:3: hosts-databases: is not supported: write the reservations into the file, under "reservations"
//
// Files of Kea 2.2 to 3.0 are taken, the older names of renamed members among
// them. [DefaultParams] has the defaults.
//
// Supported: the members of [Config] and of what it contains.
//
// Read without effect, because nothing here needs them: multi-threading,
// parked-packet-limit, reservations-lookup-first, server-tag, lfc-interval of
// lease-database, re-detect and service-sockets-* of interfaces-config,
// sanity-checks, and because DNS is not updated ddns-send-updates,
// ddns-update-on-renew, ddns-override-*, ddns-use-conflict-resolution,
// ddns-conflict-resolution-mode and ddns-ttl*.
//
// Refused, unless it is switched off (false, 0, empty):
//
//   - hosts-database, hosts-databases, config-control, and a lease-database
//     other than memfile or with "persist": false
//   - dhcp-ddns with "enable-updates": true, and what has moved out of it
//   - dhcp-queue-control with "enable-queue": true
//   - dhcp4o6-port, 4o6-interface, 4o6-interface-id, 4o6-subnet
//   - outbound-interface "use-routing"
//   - lease-checks "fix", "fix-del" and "del", and lenient-option-parsing
//   - template-test of client classes
//   - Kea's limits of subnets and classes: address-limit and rate-limit
//   - stash-agent-options and adaptive-lease-time-threshold
//   - http-headers of control sockets, and user-file, password-file and
//     directory of their authentication
//
// [ParseOptions] can make warnings of these, and say which libraries in
// hooks-libraries are supported. What becomes of loggers and of control sockets
// is for the program to say that assembles the server.
//
// # Limits
//
// Anybody can call itself by any number of names, and take an address with each.
// What keeps one host from having all of a pool is a limit of how many addresses
// the clients behind one port of a relay agent, and those behind one relay agent,
// have at a time. It is set as Kea's limits are, in a user-context: globally, for
// a shared network or for a subnet, each limit inherited from the level above
// unless it is set:
//
//	"store-extended-info": true,
//	"user-context": { "limits": { "port-address-limit": 8, "relay-address-limit": 2000 } }
//
// A port is what a relay agent, or a switch, calls by circuit-id and remote-id
// (RFC 3046), together with giaddr; a relay agent is a giaddr. What is counted
// are leases, whichever server has given them, declined addresses, and offers as
// long as they are held. A lease is counted by what it keeps of the relay agent,
// so there has to be store-extended-info; beside it the lease keeps giaddr, as
// relay-address. In a subnet with limits
//
//   - whoever has a lease is never refused it, nor what is reserved for it; both
//     are counted
//   - a client beyond a limit gets no offer, and a NAK where it insists; that is
//     counted as v4-allocation-fail-port-limit and v4-allocation-fail-relay-limit,
//     also for each subnet, and told of in a warning, of which there are at most
//     10 a second
//   - a client that asks by unicast, without a relay agent, for what it does not
//     have is not answered (v4-allocation-fail-no-relay): who has no lease has to
//     broadcast
//   - clients on a link of the server's own, without a relay agent or a switch
//     that says where they are, are not limited
//   - a limit of 0 lets nobody have anything new; for none where one is inherited
//     write 4294967295
//
// The count is that of all leases at the port or relay agent, in whatever subnet;
// it is compared with the limits of the subnet that an address would be of. A
// lease that was given before it kept these things, or by a Kea, which does not
// keep giaddr, is counted from when its client next asks by way of the relay
// agent. Two servers that do not hear each other may together give up to twice as
// much. And relay agents are believed: a network has to keep its clients from
// posing as one.
//
// # Caveats
//
//   - rapid-commit (RFC 4039) is a parameter of ours, global or of a shared
//     network or subnet, and off by default. Kea's Dhcp4 has none and refuses a
//     file that has it.
//   - Pools of two subnets must not have addresses in common, which Kea allows
//     if the subnets overlap.
//   - A server-hostname or boot-file-name that is too long to be sent is
//     refused; Kea notices when it is to send it.
//   - Kea wants the interfaces it is to serve to be there when it starts; here
//     they may come later.
//   - A client that can do without IPv4 (RFC 8925) is offered 0.0.0.0, as by Kea.
//     One that requests an address all the same is given it, as the RFC has it.
package dhcp4
