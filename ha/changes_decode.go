package ha

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// changes is a message as it came in. Its leases are parts of what was read.
type changes struct {
	changesHead
	list []lease.Change // with the sender's revisions
	bad  []failedChange // those that cannot be read; nothing stands for them in list
	at   []int          // index in the message of each of list
}

// Bounds of what is taken for a number: sums of them do not overflow.
const (
	maxMillis  = 1 << 53
	maxSeconds = 1 << 40
)

var errNoMessage = errors.New("not a message of lease changes")

// parseHead reads the head of a message and returns it with the rest.
func parseHead(b []byte) (h changesHead, rest []byte, err error) {
	r := &wireReader{b: b}
	flags := r.octet()
	h.server = string(r.text())
	h.from, h.to, h.seen = r.position(), r.position(), r.position()
	h.now = r.time()
	h.offset = r.integer(maxSeconds)
	h.alone = r.number()
	h.rewind = flags&flagRewind != 0
	if flags&flagFull != 0 {
		h.full = &span{after: r.addr(), through: r.addr(), prune: flags&flagPrune != 0}
	}
	switch sp := h.full; {
	case r.err != nil:
	case flags&^(flagRewind|flagFull|flagPrune) != 0 || sp == nil && flags&flagPrune != 0:
		r.fail("flags")
	case h.server == "":
		r.fail("the server-name is empty")
	case sp != nil && sp.after.IsValid() && sp.through.IsValid() && !sp.after.Less(sp.through):
		r.fail("a span that ends before it begins")
	case h.rewind && (sp != nil || len(r.b) > 0):
		r.fail("a rewind has no changes")
	case h.from == h.to && len(r.b) > 0:
		r.fail("changes that lead nowhere")
	}
	return h, r.b, r.err
}

// parse reads the changes of a message. One that cannot be read is no error, so
// that one lease does not hold up all others.
func (m *changes) parse(b []byte) error {
	r := &wireReader{b: b}
	for n := 0; len(r.b) > 0; n++ {
		text := r.text()
		if n == maxChanges {
			r.fail("more than %d changes", maxChanges)
		}
		if r.err != nil {
			return r.err
		}
		m.list = append(m.list, lease.Change{})
		if err := parseChange(text, &m.list[len(m.list)-1]); err != nil {
			m.list = m.list[:len(m.list)-1]
			m.bad = append(m.bad, failedChange{n, ctrl.Error, err.Error()})
			continue
		}
		m.at = append(m.at, n)
	}
	return nil
}

func parseChange(text []byte, c *lease.Change) error {
	r := &wireReader{b: text}
	source := r.number()
	if r.err != nil {
		return r.err
	}
	if err := c.UnmarshalBinary(r.b); err != nil {
		return err
	}
	if rev := c.Lease.Revision; rev == 0 || rev >= secondStream || source >= secondStream {
		return fmt.Errorf("%w: there is no such revision", errNoMessage)
	}
	c.Source = source
	return nil
}

// parseAnswer reads an answer.
func parseAnswer(b []byte) (*changesAnswer, error) {
	r := &wireReader{b: b}
	a := &changesAnswer{result: r.small(), text: string(r.text()), applied: r.position(), position: r.position(), now: r.time()}
	switch r.octet() {
	case 0:
	case 1:
		a.transfer = &transferred{r.position(), r.addr()}
	default:
		r.fail("neither with a transfer nor without")
	}
	for len(r.b) > 0 && r.err == nil {
		if len(a.failed) == maxChanges {
			r.fail("more than %d changes have failed", maxChanges)
			break
		}
		a.failed = append(a.failed, failedChange{r.small(), r.small(), string(r.text())})
	}
	return a, r.err
}

// wireReader reads what stands in b from its beginning. The first error stays;
// after it everything is empty.
type wireReader struct {
	b   []byte
	err error
}

func (r *wireReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{errNoMessage}, args...)...)
	}
	r.b = nil
}

func (r *wireReader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("it ends early")
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *wireReader) octet() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *wireReader) number() uint64 {
	n, length := binary.Uvarint(r.b)
	if length <= 0 {
		r.fail("a number is expected")
		return 0
	}
	r.b = r.b[length:]
	return n
}

// integer reads a number with its sign that is not beyond a bound.
func (r *wireReader) integer(most int64) int64 {
	n, length := binary.Varint(r.b)
	if length <= 0 || n < -most || n > most {
		r.fail("a number from %d to %d is expected", -most, most)
		return 0
	}
	r.b = r.b[length:]
	return n
}

// small reads an index or a result.
func (r *wireReader) small() int {
	n := r.number()
	if n >= 1<<15 {
		r.fail("a number up to %d is expected", 1<<15-1)
		return 0
	}
	return int(n)
}

func (r *wireReader) time() time.Time {
	n := r.number()
	if n > maxMillis {
		r.fail("there is no such time")
	}
	if n == 0 || r.err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n))
}

func (r *wireReader) text() []byte { return r.take(r.number()) }

func (r *wireReader) position() (p lease.Position) {
	if b := r.take(8); b != nil {
		p.Epoch = binary.BigEndian.Uint64(b)
	}
	if p.Revision = r.number(); p.Revision >= secondStream {
		r.fail("there is no such revision")
	}
	return p
}

// addr reads an address; the zero Addr if it is empty.
func (r *wireReader) addr() netip.Addr {
	b := r.text()
	if len(b) == 0 {
		return netip.Addr{}
	}
	addr, ok := netip.AddrFromSlice(b)
	if !ok || addr.Is4In6() {
		r.fail("an address is expected")
		return netip.Addr{}
	}
	return addr
}
