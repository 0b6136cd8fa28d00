// Package dhcp4 serves DHCPv4.
package dhcp4
