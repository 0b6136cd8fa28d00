// Package dhcpha holds no code, but the way into this module: a library for
// DHCP servers that survive the loss of one.
//
// # Idea
//
// A program that imports it serves DHCPv4 or DHCPv6 and keeps its leases in one
// file, in the same process. Two such programs replicate their leases and take
// over for each other. To the outside they are Kea: they read its configuration,
// answer its commands, and the partner of one may be a Kea server.
//
// One sentence rules everything else: a lease is durable before its client
// hears of it. The engine hands each lease to a Committer (see package lease)
// and waits; only when that returns does the reply leave. What makes it fast is
// that many queries wait at the same time for one write to the disk.
//
// A pair is no more than that: for one of two servers the Committer is an
// ha.Service, which returns when the lease is on both disks. The same Service
// is asked before the engine which queries are this server's.
//
// # Packages
//
//   - [github.com/dhcpha/dhcpha/dhcp4]: the DHCPv4 server. A Server owns the
//     sockets and asks a Handler for each reply, in the manner of net/http;
//     the Engine is the Handler that gives out leases.
//   - [github.com/dhcpha/dhcpha/dhcp6]: the DHCPv6 server, with the same parts
//     under the same names.
//   - [github.com/dhcpha/dhcpha/ha]: what makes a server one of a pair, or of
//     more, whatever engine it has. What a pair promises, and what it cannot,
//     is written there. Below it are hametrics, what Prometheus is told of a
//     server, hastatus, a page that shows how a pair is, and hatest, a pair in
//     memory for tests of programs that use it.
//   - [github.com/dhcpha/dhcpha/ctrl]: Kea's control channel, both ends of it.
//   - [github.com/dhcpha/dhcpha/lease]: what a lease is, the durable store,
//     pools, expiry, and Kea's lease files.
//   - [github.com/dhcpha/dhcpha/hash]: which of several servers answers a
//     client, without asking the others (RFC 3074).
//
// Each stands alone: a package imports only packages further down this list,
// and dhcp4, dhcp6 and ha do not know each other, so an author of a DHCP server
// takes ha and lease without them. They keep no global state, and start no
// goroutine that the end of a context or a Close does not end.
//
// # A complete program
//
// This serves what a Kea configuration file says until it is interrupted:
//
//	func main() {
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
//		defer stop()
//		if err := serve(ctx, "kea-dhcp4.conf", "leases.db"); err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func serve(ctx context.Context, config, leases string) error {
//		cfg, err := dhcp4.LoadConfig(config, nil)
//		if err != nil {
//			return err // all mistakes, each with its line
//		}
//		store, err := lease.Open(leases, nil)
//		if err != nil {
//			return err
//		}
//		defer store.Close()
//		engine, err := dhcp4.NewEngine(cfg, store, nil)
//		if err != nil {
//			return err
//		}
//		defer engine.Close()
//
//		ctx, cancel := context.WithCancel(ctx)
//		var tasks sync.WaitGroup
//		defer tasks.Wait()
//		defer cancel()
//		tasks.Go(func() { engine.Run(ctx) }) // reclaims what has expired
//
//		listen := cfg.InterfacesConfig
//		server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType()}
//		return server.Serve(ctx)
//	}
//
// With dhcp6 in the place of dhcp4, and without the socket type, it is a DHCPv6
// server.
//
// # One of a pair
//
// What the two servers are to each other stands in the same file, as parameters
// of the hook library libdhcp_ha: Hook of dhcp4.ParseOptions is given them, and
// ha.ParseConfigs reads them. With these relationships a few lines more make it
// one of a pair:
//
//	pair, err := ha.New(relationships, store, nil)
//	...
//	engine, err := dhcp4.NewEngine(cfg, store, &dhcp4.EngineOptions{
//		Gate: pair, Committer: pair, Background: pair.Background(), Reclaims: pair.Reclaims,
//	})
//	...
//	tasks.Go(func() { pair.Run(ctx, nil, engine.Subnets()) })
//
// With dhcp6 in the place of dhcp4, Family of ha.Options has to be ctrl.V6.
//
// Programs to copy whole are in the examples folder: shortest is one of a pair
// in 19 lines beside imports, hotstandby the same for a product in about 100,
// failoverd a server to install, leasewatch a backup server that shows every
// lease, and failover shows itself without privileges.
package dhcpha
