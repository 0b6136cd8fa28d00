package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// family is a version of DHCP, on the network of a pair.
type family struct {
	name, kea, root string // of kea-dhcp4: DHCPv4 and Dhcp4
	protocol        string // as nftables call it
	addrs           [2]string
	relay           string
	length, port    string
	listen          string // %s is the server's address
	members         string // of the configuration; %d is the server's number
	subnet          string // %s is the pools
	halves          [2]string
	ack             string // what the message is called
}

// Few addresses, so that they are given out again and again, and a time for which
// a client has one that is longer than any clock is off.
const (
	poolSize  = 2048
	validTime = 300 // seconds
)

// partnerAddrs are the servers' addresses to each other.
var partnerAddrs = [2]string{"10.78.0.1", "10.78.0.2"}

func dhcp4() family {
	return family{
		name: "DHCPv4", kea: "kea-dhcp4", root: "Dhcp4", protocol: "ip",
		addrs: [2]string{"10.77.0.1", "10.77.0.2"}, relay: "10.77.0.100", length: "/24", port: "67",
		listen: `["eth0"], "dhcp-socket-type": "udp"`, // what packet sockets receive no filter drops
		subnet: `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["10.77.0.100"]}, "pools": [%s]}]`,
		halves: [2]string{"10.128.0.0 - 10.128.3.255", "10.128.4.0 - 10.128.7.255"},
		ack:    "ACK",
	}
}

func dhcp6() family {
	return family{
		name: "DHCPv6", kea: "kea-dhcp6", root: "Dhcp6", protocol: "ip6",
		addrs: [2]string{"fd77::1", "fd77::2"}, relay: "fd77::100", length: "/64", port: "547",
		listen: `["eth0/%s"]`,
		members: `"preferred-lifetime": 200,
	"server-id": {"type": "EN", "enterprise-id": 2495, "identifier": "010203040506070%d", "persist": false},`,
		subnet: `"subnet6": [{"id": 1, "subnet": "fd78::/32", "relay": {"ip-addresses": ["fd77::100"]}, "pools": [%s]}]`,
		halves: [2]string{"fd78::1:0 - fd78::1:3ff", "fd78::1:400 - fd78::1:7ff"},
		ack:    "Reply",
	}
}

func (f family) nameOf(ours bool) string {
	if ours {
		return "failoverd"
	}
	return f.kea
}

// endpoint is where a host of an address sends and receives.
func (f family) endpoint(addr string) string {
	if strings.Contains(addr, ":") {
		addr = "[" + addr + "]"
	}
	return addr + ":" + f.port
}

// pools are those of a mode, in JSON.
func (f family) pools(mode string) string {
	if mode == "load-balancing" {
		return fmt.Sprintf(`{"pool": %q, "client-class": "HA_server1"}, {"pool": %q, "client-class": "HA_server2"}`, f.halves[0], f.halves[1])
	}
	first, _, _ := strings.Cut(f.halves[0], " ")
	_, last, _ := strings.Cut(f.halves[1], "- ")
	return fmt.Sprintf(`{"pool": "%s - %s"}`, first, last)
}

// Detection is quick enough for a run of minutes, and slow enough for a machine
// that has more to do.
const detection = `"heartbeat-delay": 1000, "max-response-delay": 4000, "max-ack-delay": 1000, "max-unacked-clients": 10`

// configuration is the configuration file of a server, the same for both kinds.
func (f family) configuration(i int, mode, severity string, hook func(library string) string, dir, leases string) string {
	second := "standby"
	if mode == "load-balancing" {
		second = "secondary"
	}
	listen, members := f.listen, f.members
	if f.root == "Dhcp6" {
		listen, members = fmt.Sprintf(listen, f.addrs[i]), fmt.Sprintf(members, i)
	}
	return fmt.Sprintf(`{%q: {
	"loggers": [{"name": %q, "severity": %q, "output_options": [{"output": "stdout"}]}],
	"multi-threading": {"enable-multi-threading": true},
	"interfaces-config": {"interfaces": %s},
	"lease-database": {"type": "memfile", "persist": true, "name": %q, "lfc-interval": 0},
	"control-socket": {"socket-type": "unix", "socket-name": %q},
	"valid-lifetime": %d,
	%s
	%s,
	"hooks-libraries": [{"library": %q}, {"library": %q, "parameters": {"high-availability": [{
		"this-server-name": "server%d", "mode": %q, %s,
		"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true},
		"peers": [
			{"name": "server1", "url": "http://%s:8000/", "role": "primary"},
			{"name": "server2", "url": "http://%s:8000/", "role": %q}]}]}}]}}`,
		f.root, f.kea, severity, listen, leases, filepath.Join(dir, "ctrl"), validTime, members, fmt.Sprintf(f.subnet, f.pools(mode)),
		hook("libdhcp_lease_cmds.so"), hook("libdhcp_ha.so"), i+1, mode, detection, partnerAddrs[0], partnerAddrs[1], second)
}
