package testnet

import (
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// Wire connects two hosts, which have a link of the same name then, with
// addresses such as "192.0.2.1/24". What it does by chance it does by the seed.
func (n *Net) Wire(link string, seed uint64, a *Host, addrA string, b *Host, addrB string) *Wire {
	n.t.Helper()
	w := new(Wire)
	var ends [2]*os.File
	for i, h := range []*Host{a, b} {
		var err error
		h.Do(func() { ends[i], err = openTap(link) })
		if err != nil {
			n.t.Fatalf("%s: %s: %v", h.Name, link, err)
		}
		n.t.Cleanup(func() { ends[i].Close() })
		h.AddAddr(link, []string{addrA, addrB}[i])
		h.Up(link)
	}
	for i := range ends {
		w.ways[i] = &way{random: rand.New(rand.NewPCG(seed, uint64(i)))}
		w.flying.Go(func() { w.carry(w.ways[i], ends[i].Read, ends[1-i].Write) })
	}
	n.t.Cleanup(func() {
		for _, f := range ends {
			f.Close()
		}
		w.flying.Wait()
	})
	return w
}

// openTap returns the other end of a new link.
func openTap(link string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(link)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("TUNSETIFF: %w", err)
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}
