package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"strings"
	"time"
)

// claim is what a client was last acknowledged of an address.
type claim struct {
	client string    // its hardware address, in hexadecimal digits
	server string    // who acknowledged it
	at     time.Time // when the client heard of it
	until  time.Time // it may use the address at least until then
}

// conflict is an address that was given to a client while it was another's.
type conflict struct {
	addr          netip.Addr
	first, second claim
}

func (c conflict) String() string {
	return fmt.Sprintf("%v of %s (%s, %s, until %s) was given to %s (%s, %s)", c.addr,
		c.first.client, c.first.server, clockTime(c.first.at), clockTime(c.first.until), c.second.client, c.second.server, clockTime(c.second.at))
}

func clockTime(t time.Time) string { return t.Format("15:04:05.000") }

// wait is the time from a client's first message to its ACK.
type wait struct{ from, to time.Time }

// book knows what clients may rely on, from the file in which dhcpload notes
// what they have been acknowledged.
type book struct {
	file     string
	offset   int64 // up to which it has been read
	claims   map[netip.Addr]claim
	unheeded map[netip.Addr]claim  // what a client was acknowledged last and did not heed
	has      map[string]netip.Addr // what a client was acknowledged last
	slack    time.Duration
	ends     time.Time // who begins to ask later is allowed no slack; zero: it goes on
}

func newBook(file string) *book {
	return &book{file: file, claims: make(map[netip.Addr]claim), unheeded: make(map[netip.Addr]claim), has: make(map[string]netip.Addr)}
}

// allow lets leases end so much earlier: those that have been noted, and those
// that will be of clients that begin to ask until disallow.
func (b *book) allow(slack time.Duration) {
	b.slack, b.ends = slack, time.Time{}
	for addr, c := range b.claims {
		c.until = c.until.Add(-slack)
		b.claims[addr] = c
	}
}

// disallow ends what allow began. What is under way still has it.
func (b *book) disallow() { b.ends = time.Now() }

// news is what a part of the file has said.
type news struct {
	before   map[netip.Addr]claim // what was acknowledged before a time, and has not been given back since
	twice    []conflict
	disputed []conflict // the first of the two clients did not heed its ACK
	moved    []conflict // of one client: it has another address, and might have used the first
	waits    []wait
}

// read reads what has been written to the file since.
func (b *book) read(at time.Time) (n news, err error) {
	f, err := os.Open(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		return news{before: make(map[netip.Addr]claim)}, nil // dhcpload has just been started
	}
	if err != nil {
		return n, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, b.offset, 1<<40))
	if err != nil {
		return n, err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		b.offset += int64(len(line))
		a, err := parseAck(line)
		if err != nil {
			return n, fmt.Errorf("%s: %w", b.file, err)
		}
		if n.before == nil && !a.at.Before(at) {
			n.before = maps.Clone(b.claims)
		}
		b.note(a, &n)
	}
	if n.before == nil {
		n.before = maps.Clone(b.claims)
	}
	return n, nil
}

// ack is a line of the file.
type ack struct {
	claim
	addr     netip.Addr
	began    time.Time // the client, to ask
	released bool      // it is no ACK: the client gives the address back
	unheeded bool      // the client did not heed it
}

func (b *book) note(a ack, n *news) {
	has, ok := b.claims[a.addr]
	if a.released {
		if has.client == a.client {
			delete(b.claims, a.addr)
		}
		if n.before[a.addr].client == a.client {
			delete(n.before, a.addr) // it may have come in before who was to have it was killed
		}
		return
	}
	if a.unheeded {
		b.unheeded[a.addr] = a.claim
		b.dispute(a.addr, has, n)
		return
	}
	n.waits = append(n.waits, wait{a.began, a.at})
	if b.ends.IsZero() || a.began.Before(b.ends) {
		a.until = a.until.Add(-b.slack)
	}
	if ok && has.client != a.client && has.until.After(a.at) {
		n.twice = append(n.twice, conflict{a.addr, has, a.claim})
	}
	// A client has one address. If it takes another, its first was refused.
	if old := b.has[a.client]; old != a.addr && b.claims[old].client == a.client {
		if b.claims[old].until.After(a.at) {
			n.moved = append(n.moved, conflict{old, b.claims[old], a.claim})
		}
		delete(b.claims, old)
	}
	b.claims[a.addr], b.has[a.client] = a.claim, a.addr
	b.dispute(a.addr, a.claim, n)
}

// dispute notes that there may be another client for whom a server has leased the
// address that one was acknowledged, though it does not use it.
func (b *book) dispute(addr netip.Addr, c claim, n *news) {
	if unheeded := b.unheeded[addr]; c.client != "" && unheeded.client != c.client && unheeded.until.After(c.at) && c.until.After(unheeded.at) {
		n.disputed = append(n.disputed, conflict{addr, unheeded, c})
	}
}

// clockTick is more than what the system's time(2) is behind at most.
const clockTick = 20 * time.Millisecond

func parseAck(line string) (a ack, err error) {
	var ms, seconds, waited int64
	var client uint64
	var leased string
	if _, err := fmt.Sscanf(line, "%d %x %s %s %d %d\n", &ms, &client, &leased, &a.server, &seconds, &waited); err != nil {
		return a, fmt.Errorf("%q: %w", line, err)
	}
	addr, _, _ := strings.Cut(leased, "/")
	if a.addr, err = netip.ParseAddr(addr); err != nil {
		return a, err
	}
	a.unheeded = waited < 0
	waited = max(waited, 0)
	a.at = time.UnixMilli(ms)
	a.began = a.at.Add(-time.Duration(waited) * time.Millisecond)
	// A server counts whole seconds from when it was asked, and that was not
	// before the client began, by a clock that may be a tick behind.
	a.until = a.began.Add(-clockTick).Truncate(time.Second).Add(time.Duration(seconds) * time.Second)
	a.released = seconds == 0
	hw := []byte{byte(client>>40)&^1 | 2, byte(client >> 32), byte(client >> 24), byte(client >> 16), byte(client >> 8), byte(client)}
	a.client = hex.EncodeToString(hw)
	return a, nil
}
