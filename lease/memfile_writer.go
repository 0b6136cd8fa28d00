package lease

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MemfileWriter writes leases as Kea's lease files have them. All versions of
// Kea from 2.0 on read what it writes.
type MemfileWriter struct {
	w   *bufio.Writer
	v6  bool
	row []byte
}

// NewMemfileWriter returns a writer of a lease file for DHCPv6 or DHCPv4. It
// writes the header; Flush ends the file.
func NewMemfileWriter(w io.Writer, v6 bool) *MemfileWriter {
	m := &MemfileWriter{w: bufio.NewWriter(w), v6: v6}
	for i, c := range columnsOf(v6) {
		if i > 0 {
			m.row = append(m.row, ',')
		}
		m.row = append(m.row, c.name...)
	}
	_, _ = m.w.Write(append(m.row, '\n')) // Flush returns the error
	return m
}

// Write adds a row. A ValidLft of 0 removes the lease from the file. A lease
// that Kea would refuse to read is an error and not written: one of the other
// family, or one of nobody that is not declined.
func (m *MemfileWriter) Write(l Lease) error {
	if err := m.check(&l); err != nil {
		return fmt.Errorf("lease: %v in a lease file: %w", l.Addr, err)
	}
	return m.write(&l)
}

func (m *MemfileWriter) write(l *Lease) error {
	b := m.row[:0]
	for i, c := range columnsOf(m.v6) {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.write(b, l)
	}
	m.row = append(b, '\n')
	_, err := m.w.Write(m.row)
	return err
}

func (m *MemfileWriter) check(l *Lease) error {
	if err := l.valid(); err != nil {
		return err
	}
	if m.v6 == (l.Type == V4) {
		return errors.New("the file is of the other family")
	}
	return identified(l)
}

// Flush writes what is still in memory, and says whether all has been written.
func (m *MemfileWriter) Flush() error { return m.w.Flush() }

// ExportMemfile writes the leases of a family as a lease file of Kea, which
// Kea loads when it starts, and returns how many. Leases that have no place in
// one are left out and named by the error.
func ExportMemfile(w io.Writer, s *Store, v6 bool) (int, error) {
	m := NewMemfileWriter(w, v6)
	n := 0
	var refused []error
	for l := range s.All() {
		if (l.Type != V4) != v6 || l.ValidLft == 0 { // a lifetime of 0 would be read as a removal
			continue
		}
		if err := m.check(&l); err != nil {
			refused = append(refused, fmt.Errorf("%v: %w", l.Addr, err))
			continue
		}
		if err := m.write(&l); err != nil {
			return n, fmt.Errorf("lease: export: %w", err)
		}
		n++
	}
	if err := m.Flush(); err != nil {
		return n, fmt.Errorf("lease: export: %w", err)
	}
	if len(refused) > 0 {
		return n, fmt.Errorf("lease: export: %w", errors.Join(refused...))
	}
	return n, nil
}
