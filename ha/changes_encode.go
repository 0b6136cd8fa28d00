package ha

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// append begins a message; changes are to follow.
func (h *changesHead) append(b []byte) []byte {
	var flags byte
	if h.rewind {
		flags |= flagRewind
	}
	if h.full != nil {
		flags |= flagFull
		if h.full.prune {
			flags |= flagPrune
		}
	}
	b = appendText(append(b, flags), h.server)
	b = appendPosition(b, h.from)
	b = appendPosition(b, h.to)
	b = appendPosition(b, h.seen)
	b = appendTime(b, h.now)
	b = binary.AppendVarint(b, h.offset)
	b = binary.AppendUvarint(b, h.alone)
	if h.full != nil {
		b = appendAddr(appendAddr(b, h.full.after), h.full.through)
	}
	return b
}

// bodyOf is the changes of a message.
type bodyOf struct {
	b []byte
	n int
}

func (b *bodyOf) full() bool { return b.n == maxChanges || len(b.b) >= maxChangeBytes }

func (b *bodyOf) add(c *lease.Change) (err error) {
	if b.b, err = appendChange(b.b, c); err == nil {
		b.n++
	}
	return err
}

// addEncoded adds what AppendBinary has made of a change.
func (b *bodyOf) addEncoded(source uint64, encoded []byte) {
	b.b = appendEncoded(b.b, source, encoded)
	b.n++
}

// appendChange appends a change, its revision being that of the lease.
func appendChange(b []byte, c *lease.Change) ([]byte, error) {
	start := len(b)
	b, err := c.AppendBinary(beginChange(b, c.Source))
	if err != nil {
		return b[:start], err
	}
	return endChange(b, start), nil
}

// appendEncoded appends what AppendBinary has made of a change.
func appendEncoded(b []byte, source uint64, encoded []byte) []byte {
	return endChange(append(beginChange(b, source), encoded...), len(b))
}

func beginChange(b []byte, source uint64) []byte {
	// The length stands in front, and is mostly one octet.
	return binary.AppendUvarint(append(b, 0), source)
}

// endChange puts the length in front of a change that began at a place.
func endChange(b []byte, start int) []byte {
	n := len(b) - start - 1
	if n < 0x80 {
		b[start] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	return slices.Replace(b, start, start+1, binary.AppendUvarint(length[:0], uint64(n))...)
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendPosition(b []byte, p lease.Position) []byte {
	return binary.AppendUvarint(binary.BigEndian.AppendUint64(b, p.Epoch), p.Revision)
}

// appendTime appends Unix milliseconds, 0 for the zero Time.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(t.UnixMilli()))
}

func appendAddr(b []byte, addr netip.Addr) []byte { return appendText(b, addr.AsSlice()) }

// append appends the answer as it is sent.
func (a *changesAnswer) append(b []byte) []byte {
	b = appendText(binary.AppendUvarint(b, uint64(a.result)), a.text)
	b = appendPosition(appendPosition(b, a.applied), a.position)
	b = appendTime(b, a.now)
	if a.transfer == nil {
		b = append(b, 0)
	} else {
		b = appendAddr(appendPosition(append(b, 1), a.transfer.to), a.transfer.through)
	}
	for _, f := range a.failed {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(f.index)), uint64(f.result))
		b = appendText(b, f.text)
	}
	return b
}
