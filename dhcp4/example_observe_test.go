package dhcp4_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// What becomes of each query, and how long clients wait: for metrics, or for
// tracing. The handler offers everybody the same address.
func ExampleServer_observe() {
	exchanges := make(chan dhcp4.Exchange, 100)
	ports := freePorts()
	server := &dhcp4.Server{
		Handler:    dhcp4.HandlerFunc(fixed),
		Interfaces: []string{loopbackName() + "/127.0.0.1"},
		SocketType: dhcp4.SocketUDP,
		Port:       ports[0],
		ClientPort: ports[1],
		Observe: func(x dhcp4.Exchange) {
			select {
			case exchanges <- x:
			default: // it is not waited for who cannot keep up
			}
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	<-server.Ready()

	at := func(port uint16) *net.UDPAddr {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port))
	}
	client, err := net.DialUDP("udp4", at(ports[1]), at(ports[0]))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	discover, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1}, dhcpv4.WithRelay(net.IPv4(127, 0, 0, 1)))
	if err != nil {
		log.Fatal(err)
	}
	for _, query := range [][]byte{discover.ToBytes(), []byte("not DHCP")} {
		if _, err := client.Write(query); err != nil {
			log.Fatal(err)
		}
		switch x := <-exchanges; x.Outcome {
		case dhcp4.OutcomeSent:
			fmt.Println(x.Type, x.Reply, x.Outcome)
			took := x.Sent.Sub(x.Received)     // in all; of that
			handler := x.Answered.Sub(x.Begun) // with a commit, if there was one
			fmt.Println("in good time:", handler <= took && took < time.Minute)
		default:
			fmt.Println(x.Outcome, x.Refusal)
		}
	}
	stop()
	if err := <-served; err != nil {
		log.Fatal(err)
	}
	// Output:
	// DISCOVER OFFER sent
	// in good time: true
	// refused too short
}
