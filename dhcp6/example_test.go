package dhcp6_test

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

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/lease"
)

// A server whose configuration is written in Go, and a client of it. All is on
// loopback and at another port than DHCP's, so it needs no privileges: a server
// of a network leaves Port and ClientPort alone.
func Example() {
	dir, err := os.MkdirTemp("", "dhcp6")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	loopback, ports := netip.IPv6Loopback(), freePorts()

	cfg := &dhcp6.Config{
		Params: dhcp6.Params{ValidLifetime: new(uint32(3600))},
		Subnets: []dhcp6.Subnet{{
			ID:     1,
			Subnet: netip.MustParsePrefix("2001:db8:1::/64"),
			Pools: []dhcp6.Pool{{Range: dhcp6.Range{
				First: netip.MustParseAddr("2001:db8:1::10"),
				Last:  netip.MustParseAddr("2001:db8:1::99"),
			}}},
			PDPools: []dhcp6.PDPool{{
				Prefix: netip.MustParseAddr("2001:db8:f00::"), PrefixLen: 40, DelegatedLen: 56,
			}},
			OptionData: []dhcp6.OptionData{{Name: "dns-servers", Data: "2001:db8:1::53"}},
			// Where its clients are. Those behind relay agents are told by the
			// link's address.
			Selection: dhcp6.Selection{Interface: loopbackName()},
		}},
	}
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	engine, err := dhcp6.NewEngine(cfg, store, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()

	server := &dhcp6.Server{
		Handler:    engine,
		Interfaces: []string{loopbackName() + "/::1"},
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

	reply := getLeases(netip.AddrPortFrom(loopback, ports[0]), netip.AddrPortFrom(loopback, ports[1]))
	fmt.Println(reply.Options.OneIANA().Options.OneAddress().IPv6Addr, "by DNS server", reply.Options.DNS()[0])
	fmt.Println(reply.Options.OneIAPD().Options.Prefixes()[0].Prefix)
	for l := range store.All() {
		fmt.Println("stored:", l.Type, l.Addr, l.State)
	}

	stop()
	tasks.Wait()
	// Output:
	// 2001:db8:1::10 by DNS server 2001:db8:1::53
	// 2001:db8:f00::/56
	// stored: IA_NA 2001:db8:1::10 assigned
	// stored: IA_PD 2001:db8:f00:: assigned
}

// getLeases is a client that gets an address and a prefix.
func getLeases(server, client netip.AddrPort) (reply *dhcpv6.Message) {
	conn, err := net.DialUDP("udp6", net.UDPAddrFromAddrPort(client), net.UDPAddrFromAddrPort(server))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ask := func(m *dhcpv6.Message, err error) *dhcpv6.Message {
		if err != nil {
			log.Fatal(err)
		}
		// A server takes messages for all servers by multicast only, but for
		// those of relay agents. This is both.
		q, err := dhcpv6.EncapsulateRelay(m, dhcpv6.MessageTypeRelayForward, net.IPv6zero, net.IPv6loopback)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := conn.Write(q.ToBytes()); err != nil {
			log.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 1500)
		n, err := conn.Read(b)
		if err != nil {
			log.Fatal(err)
		}
		r, err := dhcpv6.FromBytes(b[:n])
		if err != nil {
			log.Fatal(err)
		}
		if m, err = r.GetInnerMessage(); err != nil {
			log.Fatal(err)
		}
		return m
	}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	advertise := ask(dhcpv6.NewSolicit(mac,
		dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac}),
		dhcpv6.WithIAPD([4]byte{0, 0, 0, 1})))
	return ask(dhcpv6.NewRequestFromAdvertise(advertise))
}

// freePorts finds two UDP ports that nobody uses.
func freePorts() (ports [2]uint16) {
	for i := range ports {
		conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
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
