package ha

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// changes is a message as it came in.
type changes struct {
	changesHead
	list []lease.Change // with the sender's revisions and times
	bad  []failedChange // those that cannot be read; nothing stands for them in list
	at   []int          // index in the message of each of list
}

// Bounds of what is taken for a number: sums of them do not overflow.
const (
	maxMillis  = 1 << 53
	maxSeconds = 1 << 40
)

var errNoMessage = errors.New("not the arguments of ha-changes")

// parseChanges reads the arguments of ha-changes. A change that cannot be read
// is no error, so that one lease does not hold up all others.
func parseChanges(b []byte) (*changes, error) {
	m := new(changes)
	var need fields
	s := &scanner{b: b}
	s.object(func(name string) {
		switch name {
		case "server-name":
			m.server = s.text()
			need |= 1
		case "from":
			m.from = s.position()
			need |= 2
		case "to":
			m.to = s.position()
			need |= 4
		case "seen":
			m.seen = s.position()
			need |= 8
		case "now":
			m.now = time.UnixMilli(s.integer(0, maxMillis))
		case "clock-offset":
			m.offset = s.integer(-maxSeconds, maxSeconds)
		case "alone":
			m.alone = s.number()
		case "rewind":
			m.rewind = s.boolean()
		case "full":
			m.full = s.span()
		case "changes":
			m.readList(s)
			need |= 16
		default:
			s.skip()
		}
	})
	s.end()
	switch {
	case s.err != nil:
		return nil, s.err
	case need != 31:
		return nil, fmt.Errorf("%w: server-name, from, to, seen or changes is missing", errNoMessage)
	case m.server == "":
		return nil, fmt.Errorf("%w: server-name is empty", errNoMessage)
	case m.rewind && (m.full != nil || len(m.list)+len(m.bad) > 0):
		return nil, fmt.Errorf("%w: a rewind has no changes", errNoMessage)
	case m.from == m.to && len(m.list)+len(m.bad) > 0:
		return nil, fmt.Errorf("%w: changes that lead nowhere", errNoMessage)
	}
	return m, nil
}

type fields uint8

func (m *changes) readList(s *scanner) {
	n := 0
	s.list(func() {
		if n == maxChanges {
			s.fail("more than %d changes", maxChanges)
			return
		}
		raw := s.raw()
		if s.err != nil {
			return
		}
		c, err := parseChange(raw)
		if err != nil {
			m.bad = append(m.bad, failedChange{n, 1, err.Error()})
		} else {
			m.list = append(m.list, c)
			m.at = append(m.at, n)
		}
		n++
	})
}

func parseChange(raw []byte) (c lease.Change, err error) {
	var need fields
	var rev uint64
	var cltt int64
	var hwType, hwSource int64
	s := &scanner{b: raw}
	s.object(func(name string) {
		switch name {
		case "revision":
			rev = s.number()
		case "source":
			c.Source = s.number()
		case "lease":
			if raw := s.raw(); s.err == nil {
				s.err = c.Lease.UnmarshalJSON(raw)
			}
			need |= 1
		case "deleted":
			c.Lease.Type, c.Lease.Addr = s.key()
			c.Delete = true
			need |= 2
		case "cltt":
			cltt = s.integer(0, maxSeconds)
		case "hw-type":
			hwType = s.integer(0, 1<<16-1)
		case "hw-source":
			hwSource = s.integer(0, 1<<32-1)
		default:
			s.skip()
		}
	})
	s.end()
	switch {
	case s.err != nil:
		return c, s.err
	case need != 1 && need != 2:
		return c, fmt.Errorf("%w: a change is either a lease or a removal", errNoMessage)
	case rev == 0 || rev >= secondStream || c.Source >= secondStream:
		return c, fmt.Errorf("%w: there is no such revision", errNoMessage)
	case c.Delete:
		c.Lease.CLTT = cltt
	case c.Lease.Type != lease.V4:
		c.Lease.HWType, c.Lease.HWSource = uint16(hwType), uint32(hwSource)
	}
	c.Lease.Revision = rev
	return c, nil
}

// parseAnswer reads the arguments of an answer.
func parseAnswer(b []byte) (*changesAnswer, error) {
	a := new(changesAnswer)
	applied := false
	s := &scanner{b: b}
	s.object(func(name string) {
		switch name {
		case "applied":
			a.applied = s.position()
			applied = true
		case "position":
			a.position = s.position()
		case "now":
			a.now = time.UnixMilli(s.integer(0, maxMillis))
		case "transfer":
			a.transfer = new(transferred)
			s.object(func(name string) {
				switch name {
				case "to":
					a.transfer.to = s.position()
				case "through":
					a.transfer.through = s.addr()
				default:
					s.skip()
				}
			})
		case "failed-changes":
			s.list(func() { a.failed = append(a.failed, s.failed()) })
		default:
			s.skip()
		}
	})
	s.end()
	if s.err == nil && !applied {
		s.fail("applied is missing")
	}
	return a, s.err
}

func (s *scanner) failed() (f failedChange) {
	s.object(func(name string) {
		switch name {
		case "index":
			f.index = int(s.integer(0, maxChanges-1))
		case "result":
			f.result = int(s.integer(0, 1<<15-1))
		case "error-message":
			f.text = s.text()
		default:
			s.skip()
		}
	})
	return f
}

func (s *scanner) position() (p lease.Position) {
	s.object(func(name string) {
		switch name {
		case "epoch":
			var err error
			if p.Epoch, err = strconv.ParseUint(s.text(), 16, 64); err != nil {
				s.fail("epoch is not 1 to 16 hexadecimal digits")
			}
		case "revision":
			if p.Revision = s.number(); p.Revision >= secondStream {
				s.fail("there is no such revision")
			}
		default:
			s.skip()
		}
	})
	return p
}

func (s *scanner) span() *span {
	sp := new(span)
	s.object(func(name string) {
		switch name {
		case "after":
			sp.after = s.addr()
		case "through":
			sp.through = s.addr()
		case "prune":
			sp.prune = s.boolean()
		default:
			s.skip()
		}
	})
	if sp.after.IsValid() && sp.through.IsValid() && !sp.after.Less(sp.through) {
		s.fail("a span that ends before it begins")
	}
	return sp
}

// key reads which lease has been removed.
func (s *scanner) key() (t lease.Type, addr netip.Addr) {
	name := ""
	s.object(func(member string) {
		switch member {
		case "ip-address":
			addr = s.addr()
		case "type":
			name = s.text()
		default:
			s.skip()
		}
	})
	switch {
	case !addr.IsValid():
		s.fail("ip-address is missing")
	case addr.Is4() && (name == "" || name == lease.V4.String()):
		t = lease.V4
	case !addr.Is4() && name == lease.NA.String():
		t = lease.NA
	case !addr.Is4() && name == lease.PD.String():
		t = lease.PD
	default:
		s.fail("'%s' is no type of lease of %v", name, addr)
	}
	return t, addr
}

// addr reads an address; the zero Addr if it is empty.
func (s *scanner) addr() netip.Addr {
	text := s.text()
	if text == "" {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4In6() {
		s.fail("'%s' is not an address", text)
		return netip.Addr{}
	}
	return addr
}

func (s *scanner) text() string {
	text, ok := keatext.Unquote(s.raw())
	if !ok {
		s.fail("a string is expected")
	}
	return text
}

func (s *scanner) integer(least, most int64) int64 {
	n, err := strconv.ParseInt(string(s.raw()), 10, 64)
	if err != nil || n < least || n > most {
		s.fail("an integer from %d to %d is expected", least, most)
		return 0
	}
	return n
}

func (s *scanner) number() uint64 {
	n, err := strconv.ParseUint(string(s.raw()), 10, 64)
	if err != nil {
		s.fail("a positive integer is expected")
	}
	return n
}

func (s *scanner) boolean() bool {
	raw := string(s.raw())
	if raw != "true" && raw != "false" {
		s.fail("true or false is expected")
	}
	return raw == "true"
}
