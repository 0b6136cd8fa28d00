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
	mu       sync.Mutex
	promised map[netip.Addr]promise
	wrong    []error

	leases, renewals int             // since the last second
	latencies        []time.Duration // since the last second
	all              []time.Duration
	answered         int
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

// leased takes down a new lease that took a time to get.
func (b *book) leased(hw net.HardwareAddr, ack *dhcpv4.DHCPv4, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leases++
	b.acknowledged(hw, ack, took)
}

// renewed takes down a renewal.
func (b *book) renewed(hw net.HardwareAddr, ack *dhcpv4.DHCPv4, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renewals++
	b.acknowledged(hw, ack, took)
}

func (b *book) acknowledged(hw net.HardwareAddr, ack *dhcpv4.DHCPv4, took time.Duration) {
	addr, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	if p, ok := b.promised[addr]; ok && !bytes.Equal(p.hw, hw) {
		b.wrong = append(b.wrong, fmt.Errorf("%v was given to %v although %v has it", addr, hw, p.hw))
	}
	b.promised[addr] = promise{slices.Clone(hw), time.Now().Add(ack.IPAddressLeaseTime(0))}
	b.latencies = append(b.latencies, took)
	b.answered++
}

// second returns what happened since it was last called, latencies in order.
func (b *book) second() (leases, renewals int, latencies []time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	leases, renewals, latencies = b.leases, b.renewals, b.latencies
	b.leases, b.renewals, b.latencies = 0, 0, nil
	slices.Sort(latencies)
	b.all = append(b.all, latencies...)
	return leases, renewals, latencies
}

// audit compares every promise with the file and writes the summary.
func (b *book) audit(out io.Writer, file string) error {
	b.second()
	store, err := lease.Open(file, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	for addr, p := range b.promised {
		l, ok := store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
		switch {
		case !ok:
			b.note(fmt.Errorf("the lease of %v for %v is not on disk", addr, p.hw))
		case !bytes.Equal(l.HWAddr, p.hw):
			b.note(fmt.Errorf("%v was promised to %v, but on disk it is for %x", addr, p.hw, l.HWAddr))
		case l.Expires().Before(p.until.Add(-2 * time.Second)): // leases count in whole seconds
			b.note(fmt.Errorf("%v was promised to %v until %v, but on disk it ends at %v", addr, p.hw, p.until, l.Expires()))
		}
	}
	if b.answered == 0 {
		b.note(errors.New("no client was served"))
	}
	slices.Sort(b.all)
	fmt.Fprintf(out, "\n%d exchanges acknowledged to %d clients, half of them within %v, 99 %% within %v.\n",
		b.answered, len(b.promised), quantile(b.all, .5), quantile(b.all, .99))
	fmt.Fprintf(out, "%d leases on disk.\n", store.Count(0, lease.Assigned, lease.V4))
	if len(b.wrong) > 0 {
		return fmt.Errorf("%d things went wrong, such as: %w", len(b.wrong), errors.Join(b.wrong[:min(len(b.wrong), 5)]...))
	}
	fmt.Fprintln(out, "Every lease that a client was promised is among them.")
	return nil
}

// quantile returns what a share q of the sorted values do not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Round(10 * time.Microsecond)
}
