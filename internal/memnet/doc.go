// Package memnet is a network in memory, for tests in a bubble of
// testing/synctest: connections that carry bytes in order, as TCP does, and
// datagrams. Whatever takes time takes that of the bubble.
//
//	n := memnet.New()
//	server, client := n.Host("192.0.2.1"), n.Host("192.0.2.2")
//	listener, err := server.Listen("tcp", "192.0.2.1:80")
//	conn, err := client.Dial(ctx, "tcp", "192.0.2.1:80")
//	n.Set("192.0.2.2", "192.0.2.1", memnet.Stalls) // the cable is cut, one way
//	server.PowerOff()                              // and the other end says nothing any more
//
// What is cut lets nothing through and tells nobody.
//
// In a Net of New things take no time unless SetLatency says so, and what has
// stalled arrives the moment that its way is good again. That suits tests which
// count on exact instants. In one of Seeded each thing that travels takes a
// time of its own, which depends on nothing but the seed, its way and how many
// were sent before it, so that what happens can be repeated; what is lost of a
// connection is sent again when TCP would do so.
package memnet
