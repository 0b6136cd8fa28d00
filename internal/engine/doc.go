// Package engine is what the engines of dhcp4 and dhcp6 have in common: what is
// decided about clients, leases and names whatever the messages look like.
package engine
