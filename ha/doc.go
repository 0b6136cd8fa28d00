// Package ha makes DHCP servers stand in for each other: it is a high
// availability peer of Kea's kind, for either protocol.
package ha
