// Package engine is what the engines of dhcp4 and dhcp6 have in common: the
// parts they are made of (Core) and the way of a query through them (Serve), and
// what is decided about clients, leases and names whatever the messages look
// like.
package engine
