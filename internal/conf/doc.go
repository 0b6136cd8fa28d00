// Package conf is what the configurations of both families have in common:
// the objects that are the same in Kea's Dhcp4 and Dhcp6, which dhcp4 and dhcp6
// have as aliases, and the checks of what only looks alike.
package conf
