package serve

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func (hostNetwork) ListenLink(l *Link, port uint16) (Conn, error) {
	if l.HWLen > 8 {
		return nil, fmt.Errorf("hardware addresses of %d bytes do not fit packet sockets", l.HWLen)
	}
	filter, err := linkFilter(l.broadcasts(), port)
	if err != nil {
		return nil, fmt.Errorf("packet filter: %w", err)
	}
	// Datagram packet sockets leave the link's header, and so its kind, to the
	// kernel. The protocol is given to bind only: until then nothing comes in
	// that the filter has not seen.
	c := packetCodec{ifindex: l.Index, port: port, hwLen: l.HWLen}
	return open(unix.AF_PACKET, unix.SOCK_DGRAM, c, filter, func(fd int) error {
		if err := attach(fd, filter, nil); err != nil {
			return err
		}
		if err := setInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
			return err
		}
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ntohs(unix.ETH_P_IP), Ifindex: l.Index}))
	})
}

// linkFilter passes what no UDP socket gets: UDP to the port, and to a
// broadcast address. So no datagram comes in twice. It goes on with X at the UDP
// header.
func linkFilter(broadcasts []netip.Addr, port uint16) ([]bpf.Instruction, error) {
	var program []bpf.Instruction
	// drop jumps to the last instruction once it is known where that is.
	const drop = 255
	program = append(program,
		// A promiscuous interface brings what is for other hosts.
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OTHERHOST, SkipTrue: drop},
		// What has a tag still is for a VLAN that this host does not have.
		bpf.LoadExtension{Num: bpf.ExtVLANTagPresent},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: drop},
		bpf.LoadAbsolute{Off: 9, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protocolUDP, SkipTrue: drop},
		bpf.LoadAbsolute{Off: 6, Size: 2}, // fragments
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x3fff, SkipTrue: drop},
		bpf.LoadMemShift{Off: 0},
		bpf.LoadIndirect{Off: 2, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: drop},
		bpf.LoadAbsolute{Off: 16, Size: 4},
	)
	for i, addr := range broadcasts {
		a := addr.As4()
		skip := len(broadcasts) - i // over the others and the drop, to the pass
		if skip > 200 {
			return nil, fmt.Errorf("%d broadcast addresses are too many", len(broadcasts))
		}
		program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: binary.BigEndian.Uint32(a[:]), SkipTrue: uint8(skip)})
	}
	last := len(program)
	program = append(program, bpf.RetConstant{Val: 0})
	for i, ins := range program {
		if j, ok := ins.(bpf.JumpIf); ok && j.SkipTrue == drop {
			j.SkipTrue = uint8(last - i - 1)
			program[i] = j
		}
	}
	return program, nil
}

// packetCodec is for packet sockets, whose payload begins with the IPv4
// header.
type packetCodec struct {
	ifindex int
	port    uint16
	hwLen   int
}

// ipOptions is the room that datagrams have for the options of an IPv4 header
// which hardly any has.
const ipOptions = headroom - headersLen

func (packetCodec) prepare(m *messages, d *Datagram) {
	m.add(d.storage[ipOptions:], unix.SizeofSockaddrLinklayer, controlSize)
}

func (c packetCodec) received(m *messages, i int, d *Datagram, n int) {
	const checksumNotReady = 1 << 3 // TP_STATUS_CSUMNOTREADY
	verify := true
	// struct tpacket_auxdata begins with the status.
	if aux := m.find(i, unix.SOL_PACKET, unix.PACKET_AUXDATA); len(aux) >= 4 {
		verify = binary.NativeEndian.Uint32(aux)&checksumNotReady == 0
	}
	var ok bool
	d.Payload, d.Remote, d.Local, ok = parseFrame(d.storage[ipOptions:ipOptions+n], verify)
	d.Ifindex = c.ifindex
	if !ok {
		d.refused = Damaged
	}
}

func (c packetCodec) send(m *messages, d *Datagram) {
	to := unix.RawSockaddrLinklayer{Family: unix.AF_PACKET, Protocol: ntohs(unix.ETH_P_IP), Ifindex: int32(c.ifindex), Halen: uint8(c.hwLen)}
	if d.HWLen == c.hwLen {
		to.Addr = d.HW
	} else {
		copy(to.Addr[:c.hwLen], slices.Repeat([]byte{0xff}, c.hwLen))
	}
	// The payload was put behind the headroom.
	frame := d.storage[ipOptions : headroom+len(d.Payload)]
	putFrame(frame, netip.AddrPortFrom(d.Local, c.port), d.Remote)
	*m.link(m.add(frame, unix.SizeofSockaddrLinklayer, 0)) = to
}

// waits is true: what is written goes to the link at once, or waits for
// nothing but the link.
func (packetCodec) waits() bool { return true }
