package serve

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
func hostLinks(f Family) ([]Link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	addrs, err := hostAddrs(f)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	links := make([]Link, len(interfaces))
	for i, ifi := range interfaces {
		links[i] = newLink(ifi)
		links[i].Addrs = addrs[ifi.Index]
	}
	return links, nil
}

// hostAddrs reads the family's addresses of all interfaces, by interface index.
func hostAddrs(f Family) (map[int][]netip.Prefix, error) {
	family := syscall.AF_INET
	if f == IPv6 {
		family = syscall.AF_INET6
	}
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, family)
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
		bits, flags, index := int(m.Data[1]), m.Data[2], int(binary.NativeEndian.Uint32(m.Data[4:]))
		if f == IPv6 && !usable(flags) {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return nil, os.NewSyscallError("parsenetlinkrouteattr", err)
		}
		// On a point-to-point link IFA_ADDRESS is the other end.
		var addr netip.Addr
		for _, a := range attrs {
			if a.Attr.Type == syscall.IFA_LOCAL || a.Attr.Type == syscall.IFA_ADDRESS && !addr.IsValid() {
				if given, ok := netip.AddrFromSlice(a.Value); ok {
					addr = given
				}
			}
		}
		if addr.IsValid() {
			addrs[index] = append(addrs[index], netip.PrefixFrom(addr, bits))
		}
	}
	return addrs, nil
}

// usable says whether an IPv6 address can be sent from: not before it is known
// that no other host has it (RFC 4862, section 5.4).
func usable(flags uint8) bool {
	const optimistic, failed, tentative = 0x04, 0x08, 0x40 // IFA_F_OPTIMISTIC, IFA_F_DADFAILED, IFA_F_TENTATIVE
	return flags&failed == 0 && (flags&tentative == 0 || flags&optimistic != 0)
}
