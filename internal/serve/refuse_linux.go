package serve

import (
	"os"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// udpFilter says where the UDP header begins in what UDP sockets filter: it is
// the first that they see.
func udpFilter() []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}
}

// attach gives a socket its filter, and another one that goes on where it ends,
// with X at the UDP header; nil: all passes.
func attach(fd int, filter, goesOn []bpf.Instruction) error {
	if goesOn == nil {
		goesOn = []bpf.Instruction{bpf.RetConstant{Val: 1 << 16}}
	}
	raw, err := bpf.Assemble(slices.Concat(filter, goesOn))
	if err != nil {
		return err
	}
	program := make([]unix.SockFilter, len(raw))
	for i, ins := range raw {
		program[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}))
}

func (b *batchConn) Refuse(unwanted []bpf.Instruction) (err error) {
	if e := b.raw.Control(func(fd uintptr) { err = attach(int(fd), b.filter, unwanted) }); e != nil {
		return e
	}
	return err
}
