// Command responder answers DHCP and forgets: it parses a query that a relay
// agent has passed on, answers with an address from a counter, and keeps
// nothing, on disk or in memory. It is what a program on the same message
// library can do at most, written as one writes it first, and what the benchmark
// compares servers with that keep their promises.
//
//	responder 10.77.0.1:67
//	responder [fd77::1]:547
package main

import (
	"log"
	"net"
	"net/netip"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("responder: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: responder address:port")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(listen string) error {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", listen)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer := new(v6).answer
	if addr.Addr().Is4() {
		answer = (&v4{server: addr.Addr().AsSlice()}).answer
	}
	return serve(conn, answer)
}

// serve answers until the socket is closed.
func serve(conn net.PacketConn, answer func([]byte) ([]byte, error)) error {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return err
		}
		reply, err := answer(buf[:n])
		if err != nil || reply == nil {
			continue
		}
		if _, err := conn.WriteTo(reply, from); err != nil {
			return err
		}
	}
}
