package ha

import (
	"context"

	"github.com/dhcpha/dhcpha/ctrl"
)

// arrival is a message that is being dealt with, and its memory.
type arrival struct {
	changes
	verdicts verdicts
	moves    uint64 // of the stream, when the verdicts were found
	revision uint64 // of the store, before that
}

// maxAhead is how many messages of a sender are read before all those before
// them have been answered: more than one has on the way. They take some ten times
// the memory then.
const maxAhead = 2 * window

// take begins with a message of another server of the relationship, which need
// not be the next one yet, and returns what takes it over when it is, and
// answers. So the changes of a message are read and judged while those of the
// one before are being written. head is what stands before them, and what it
// was read from must not change until the message is answered.
func (r *receiver) take(ctx context.Context, head changesHead, rest []byte) (finish func() []byte) {
	if err := r.adopt(ctx, head.server); err != nil {
		return func() []byte { return (&changesAnswer{result: ctrl.Error, text: err.Error()}).append(nil) }
	}
	st := r.stream(head.server)
	read := func() (*arrival, error) { return r.read(st, head, rest) }
	if st.begun.Add(1) <= maxAhead {
		m, err := read()
		read = func() (*arrival, error) { return m, err }
	}
	return func() []byte {
		defer st.begun.Add(-1)
		a := changesAnswer{result: ctrl.Error}
		if err := r.finish(ctx, st, read, &a); err != nil {
			a.text = err.Error()
		}
		return a.append(nil)
	}
}

// read reads and judges the changes of a message.
func (r *receiver) read(st *stream, head changesHead, rest []byte) (*arrival, error) {
	m := r.unused.Get().(*arrival)
	m.reset(head)
	if err := m.parse(rest); err != nil {
		return m, err
	}
	m.translate()
	m.moves, m.revision = r.movesOf(st), r.store.Revision()
	return m, r.decide(&m.changes, &m.verdicts)
}

func (m *arrival) reset(head changesHead) {
	m.changesHead = head
	m.list, m.bad, m.at = m.list[:0], nil, m.at[:0]
}

// translate makes times those of this server's clock.
func (m *arrival) translate() {
	if m.offset == 0 {
		return
	}
	for i := range m.list {
		l := &m.list[i].Lease
		l.CLTT = min(max(0, l.CLTT+m.offset), maxSeconds)
	}
}
