package dhcp4_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/lease"
)

// A server whose configuration is written in Go, and a client of it. All is on
// loopback and at other ports than DHCP's, so it needs no privileges: a server
// of a network leaves SocketType, Port and ClientPort alone.
func Example() {
	dir, err := os.MkdirTemp("", "dhcp4")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	loopback, ports := netip.AddrFrom4([4]byte{127, 0, 0, 1}), freePorts()

	cfg := &dhcp4.Config{
		Params: dhcp4.Params{ValidLifetime: new(uint32(3600))},
		Subnets: []dhcp4.Subnet{{
			ID:     1,
			Subnet: netip.MustParsePrefix("192.0.2.0/24"),
			Pools: []dhcp4.Pool{{Range: dhcp4.Range{
				First: netip.MustParseAddr("192.0.2.10"),
				Last:  netip.MustParseAddr("192.0.2.99"),
			}}},
			OptionData: []dhcp4.OptionData{{Name: "routers", Data: "192.0.2.1"}},
			// The client below is behind a relay agent at this address. A
			// directly connected one belongs to the subnet in which the
			// server's interface has an address.
			Selection: dhcp4.Selection{Relay: dhcp4.Relay{IPAddresses: []netip.Addr{loopback}}},
		}},
	}
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	engine, err := dhcp4.NewEngine(cfg, store, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()

	server := &dhcp4.Server{
		Handler:    engine,
		Interfaces: []string{loopbackName() + "/127.0.0.1"},
		SocketType: dhcp4.SocketUDP,
		Port:       ports[0],
		ClientPort: ports[1],
	}
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { engine.Run(ctx) }) // reclaims what has expired
	tasks.Go(func() {
		if err := server.Serve(ctx); err != nil {
			log.Fatal(err)
		}
	})
	<-server.Ready()

	ack := getLease(netip.AddrPortFrom(loopback, ports[0]), netip.AddrPortFrom(loopback, ports[1]))
	fmt.Println(ack.YourIPAddr, "for", ack.IPAddressLeaseTime(0), "by router", ack.Router()[0])
	for l := range store.All() {
		fmt.Println("stored:", l.Addr, l.State)
	}

	stop()
	tasks.Wait()
	// Output:
	// 192.0.2.10 for 1h0m0s by router 192.0.2.1
	// stored: 192.0.2.10 assigned
}

// getLease is a client that gets an address, and its relay agent.
func getLease(server, relay netip.AddrPort) (ack *dhcpv4.DHCPv4) {
	conn, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(relay), net.UDPAddrFromAddrPort(server))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ask := func(m *dhcpv4.DHCPv4, err error) *dhcpv4.DHCPv4 {
		if err != nil {
			log.Fatal(err)
		}
		m.GatewayIPAddr = relay.Addr().AsSlice()
		if _, err := conn.Write(m.ToBytes()); err != nil {
			log.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		reply := make([]byte, 1500)
		n, err := conn.Read(reply)
		if err != nil {
			log.Fatal(err)
		}
		if m, err = dhcpv4.FromBytes(reply[:n]); err != nil {
			log.Fatal(err)
		}
		return m
	}
	offer := ask(dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1}))
	return ask(dhcpv4.NewRequestFromOffer(offer))
}

// freePorts finds two UDP ports that nobody uses.
func freePorts() (ports [2]uint16) {
	for i := range ports {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		ports[i] = conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	}
	return ports
}

// loopbackName is lo on Linux, lo0 on BSD.
func loopbackName() string {
	all, err := net.Interfaces()
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	log.Fatal("there is no loopback interface")
	return ""
}
