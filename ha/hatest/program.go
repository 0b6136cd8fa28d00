package hatest

import "context"

// A Program is the DHCP server under test, as its clients see it.
type Program interface {
	// Query answers a query; false: it does not. It may be called by many
	// goroutines at the same time. ctx ends with the Node.
	Query(ctx context.Context, q Query) (Answer, bool)

	// Close ends the program in good order: its goroutines have ended and its
	// lease file is closed when it returns. It may be called while queries are
	// being answered.
	Close() error
}
