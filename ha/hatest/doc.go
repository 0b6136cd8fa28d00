// Package hatest tests what becomes of DHCP clients when servers, networks,
// disks and clocks fail: a whole pair of servers with the real [ha.Service], or
// a hub, or backups, all in memory and in a bubble of testing/synctest, where an
// hour of protocol time costs nothing. It is meant for programs that are built
// on package ha; those on this library's own engines are such programs, too.
//
//	func TestFailover(t *testing.T) {
//		hatest.Run(t, hatest.Config{Start: start}, func(w *hatest.World) {
//			w.Start()
//			w.UntilState(time.Minute, ha.StateHotStandby)
//			w.UntilServed(time.Minute, w.Crowd(20)...)
//			w.Node("server1").Kill()
//			w.Sleep(2 * time.Hour) // in which all clients renew their leases
//			w.UntilServed(0, w.Crowd(20)...)
//			w.Node("server1").Start()
//			w.Settle(time.Minute)
//		})
//	}
//
// start makes a [Program] of the server under test: it gives package ha and
// package lease what the [Node] has for them, and answers a [Query]. Without it
// the small server of this package runs. The package's example shows all of it.
//
// # What is simulated
//
//   - The network: what goes from one end to another takes time, is lost,
//     duplicated, overtaken or cut, one way or both.
//   - Disks, which are full, slow, or lie; and the loss of what was not synced.
//   - Wall clocks, which are set and drift. What ha measures it measures by the
//     clock of the bubble.
//   - Clients, which ask again as RFC 2131 and RFC 9915 have it.
//
// # What is checked
//
// Each run is watched, whatever the test does. It fails if a lease is
// acknowledged that is not on the disk of the server which does so or, where the
// state demands it, on its partner's; if one that was acknowledged is not there
// any more; if two servers come to normal operation with each other and one does
// not have what the other has acknowledged; if an address is acknowledged to a
// client while another may still use it; and if a goroutine is left.
// [World.Settle] also demands that all servers end up with the same leases.
// [World.Report] has the figures.
//
// # Random walks
//
// [Walk] plays a random [Script] of faults of all kinds, with clients, and checks
// that the servers recover. If that fails it prints the seed, the shortest script
// which fails in the same way, and the trace of that:
//
//	func TestWalks(t *testing.T) {
//		for seed := range uint64(1000) {
//			hatest.Walk(t, hatest.Config{Seed: seed, Start: start})
//		}
//	}
//
// A script is a text, a line for each step. [Replay] plays one as Walk does, so
// that what a walk has found can be kept as a test; [World.Play] is for tests
// that do more:
//
//	func TestFoundByWalks(t *testing.T) {
//		hatest.Replay(t, hatest.Config{Seed: 42, Start: start}, `
//			0s clients 8
//			12.5s disk server2 full
//			14s kill server1`)
//	}
//
// # Hubs and backups
//
// [Pair] adds backups. A hub is a host that several relationships name, each by
// another name, and then each subnet says which it belongs to:
//
//	a, b := hatest.Pair(ha.HotStandby, 0), hatest.Pair(ha.HotStandby, 0)
//	a.Peers[0].Name, a.Peers[0].URL = "spoke1", "http://192.0.2.11:8000/"
//	b.Peers[0].Name, b.Peers[0].URL = "spoke2", "http://192.0.2.12:8000/"
//	a.Peers[1].Name, b.Peers[1].Name = "hub1", "hub2" // both at server2's url
//	cfg := hatest.Config{Relationships: []*ha.Config{a, b}, Subnets: hatest.Subnets{
//		{Subnet: ctrl.Subnet{ID: 1, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Server: "spoke1"}},
//		{Subnet: ctrl.Subnet{ID: 2, Prefix: netip.MustParsePrefix("203.0.113.0/24"), Server: "spoke2"}},
//	}}
//
// # Caveats
//
// A run is repeated by its Seed as long as nothing in the program under test
// depends on anything else: the order in which goroutines run that wait for the
// same instant, of maps, or of random numbers of its own.
//
// Only a lease file that was opened by [Node.OpenStore] can be looked into.
package hatest
