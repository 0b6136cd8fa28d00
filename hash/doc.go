// Package hash lets DHCP servers share clients without talking to each other:
// RFC 3074, the load balancing algorithm of DHCP failover and of Kea.
//
// What identifies a client, its service transaction identifier, is hashed to
// one of 256 buckets. Each server knows which buckets are its own.
//
//	mine := hash.Share(0, 2) // the first of two servers
//	if h, ok := hash.V4(clientID, hwAddr); ok && mine.Contains(h) {
//		// the query is ours
//	}
//
// # Guarantees
//
// The hash is that of RFC 3074, section 6, and [Share] divides the buckets as
// Kea does, so that a server of this library and a Kea server agree on every
// client. Nothing here allocates, and no input panics.
//
// # Caveats
//
// A client that sends a client identifier at one time and none at another (a
// boot loader and the system it starts, say) is two clients.
//
// The hash is no protection: a client can choose its identifier and so its
// server.
package hash
