package lease

import "fmt"

// AllocatorType is the order in which the free addresses of a pool are given
// out, under Kea's names. The zero value is Iterative, Kea's default.
type AllocatorType uint8

const (
	// Iterative goes through the pool in order, from the address after the
	// one picked last, and starts over at the end.
	Iterative AllocatorType = iota

	// Random picks any free address, so that the next one cannot be guessed.
	Random

	// FLQ (free lease queue) picks addresses that were never used, in random
	// order; when there are none left, the one that has been free longest.
	FLQ
)

var allocatorNames = [...]string{Iterative: "iterative", Random: "random", FLQ: "flq"}

// String returns Kea's name of the allocator.
func (t AllocatorType) String() string {
	if int(t) < len(allocatorNames) {
		return allocatorNames[t]
	}
	return fmt.Sprintf("AllocatorType(%d)", uint8(t))
}

// MarshalText returns Kea's name of the allocator.
func (t AllocatorType) MarshalText() ([]byte, error) {
	if int(t) >= len(allocatorNames) {
		return nil, fmt.Errorf("lease: unknown allocator %d", uint8(t))
	}
	return []byte(t.String()), nil
}

// UnmarshalText takes Kea's name of an allocator: iterative, random or flq.
func (t *AllocatorType) UnmarshalText(text []byte) error {
	for i, name := range allocatorNames {
		if name == string(text) {
			*t = AllocatorType(i)
			return nil
		}
	}
	return fmt.Errorf("unknown allocator %q: want iterative, random or flq", text)
}
