package testnet

import (
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Do runs fn with the host's network: sockets it opens are in the host and
// stay there, interfaces it lists are the host's. This holds for the goroutine
// that runs fn only, not for goroutines that it starts. fn may end the test.
func (h *Host) Do(fn func()) {
	h.net.t.Helper()
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread ends with the goroutine, so none that has
		// been moved to another namespace goes back to the scheduler.
		runtime.LockOSThread()
		if err := enter(h.ns); err != nil {
			h.net.t.Errorf("%s: %v", h.Name, err)
			return
		}
		fn()
		returned = true
	}()
	<-done
	switch { // what ended fn must end the caller's goroutine too
	case returned:
	case h.net.t.Skipped():
		h.net.t.SkipNow()
	default:
		h.net.t.FailNow()
	}
}

// enter moves the calling thread to a network namespace.
func enter(name string) error {
	ns, err := os.Open(filepath.Join("/run/netns", name))
	if err != nil {
		return err
	}
	defer ns.Close()
	return os.NewSyscallError("setns", unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET))
}

// passUnfiltered keeps bridges from asking the packet filter about every frame,
// which costs time where the module for it is loaded. Hosts have filters of
// their own.
func (h *Host) passUnfiltered() {
	h.net.t.Helper()
	h.Do(func() {
		for _, protocol := range []string{"ip", "ip6", "arp"} {
			err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+protocol+"tables", []byte("0"), 0)
			if err != nil && !os.IsNotExist(err) {
				h.net.t.Fatalf("%s: %v", h.Name, err)
			}
		}
	})
}

// Sysctl sets a network setting of the host, such as "net/ipv4/ip_forward".
func (h *Host) Sysctl(name, value string) {
	h.net.t.Helper()
	h.Do(func() {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0); err != nil {
			h.net.t.Fatalf("%s: %v", h.Name, err)
		}
	})
}
