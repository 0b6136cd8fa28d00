package lease

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxRow bounds a row of a lease file, in bytes: a user context of the greatest
// size, each byte of it escaped, fits in.
const maxRow = 512 << 10

// MemfileReader reads the rows of one of Kea's lease files (the memfile
// backend's CSV) of Kea 2.0 or newer, row by row. A lease file is a journal:
// of the rows with the same address the last counts.
type MemfileReader struct {
	name    string
	lines   *bufio.Reader
	line    int
	v6      bool
	columns []column
	least   int // values that a row must have
	most    int // values that a row may have; those beyond the known columns are passed over
}

// RowError is a row of a lease file that cannot be understood. Those that
// follow it can be read all the same.
type RowError struct {
	File   string
	Line   int
	Column string // empty: the fault is not in one column
	Value  string // of the column
	Err    error
}

// Error gives the place as file:line.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s %q: %v", e.File, e.Line, e.Column, e.Value, e.Err)
}

// Unwrap returns what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// NewMemfileReader reads the header of a lease file, which says of which family
// it is and how new a Kea wrote it. The name is for messages. An empty file is
// one without leases.
func NewMemfileReader(r io.Reader, name string) (*MemfileReader, error) {
	m := &MemfileReader{name: name, lines: bufio.NewReaderSize(r, maxRow), columns: columns4}
	header, err := m.next()
	if errors.Is(err, io.EOF) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	names := strings.Split(string(header), ",")
	m.v6 = len(names) > 1 && names[1] == columns6[1].name
	m.columns = columnsOf(m.v6)
	for i, c := range m.columns {
		if i >= len(names) {
			break
		}
		if names[i] != c.name {
			return nil, fmt.Errorf("%s:%d: column %d is %q, not %q as in a lease file of Kea", name, m.line, i+1, names[i], c.name)
		}
	}
	if last := len(names); last < len(m.columns) && !m.mayEnd(last) {
		return nil, fmt.Errorf("%s:%d: column %q is missing", name, m.line, m.columns[last].name)
	}
	m.least, m.most = min(len(names), len(m.columns)), max(len(names), len(m.columns))
	return m, nil
}

// mayEnd says whether a file may have just n columns.
func (m *MemfileReader) mayEnd(n int) bool {
	for _, c := range m.columns[:n] {
		if c.name == hostnameColumn.name {
			return true
		}
	}
	return false
}

// IPv6 says whether the file is one of DHCPv6.
func (m *MemfileReader) IPv6() bool { return m.v6 }

// Next returns the next row: a lease or, if its ValidLft is 0, the removal of
// one. After a *RowError it can be called again. At the end it returns io.EOF.
func (m *MemfileReader) Next() (Lease, error) {
	line, err := m.next()
	if err != nil {
		return Lease{}, err
	}
	l, err := m.parse(string(line))
	if err == nil {
		return l, nil
	}
	var e *RowError
	if !errors.As(err, &e) {
		e = &RowError{Err: err}
	}
	e.File, e.Line = m.name, m.line
	return Lease{}, e
}

// next returns the next line that is not blank.
func (m *MemfileReader) next() ([]byte, error) {
	for {
		line, err := m.lines.ReadSlice('\n')
		m.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = m.lines.ReadSlice('\n')
			}
			return nil, &RowError{File: m.name, Line: m.line, Err: fmt.Errorf("longer than %d bytes", maxRow)}
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) > 0:
			return line, nil // an error comes again
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
}

func (m *MemfileReader) parse(line string) (Lease, error) {
	values := strings.Split(line, ",")
	if n := len(values); n < m.least || n > m.most {
		return Lease{}, fmt.Errorf("%d values instead of %d", n, m.least)
	}
	r := fileRow{Lease: Lease{Type: V4}}
	if m.v6 {
		r.Type = NA
	}
	for i, c := range m.columns {
		value := ""
		switch {
		case i < len(values):
			value = values[i]
		case c.name != hwTypeColumn.name:
			continue // keeps its zero
		}
		if err := c.read(&r, value); err != nil {
			return Lease{}, &RowError{Column: c.name, Value: value, Err: err}
		}
	}
	return r.finish()
}

// finish checks what no column can tell by itself.
func (r *fileRow) finish() (Lease, error) {
	l := r.Lease
	if l.CLTT = r.expire - int64(l.ValidLft); l.CLTT < 0 {
		return Lease{}, fmt.Errorf("expire %d is less than valid_lifetime %d", r.expire, l.ValidLft)
	}
	if l.State == Declined && l.Type != V4 && Nobody(l.ClientID) {
		l.ClientID = nil
	}
	if err := identified(&l); err != nil {
		return Lease{}, err
	}
	return l, l.valid()
}

// identified says whether it is known whose lease it is. Kea has it that only
// a declined address is nobody's.
func identified(l *Lease) error {
	switch {
	case l.State == Declined || len(l.ClientID) > 0:
		return nil
	case l.Type != V4:
		return errors.New("no DUID, but the lease is not declined")
	case len(l.HWAddr) == 0:
		return errors.New("neither a hardware address nor a client identifier, but the lease is not declined")
	}
	return nil
}
