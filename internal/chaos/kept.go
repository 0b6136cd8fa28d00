package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// keptLease is a lease that a server has on its disk.
type keptLease struct {
	client string // its hardware address, in hexadecimal digits
	ends   time.Time
	state  int // 0: it is the client's
}

// kept returns what a server has on its disk, whether it runs or not.
func (sv *server) kept() (map[netip.Addr]keptLease, error) {
	if !sv.ours {
		return sv.csv.read(sv.leases())
	}
	if sv.Process != nil && !sv.gone() {
		// What it has written at one moment is what a power cut would leave.
		thaw, err := freeze(sv.PID())
		if err != nil {
			return nil, err
		}
		defer thaw()
	}
	file, err := os.ReadFile(sv.leases() + ".db")
	if err != nil {
		return nil, err
	}
	return keptIn(file, sv.path("copy.db"))
}

// keptIn returns what is in a file of failoverd, of which it makes a copy.
func keptIn(file []byte, copied string) (map[netip.Addr]keptLease, error) {
	if err := os.WriteFile(copied, file, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(copied)
	store, err := lease.Open(copied, nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	leases := make(map[netip.Addr]keptLease)
	for l := range store.All() {
		client := hex.EncodeToString(l.HWAddr)
		if l.Addr.Is6() {
			client = clientOf(hex.EncodeToString(l.ClientID))
		}
		leases[l.Addr] = keptLease{client, time.Unix(l.CLTT+int64(l.ValidLft), 0), int(l.State)}
	}
	return leases, nil
}

// clientOf is the hardware address in a DUID-LL.
func clientOf(duid string) string { return strings.TrimPrefix(duid, "00030001") }

// csvFile is a lease file of Kea, to which it only appends. What has been read
// is not read again.
type csvFile struct {
	offset  int64
	columns map[string]int
	leases  map[netip.Addr]keptLease
}

func (f *csvFile) read(name string) (map[netip.Addr]keptLease, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.NewSectionReader(file, f.offset, 1<<40))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		f.offset += int64(len(line))
		f.note(strings.Split(strings.TrimSuffix(line, "\n"), ","))
	}
	return maps.Clone(f.leases), nil
}

// note takes a line for what Kea would take it when it starts. One that was not
// written whole, because the disk was full, is none.
func (f *csvFile) note(fields []string) {
	if fields[0] == "address" {
		f.columns, f.leases = make(map[string]int), make(map[netip.Addr]keptLease)
		for i, name := range fields {
			f.columns[name] = i
		}
		return
	}
	if len(fields) != len(f.columns) {
		return
	}
	number := func(column string) (n int64, err error) { return strconv.ParseInt(fields[f.columns[column]], 10, 64) }
	addr, err := netip.ParseAddr(fields[0])
	valid, err2 := number("valid_lifetime")
	expire, err3 := number("expire")
	state, err4 := number("state")
	if errors.Join(err, err2, err3, err4) != nil {
		return
	}
	if valid == 0 {
		delete(f.leases, addr)
		return
	}
	client := strings.ReplaceAll(fields[f.columns["hwaddr"]], ":", "")
	if duid, ok := f.columns["duid"]; ok {
		client = clientOf(strings.ReplaceAll(fields[duid], ":", ""))
	}
	f.leases[addr] = keptLease{client, time.Unix(expire, 0), int(state)}
}

// loss is a promise that a server has not kept.
type loss struct {
	addr netip.Addr
	claim
	why string
}

func (l loss) String() string {
	return fmt.Sprintf("%v of %s (%s, %s, until %s) %s", l.addr, l.client, l.server, clockTime(l.at), clockTime(l.until), l.why)
}

// compare returns what clients have been promised, may still use, and a server
// has not.
func compare(promised map[netip.Addr]claim, has map[netip.Addr]keptLease, now time.Time) (lost []loss) {
	for addr, c := range promised {
		if !c.until.After(now.Add(time.Second)) {
			continue
		}
		l, ok := has[addr]
		switch {
		case !ok:
			lost = append(lost, loss{addr, c, "is missing"})
		case l.client != c.client:
			lost = append(lost, loss{addr, c, "is of " + l.client})
		case l.state != 0:
			lost = append(lost, loss{addr, c, fmt.Sprintf("has state %d", l.state)})
		case l.ends.Before(c.until):
			lost = append(lost, loss{addr, c, fmt.Sprintf("ends %v too early", c.until.Sub(l.ends))})
		}
	}
	return lost
}
