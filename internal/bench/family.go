package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// family is a version of DHCP, on the network of a bench.
type family struct {
	name, kea, root string    // of kea-dhcp4: DHCPv4 and Dhcp4
	servers         [2]string // addresses
	relay           string
	length, port    string
	listen          string // %s is the server's address
	members         string // of the configuration; %d is the server's number
	subnet          string // %s is the pools
	pool            string
	counted         string    // the statistic of leases
	halves          [2]string // of the pool

	discover, request, ack string // what messages are called
}

var dhcp4 = family{
	name: "DHCPv4", kea: "kea-dhcp4", root: "Dhcp4",
	servers: [2]string{"10.77.0.1", "10.77.0.2"}, relay: "10.77.0.100", length: "/24", port: ":67", listen: "eth0",
	subnet: `"subnet4": [{
		"id": 1, "subnet": "10.0.0.0/8", "pools": [%s],
		"relay": {"ip-addresses": ["10.77.0.100"]},
		"option-data": [
			{"name": "routers", "data": "10.0.0.1"},
			{"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}]}]`,
	pool:     "10.128.0.0 - 10.255.255.254",
	counted:  "subnet[1].assigned-addresses",
	halves:   [2]string{"10.128.0.0 - 10.191.255.255", "10.192.0.0 - 10.255.255.254"},
	discover: "DISCOVER", request: "REQUEST", ack: "ACK",
}

var dhcp6 = family{
	name: "DHCPv6", kea: "kea-dhcp6", root: "Dhcp6",
	servers: [2]string{"fd77::1", "fd77::2"}, relay: "fd77::100", length: "/64", port: ":547", listen: "eth0/%s",
	members: `"preferred-lifetime": 3600,
	"server-id": {"type": "EN", "enterprise-id": 2495, "identifier": "010203040506070%d", "persist": false},`,
	subnet: `"subnet6": [{
		"id": 1, "subnet": "fd78::/32", "pools": [%s],
		"relay": {"ip-addresses": ["fd77::100"]},
		"option-data": [
			{"name": "domain-search", "data": "example.org"},
			{"name": "dns-servers", "data": "fd77::2, fd77::3"}]}]`,
	pool:     "fd78::1:0:0 - fd78::1:ffff:ffff",
	counted:  "subnet[1].assigned-nas",
	halves:   [2]string{"fd78::1:0:0 - fd78::1:7fff:ffff", "fd78::1:8000:0 - fd78::1:ffff:ffff"},
	discover: "Solicit", request: "Request", ack: "Reply",
}

// endpoint is where a host of an address sends and receives.
func (f family) endpoint(addr string) string {
	if f.root == "Dhcp6" {
		addr = "[" + addr + "]"
	}
	return addr + f.port
}

// command completes the name of a command, such as lease%s-get-all.
func (f family) command(format string) string {
	return fmt.Sprintf(format, strings.TrimPrefix(f.root, "Dhcp"))
}

// kind is a server in one of the ways in which it may be run.
type kind int

const (
	ours       kind = iota + 1 // failoverd, with the file of keaTuned
	keaTuned                   // several threads, and a log of warnings only
	keaShipped                 // as it comes: with its usual log, in a file
)

func (f family) nameOf(k kind) string {
	switch k {
	case ours:
		return "failoverd"
	case keaTuned:
		return f.kea + ", tuned"
	default:
		return f.kea + ", as shipped"
	}
}

// configuration is the configuration file of server i of one or two. Leases are
// persistent, in dir.
func (f family) configuration(k kind, i int, dir, pools, hooks string) string {
	severity, output, threads := "WARN", "stdout", `"multi-threading": {"enable-multi-threading": true},`
	if k == keaShipped {
		severity, output, threads = "INFO", filepath.Join(dir, "log"), ""
	}
	listen, members := f.listen, f.members
	if f.root == "Dhcp6" {
		listen, members = fmt.Sprintf(listen, f.servers[i]), fmt.Sprintf(members, i)
	}
	return fmt.Sprintf(`{%q: {
	"loggers": [{"name": %q, "severity": %q, "output_options": [{"output": %q}]}],
	%s
	"interfaces-config": {"interfaces": [%q]},
	"lease-database": {"type": "memfile", "persist": true, "name": %q, "lfc-interval": 0},
	"control-socket": {"socket-type": "unix", "socket-name": %q},
	"valid-lifetime": 7200,
	%s
	%s,
	"hooks-libraries": [%s]}}`,
		f.root, f.kea, severity, output, threads, listen,
		filepath.Join(dir, "leases.csv"), filepath.Join(dir, "ctrl"), members, fmt.Sprintf(f.subnet, pools), hooks)
}
