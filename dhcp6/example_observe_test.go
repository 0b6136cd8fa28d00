package dhcp6_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/dhcp6"
)

// What becomes of each query, and how long clients wait: for metrics, or for
// tracing. The handler tells everybody a DNS server.
func ExampleServer_observe() {
	exchanges := make(chan dhcp6.Exchange, 100)
	ports := freePorts()
	server := &dhcp6.Server{
		Handler:    dhcp6.HandlerFunc(resolver),
		Interfaces: []string{loopbackName() + "/::1"},
		Port:       ports[0],
		ClientPort: ports[1],
		Observe: func(x dhcp6.Exchange) {
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
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Loopback(), port))
	}
	client, err := net.DialUDP("udp6", at(ports[1]), at(ports[0]))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	relayed, err := dhcpv6.EncapsulateRelay(question(), dhcpv6.MessageTypeRelayForward, net.IPv6zero, net.IPv6loopback)
	if err != nil {
		log.Fatal(err)
	}
	for _, query := range [][]byte{relayed.ToBytes(), []byte("?")} {
		if _, err := client.Write(query); err != nil {
			log.Fatal(err)
		}
		switch x := <-exchanges; x.Outcome {
		case dhcp6.OutcomeSent:
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
	// INFORMATION-REQUEST REPLY sent
	// in good time: true
	// refused too short
}
