package servetest

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Loopback is the name of the loopback interface; empty: there is none.
func Loopback() string {
	interfaces, _ := net.Interfaces()
	for _, ifi := range interfaces {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return ifi.Name
		}
	}
	return ""
}

// Load sends a query n times and waits for as many replies. 128 queries are in
// flight at a time.
func Load(client *net.UDPConn, to netip.AddrPort, query []byte, n int) error {
	const window = 128
	if err := client.SetReadBuffer(1 << 20); err != nil {
		return err
	}
	credit := make(chan struct{}, window)
	for range window {
		credit <- struct{}{}
	}
	done := make(chan error, 1)
	go func() {
		buf := make([]byte, 1500)
		for range n {
			_ = client.SetReadDeadline(time.Now().Add(time.Second))
			if _, _, err := client.ReadFromUDPAddrPort(buf); err != nil {
				close(credit)
				done <- fmt.Errorf("a reply is missing: %w", err)
				return
			}
			credit <- struct{}{}
		}
		done <- nil
	}()
	for range n {
		if _, ok := <-credit; !ok {
			break
		}
		if _, err := client.WriteToUDPAddrPort(query, to); err != nil {
			return err
		}
	}
	return <-done
}
