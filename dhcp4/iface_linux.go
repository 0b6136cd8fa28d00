package dhcp4

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// hostLinks lists the interfaces of the host. Unlike net.Interface.Addrs,
// which reads the addresses of all interfaces for each interface, it reads
// them once: a router may have a thousand.
func hostLinks() ([]link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	addrs, err := hostAddrs()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	links := make([]link, len(interfaces))
	for i, ifi := range interfaces {
		links[i] = newLink(ifi)
		links[i].addrs = addrs[ifi.Index]
	}
	return links, nil
}

// hostAddrs reads the IPv4 addresses of all interfaces, by interface index.
func hostAddrs() (map[int][]netip.Prefix, error) {
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_INET)
	if err != nil {
		return nil, os.NewSyscallError("netlinkrib", err)
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil, os.NewSyscallError("parsenetlinkmessage", err)
	}
	addrs := map[int][]netip.Prefix{}
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		// struct ifaddrmsg: family, prefix length, flags, scope, index.
		index := int(binary.NativeEndian.Uint32(m.Data[4:]))
		attrs, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return nil, os.NewSyscallError("parsenetlinkrouteattr", err)
		}
		// On a point-to-point link IFA_ADDRESS is the other end.
		var addr netip.Addr
		for _, a := range attrs {
			if len(a.Value) == 4 && (a.Attr.Type == syscall.IFA_LOCAL || a.Attr.Type == syscall.IFA_ADDRESS && !addr.IsValid()) {
				addr = netip.AddrFrom4([4]byte(a.Value))
			}
		}
		if addr.IsValid() {
			addrs[index] = append(addrs[index], netip.PrefixFrom(addr, int(m.Data[1])))
		}
	}
	return addrs, nil
}
