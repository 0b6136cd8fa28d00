package main

import (
	"net"
	"net/netip"
)

// sendEach sends messages of a size, which lie one behind the other.
func sendEach(conn *net.UDPConn, messages []byte, size int, to netip.AddrPort) error {
	for ; len(messages) > 0; messages = messages[size:] {
		if _, err := conn.WriteToUDPAddrPort(messages[:size], to); err != nil {
			return err
		}
	}
	return nil
}
