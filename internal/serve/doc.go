// Package serve is what the servers of DHCPv4 and DHCPv6 have in common: the
// sockets on the interfaces of a host as these come and go, the goroutines
// that read queries, answer them and write replies, and what is counted. It
// knows IP and UDP; the messages are the business of a [Protocol].
package serve
