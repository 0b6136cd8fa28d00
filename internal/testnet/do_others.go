//go:build !linux

package testnet

// Do runs fn with the host's network. On this system there are no hosts.
func (h *Host) Do(func()) { h.net.t.Fatal("network namespaces need Linux") }

// Sysctl sets a network setting of the host. On this system there are no hosts.
func (h *Host) Sysctl(_, _ string) { h.net.t.Fatal("network namespaces need Linux") }

func (h *Host) passUnfiltered() {}
