// Package dhcp6 serves DHCPv6 (RFC 9915).
package dhcp6
