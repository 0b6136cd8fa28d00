package main

import "fmt"

// family is a version of DHCP, on the network of a bench.
type family struct {
	kea, root              string // kea-dhcp4, Dhcp4
	server, relay          string // addresses
	length, port           string
	listen                 string // where a server listens for unicast
	subnet                 string // members of the configuration
	discover, request, ack string // what messages are called
}

var dhcp4 = family{
	kea: "kea-dhcp4", root: "Dhcp4",
	server: "10.77.0.1", relay: "10.77.0.100", length: "/24", port: ":67", listen: "eth0",
	subnet: `"subnet4": [{
		"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.128.0.0 - 10.255.255.254"}],
		"relay": {"ip-addresses": ["10.77.0.100"]},
		"option-data": [
			{"name": "routers", "data": "10.0.0.1"},
			{"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}]}]`,
	discover: "DISCOVER", request: "REQUEST", ack: "ACK",
}

var dhcp6 = family{
	kea: "kea-dhcp6", root: "Dhcp6",
	server: "fd77::1", relay: "fd77::100", length: "/64", port: ":547", listen: "eth0/fd77::1",
	subnet: `"preferred-lifetime": 1800,
	"server-id": {"type": "EN", "enterprise-id": 2495, "identifier": "0102030405060708", "persist": false},
	"subnet6": [{
		"id": 1, "subnet": "fd78::/32", "pools": [{"pool": "fd78::1:0:0 - fd78::1:ffff:ffff"}],
		"relay": {"ip-addresses": ["fd77::100"]},
		"option-data": [
			{"name": "domain-search", "data": "example.org"},
			{"name": "dns-servers", "data": "fd77::2, fd77::3"}]}]`,
	discover: "Solicit", request: "Request", ack: "Reply",
}

// quiet has a server log warnings only.
func (f family) quiet() string {
	return fmt.Sprintf(`"loggers": [{"name": %q, "severity": "WARN", "output_options": [{"output": "stdout"}]}],`, f.kea)
}

// endpoint is where a host of an address sends and receives.
func (f family) endpoint(addr string) string {
	if f.root == "Dhcp6" {
		addr = "[" + addr + "]"
	}
	return addr + f.port
}
