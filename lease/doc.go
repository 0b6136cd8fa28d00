// Package lease keeps DHCP leases: what a lease is, and a durable store of them.
package lease
