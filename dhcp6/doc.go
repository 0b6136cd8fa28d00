// Package dhcp6 serves DHCPv6 (RFC 9915).
//
// # Configuration
//
// Kea's dialect of JSON is read: comments from # or // to the end of the line
// and between /* and */, <?include "file"?>, a comma behind the last element.
// Whatever is wrong is reported at once, in a [*ConfigError], each problem
// with its path and its line and column:
//
//	kea-dhcp6.conf:12:5: valid-lifetme: unknown key
//	kea-dhcp6.conf:31:19: subnet6[0].pd-pools[0].delegated-len: 40 is less than prefix-len, which is 48
//	kea-dhcp6.conf:40:3: hosts-databases: is not supported: write the reservations into the file, under "reservations"
//
// Files of Kea 2.2 to 3.0 are taken, the older names of renamed members among
// them. [DefaultParams] has the defaults.
//
// Supported: the members of [Config] and of what it contains.
//
// Read without effect, because nothing here needs them: multi-threading,
// parked-packet-limit, reservations-lookup-first, server-tag, data-directory,
// lfc-interval of lease-database, re-detect and service-sockets-* of
// interfaces-config, sanity-checks, raw of mac-sources, and because DNS is not
// updated ddns-send-updates, ddns-update-on-renew, ddns-override-*,
// ddns-use-conflict-resolution, ddns-conflict-resolution-mode and ddns-ttl*.
//
// Refused, unless it is switched off (false, 0, empty):
//
//   - hosts-database, hosts-databases, config-control, and a lease-database
//     other than memfile or with "persist": false
//   - dhcp-ddns with "enable-updates": true, and what has moved out of it
//   - dhcp-queue-control with "enable-queue": true
//   - dhcp4o6-port
//   - lease-checks "fix", "fix-del" and "del", and lenient-option-parsing
//   - template-test of client classes
//   - adaptive-lease-time-threshold
//   - http-headers of control sockets, and user-file, password-file and
//     directory of their authentication
//
// [ParseOptions] can make warnings of these, and say which libraries in
// hooks-libraries are supported. What becomes of loggers and of control sockets
// is for the program to say that assembles the server.
//
// Unlike Kea's, pools of two subnets must not have addresses or prefixes in
// common; prefixes to delegate and reserved ones must not have bits set beyond
// their length, which Kea 3 refuses, too; and interfaces may come later. A
// server-id of type UUID is ours: Kea would refuse the file.
package dhcp6
