// Command failover shows a pair of DHCPv4 servers and their clients at work,
// on loopback, without privileges, and ends by itself.
//
// Simulated clients get and renew leases from the pair. Then the primary stops
// without a word, its partner takes over, and the primary comes back. In the
// end every lease that a client was promised is looked up in both servers'
// files. The exit status is not zero if one is missing, an address had two
// owners or a client lost its address.
//
// It plays this once in hot-standby and once in load-balancing, or with -mode
// only in one of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

func main() {
	log.SetFlags(0)
	only := flag.String("mode", "", "play only `hot-standby` or load-balancing")
	clients := flag.Int("clients", 64, "how many clients want something at the same time")
	flag.Parse()
	modes := []ha.Mode{ha.HotStandby, ha.LoadBalancing}
	if *only != "" {
		modes = []ha.Mode{ha.Mode(*only)}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, mode := range modes {
		if err := run(ctx, os.Stdout, mode, *clients, 3*time.Second); err != nil {
			log.Fatal(err)
		}
	}
}

// run plays in one mode with a number of clients at once, and says in out what
// happens. Each scene lasts for length.
func run(ctx context.Context, out io.Writer, mode ha.Mode, clients int, length time.Duration) error {
	dir, err := os.MkdirTemp("", "failover-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := newPlay(newScreen(out), mode, dir)
	if err != nil {
		return err
	}
	err = p.run(ctx, clients, length)
	if ctx.Err() != nil {
		err = context.Cause(ctx) // also if it is a server that could not start then
	}
	if err := errors.Join(err, p.end()); err != nil {
		return fmt.Errorf("%s: %w", mode, err)
	}
	fmt.Fprintf(out, "\n%s, in the end:\n", mode)
	return p.book.sum(out, p.outage)
}
