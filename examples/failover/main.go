// Command failover shows a DHCPv4 server and its clients at work, on loopback,
// without privileges, and ends by itself.
//
// Simulated clients get and renew leases. Halfway the server stops without
// warning and starts again with what is on disk. In the end every lease that
// a client was promised is looked up in the file. The exit status is not zero
// if one is missing, an address had two owners or a client lost its address.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, 10*time.Second, 64); err != nil {
		log.Fatal(err)
	}
}

// run plays for a time with a number of clients at once, and says in out what
// happens.
func run(ctx context.Context, out io.Writer, length time.Duration, clients int) (err error) {
	dir, err := os.MkdirTemp("", "failover-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "leases.db")
	server, err := start(ctx, file, 0)
	if err != nil {
		return err
	}
	// Close may come twice; here it is for when something fails in between.
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(out, "A DHCPv4 server answers on %s; its leases are in %s.\n", server.addr, file)
	fmt.Fprintf(out, "%d clients at a time: each gets a lease, renews it and makes room for the next.\n\n", clients)

	book, addr := newBook(), server.addr
	playing, end := context.WithTimeout(ctx, length)
	var group sync.WaitGroup
	defer group.Wait()
	defer end()
	for n := range clients {
		group.Go(func() { book.note(simulate(playing, addr, book, n)) })
	}
	first, halfway := context.WithTimeout(playing, length/2)
	defer halfway()
	began := time.Now()
	fmt.Fprintln(out, "   time   new leases   renewals   p50        p99")
	report(first, out, book, began)

	if err := server.Close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe server has stopped without warning, with queries in flight.\n")
	stopped := time.Now()
	if server, err = start(ctx, file, addr.Port()); err != nil {
		return err
	}
	fmt.Fprintf(out, "It is back after %v, with %d leases from disk.\n\n", time.Since(stopped).Round(time.Millisecond), server.leases())
	report(playing, out, book, began)

	group.Wait()
	if err := server.Close(); err != nil {
		return err
	}
	return book.audit(out, file)
}

// report writes a line every second until ctx ends.
func report(ctx context.Context, out io.Writer, b *book, began time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			leases, renewals, l := b.second()
			fmt.Fprintf(out, "%5.0f s %12d %10d   %-8v   %v\n", time.Since(began).Seconds(), leases, renewals,
				quantile(l, .5), quantile(l, .99))
		case <-ctx.Done():
			return
		}
	}
}
