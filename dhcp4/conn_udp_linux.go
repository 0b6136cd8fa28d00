package dhcp4

import (
	"encoding/binary"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

func (hostNetwork) listenUDP(addr netip.AddrPort, _ *link) (conn, error) {
	return open(unix.AF_INET, unix.SOCK_DGRAM, udpCodec{}, func(fd int) error {
		if err := setInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); err != nil {
			return err
		}
		if err := setInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err != nil {
			return err
		}
		// No SO_REUSEADDR: a second server is to be noticed.
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}))
	})
}

// udpCodec is for UDP sockets, whose packet information (in_pktinfo) tells
// the interface and the local address.
type udpCodec struct{}

func (udpCodec) prepare(m *messages, i int, d *datagram) {
	m.set(i, d.storage[headroom:], unix.SizeofSockaddrInet4, len(m.control[i]))
}

func (udpCodec) received(m *messages, i int, d *datagram, n int) {
	d.payload = d.storage[headroom : headroom+n]
	from := m.inet4(i)
	d.remote = netip.AddrPortFrom(netip.AddrFrom4(from.Addr), ntohs(from.Port))
	d.ifindex, d.local = 0, netip.Addr{}
	// struct in_pktinfo: interface index, local address, destination address.
	if info := m.find(i, unix.IPPROTO_IP, unix.IP_PKTINFO); len(info) >= unix.SizeofInet4Pktinfo {
		d.ifindex = int(binary.NativeEndian.Uint32(info))
		d.local = netip.AddrFrom4([4]byte(info[8:12]))
	}
}

func (udpCodec) send(m *messages, i int, d *datagram) {
	*m.inet4(i) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: ntohs(d.remote.Port()), Addr: d.remote.Addr().As4()}
	info := m.putControl(i, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)
	binary.NativeEndian.PutUint32(info, uint32(d.ifindex))
	local := d.local.As4()
	copy(info[4:8], local[:])
	m.set(i, d.payload, unix.SizeofSockaddrInet4, unix.CmsgSpace(unix.SizeofInet4Pktinfo))
}

// waits is false: the kernel keeps what is for a host of the link that does not
// answer to ARP for seconds, and counts it as unsent. Whoever names such hosts
// as relay agents could otherwise have all others wait with them.
func (udpCodec) waits() bool { return false }

// ntohs is also its reverse.
func ntohs(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
