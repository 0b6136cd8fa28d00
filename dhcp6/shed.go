package dhcp6

import (
	"github.com/insomniacslk/dhcp/dhcpv6"
	"golang.org/x/net/bpf"
)

const udpHeader = 8

func (*protocol) ShedFirst(kind int) bool {
	typ := dhcpv6.MessageType(kind)
	return typ == dhcpv6.MessageTypeSolicit || typ == dhcpv6.MessageTypeInformationRequest
}

// Unwanted refuses Solicit and Information-request messages, also those that one
// relay agent has forwarded, if the message is among its first options.
func (*protocol) Unwanted() []bpf.Instruction {
	const options = 4 // that are looked at
	const step = 6    // instructions for each
	program := []bpf.Instruction{
		bpf.LoadIndirect{Off: udpHeader, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(dhcpv6.MessageTypeRelayForward), SkipFalse: 3 + options*step + 2},
		bpf.TXA{}, // X is to be at the next option
		bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: udpHeader + relayHeader},
		bpf.TAX{},
	}
	for i := range options {
		program = append(program,
			bpf.LoadIndirect{Off: 0, Size: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(dhcpv6.OptionRelayMsg), SkipTrue: uint8((options-i)*step - 1)},
			bpf.LoadIndirect{Off: 2, Size: 2},
			bpf.ALUOpX{Op: bpf.ALUOpAdd},
			bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: optionHeader},
			bpf.TAX{},
		)
	}
	return append(program,
		bpf.Jump{Skip: 3},
		bpf.LoadIndirect{Off: optionHeader, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(dhcpv6.MessageTypeSolicit), SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(dhcpv6.MessageTypeInformationRequest), SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	)
}
