//go:build !linux

package testnet

// Wire needs Linux.
func (n *Net) Wire(string, uint64, *Host, string, *Host, string) *Wire {
	n.t.Helper()
	n.t.Fatal("a wire needs Linux")
	return nil
}
