// Package dhcpha is an embeddable library for DHCP high availability.
package dhcpha
