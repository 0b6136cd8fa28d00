package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/lease"
)

// book remembers what clients were promised.
type book struct {
	mu         sync.Mutex
	promised   map[netip.Addr]promise
	duplicates int
	wrong      []error

	acks    int             // since it was last drawn
	waits   []time.Duration // of all clients, from asking to being answered
	longest time.Duration   // of waits since mark
}

type promise struct {
	hw    net.HardwareAddr
	until time.Time
}

func newBook() *book { return &book{promised: make(map[netip.Addr]promise)} }

// note takes down what went wrong; nil is nothing.
func (b *book) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.wrong = append(b.wrong, err)
	}
}

// acknowledged takes down that a client was promised an address, and how long
// it had to wait for that.
func (b *book) acknowledged(hw net.HardwareAddr, ack *dhcpv4.DHCPv4, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	addr, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	if p, ok := b.promised[addr]; ok && !bytes.Equal(p.hw, hw) {
		b.duplicates++
		b.wrong = append(b.wrong, fmt.Errorf("%v was given to %v although %v has it", addr, hw, p.hw))
	}
	b.promised[addr] = promise{slices.Clone(hw), time.Now().Add(ack.IPAddressLeaseTime(0))}
	b.waits = append(b.waits, wait)
	b.longest = max(b.longest, wait)
	b.acks++
}

// count returns how many exchanges were acknowledged since it was last called,
// and how many clients have an address.
func (b *book) count() (acks, clients int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	acks, b.acks = b.acks, 0
	return acks, len(b.promised)
}

// mark begins a new measurement of the longest wait, and returns the last one.
func (b *book) mark() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	longest := b.longest
	b.longest = 0
	return longest
}

// audit compares every promise with the leases of a server.
func (b *book) audit(server string, store *lease.Store) {
	for addr, p := range b.promised {
		l, ok := store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
		switch {
		case !ok:
			b.note(fmt.Errorf("%s: the lease of %v for %v is missing", server, addr, p.hw))
		case !bytes.Equal(l.HWAddr, p.hw):
			b.note(fmt.Errorf("%s: %v was promised to %v, but is kept for %x", server, addr, p.hw, l.HWAddr))
		case l.Expires().Before(p.until.Add(-2 * time.Second)): // leases count in whole seconds
			b.note(fmt.Errorf("%s: %v was promised to %v until %v, but ends at %v", server, addr, p.hw, p.until, l.Expires()))
		}
	}
	if len(b.promised) == 0 {
		b.note(errors.New("no client was served"))
	}
}

// sum writes the summary. The error tells of what went wrong.
func (b *book) sum(out io.Writer, outage time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.waits)
	fmt.Fprintf(out, "   acknowledged  %d exchanges, half of them within %v, 99 %% within %v\n", len(b.waits), quantile(b.waits, .5), quantile(b.waits, .99))
	fmt.Fprintf(out, "   leases        %d\n", len(b.promised))
	fmt.Fprintf(out, "   lost          %d\n", len(b.wrong)-b.duplicates)
	fmt.Fprintf(out, "   duplicates    %d\n", b.duplicates)
	fmt.Fprintf(out, "   outage        %d ms (the longest that a client had to wait)\n", outage.Milliseconds())
	if len(b.wrong) > 0 {
		return fmt.Errorf("%d things went wrong, such as: %w", len(b.wrong), errors.Join(b.wrong[:min(len(b.wrong), 5)]...))
	}
	return nil
}

// quantile returns what a share q of the sorted values do not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Round(10 * time.Microsecond)
}
