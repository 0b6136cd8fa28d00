package dhcp4

import (
	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/bpf"
)

const udpHeader = 8

func (*protocol) ShedFirst(kind int) bool { return kind == int(dhcpv4.MessageTypeDiscover) }

// Unwanted refuses a DISCOVER whose first option says what it is, as clients have
// it. What ends before its options is not worth reading in any case.
func (*protocol) Unwanted() []bpf.Instruction {
	const option = udpHeader + offsetOptions
	return []bpf.Instruction{
		bpf.LoadIndirect{Off: option, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(dhcpv4.OptionDHCPMessageType.Code()), SkipTrue: 3},
		bpf.LoadIndirect{Off: option + 1, Size: 2}, // its length and value
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 1<<8 | uint32(dhcpv4.MessageTypeDiscover), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 1 << 16},
	}
}
