package serve

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Most of what a packet costs the system does not depend on its length: the
// route, the firewall, bridges, the link. So replies to one relay agent go to
// the link as one packet, which the kernel or the network card cuts into
// datagrams of one length, the last of which may be shorter.
const (
	// maxSegment is what every link takes: a datagram that it would have to
	// send in fragments cannot be a segment.
	maxSegment = 1280 - 40 - udpHeaderLen
	// maxSegments is how long they may be together.
	maxSegments = 65000
)

// useSegments fails if the kernel is one that would send packets undivided.
func (b *batchConn) useSegments() (err error) {
	if e := b.raw.Control(func(fd uintptr) {
		_, err = unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
	}); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("packets cannot be divided by this kernel: %w", errors.ErrUnsupported)
	}
	b.segments = true
	return nil
}

// writeSegments sends datagrams that are to leave together as one message.
func (b *batchConn) writeSegments(batch []*Datagram) (int, error) {
	slices.SortStableFunc(batch, departure)
	for len(batch) > 0 {
		n := segments(batch)
		b.send(b.out, batch[0])
		if n > 1 {
			length := b.out.addControl(b.out.n-1, unix.SOL_UDP, unix.UDP_SEGMENT, 2)
			binary.NativeEndian.PutUint16(length, uint16(len(batch[0].Payload)))
			for _, d := range batch[1:n] {
				b.out.extend(d.Payload)
			}
		}
		batch = batch[n:]
	}
	n, err := b.write()
	if errors.Is(err, unix.EIO) {
		b.segments = false // the link leaves checksums to this host
	}
	return n, err
}

// departure compares datagrams by where they go, and then by length: the longest
// are first.
func departure(a, b *Datagram) int {
	if c := a.Remote.Compare(b.Remote); c != 0 {
		return c
	}
	if c := a.Local.Compare(b.Local); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Ifindex, b.Ifindex); c != 0 {
		return c
	}
	return cmp.Compare(len(b.Payload), len(a.Payload))
}

// segments counts the datagrams at the front that can leave together.
func segments(batch []*Datagram) int {
	first := batch[0]
	size := len(first.Payload)
	if size == 0 || size > maxSegment {
		return 1
	}
	for i, d := range batch[1:] {
		n := i + 1
		if d.Remote != first.Remote || d.Local != first.Local || d.Ifindex != first.Ifindex ||
			len(batch[i].Payload) < size || len(d.Payload) == 0 || (n+1)*size > maxSegments {
			return n
		}
	}
	return len(batch)
}
