package serve

import (
	"encoding/binary"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

func listenUDP4(addr netip.AddrPort) (Conn, error) {
	return open(unix.AF_INET, unix.SOCK_DGRAM, udp4Codec{}, udpFilter(), func(fd int) error {
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

// udp4Codec is for UDP sockets of IPv4, whose packet information (in_pktinfo) tells
// the interface and the local address.
type udp4Codec struct{}

func (udp4Codec) prepare(m *messages, d *Datagram) {
	m.add(d.storage[headroom:], unix.SizeofSockaddrInet4, controlSize)
}

func (udp4Codec) received(m *messages, i int, d *Datagram, n int) {
	d.Payload = d.storage[headroom : headroom+n]
	from := m.inet4(i)
	d.Remote = netip.AddrPortFrom(netip.AddrFrom4(from.Addr), ntohs(from.Port))
	d.Ifindex, d.Local = 0, netip.Addr{}
	// struct in_pktinfo: interface index, local address, destination address.
	if info := m.find(i, unix.IPPROTO_IP, unix.IP_PKTINFO); len(info) >= unix.SizeofInet4Pktinfo {
		d.Ifindex = int(binary.NativeEndian.Uint32(info))
		d.Local = netip.AddrFrom4([4]byte(info[8:12]))
	}
}

func (udp4Codec) send(m *messages, d *Datagram) {
	i := m.add(d.Payload, unix.SizeofSockaddrInet4, 0)
	*m.inet4(i) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: ntohs(d.Remote.Port()), Addr: d.Remote.Addr().As4()}
	info := m.addControl(i, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)
	binary.NativeEndian.PutUint32(info, uint32(d.Ifindex))
	local := d.Local.As4()
	copy(info[4:8], local[:])
}

// waits is false: the kernel keeps what is for a host of the link that does not
// answer to ARP for seconds, and counts it as unsent. Whoever names such hosts
// as relay agents could otherwise have all others wait with them.
func (udp4Codec) waits() bool { return false }
