// Package testnet gives tests several hosts on one machine: network
// namespaces joined by bridges, with real programs in them.
//
//	n := testnet.New(t)
//	lan := n.LAN()
//	server, client := n.Host("server"), n.Host("client")
//	server.Join(lan, "eth0", "192.0.2.1/24")
//	client.Join(lan, "eth0")
//	kea := server.StartKea("kea-dhcp4", config)
//	bound := client.Dhclient("eth0").Await(ctx, testnet.Bound)
//
// DHCPv6 has its clients, [Host.Dhclient6], [Host.Dhcpcd6] and [Host.Dhcp6c], its
// relay agent, [Host.Relay6], and kea-dhcp6. IPv6 addresses can be used at once.
//
// [Host.Filter] and [Host.Sever] keep packets from a host, and a [Wire] between two
// loses and delays them.
//
// It needs Linux, root and iproute2; where they are missing New skips the test
// and says so, or fails it if CI=true. Nothing touches the machine's own
// network or files outside a temporary folder, and all of it is removed when
// the test ends. What a killed test left behind the next New removes.
//
// [Relayed] and [Relayed6] clients need none of this: they reach a server on
// loopback.
package testnet
