// Command chaos runs pairs of servers under a steady load of clients and does
// them harm, at random moments from a seed: kills and stops them, parts them
// from each other and from clients, loses and delays what they say to each
// other, fills their disks and sets their clocks off. After each fault it waits
// until the pair works as before, and looks whether every lease that a client
// was acknowledged and may still use is on both disks, whether an address was
// acknowledged to two clients at once, and for how long a client that kept
// asking went without an answer.
//
// Several pairs, in network namespaces of this machine, suffer the same schedule
// at the same time: failoverd with itself, failoverd with Kea as its standby,
// and Kea with itself to compare with. It needs Linux, root, iproute2, nftables
// and Kea.
//
//	go run ./internal/chaos -for 3m
//	go run ./internal/chaos -seed 7 -faults kill,stop -pairs ours/ours -families 4
//
// What was found is printed and with -write put into docs/reliability.md. The
// exit status is 1 if a failoverd has lost a lease that a failoverd has
// acknowledged, if a pair with one has given an address to two clients at once, if
// a failoverd ended or holds more descriptors or memory than before, or if a pair
// of them needed a person or refused a client what was its own.
//
// # What is counted
//
// A lease is looked for if its ACK has reached the client and neither its time
// is over nor the client has begun to give it back. It is late if it is not on
// the disk of one of the servers when both say that they work together again,
// and lost if it is not moments later; on the disk of a server that was killed
// it is lost at once.
//
// An address is given twice if a client is acknowledged it while another, to
// whom that was done before, may still use it. Such a case is one of a split if
// the schedule kept the servers from each other, one way or both, at the time of
// one of the two ACKs, or they had not met again since: then neither could know,
// and nothing but auto-failover false would have prevented it (see package ha).
// These are counted apart and are no failure.
//
// A client that is acknowledged another address has been refused its own, which
// it no longer uses then; but for a split, no server should.
//
// While the clock of a server is off, and for leases of before, a lease may end
// so much earlier, and a second: who has the wrong time cannot do better.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dhcpha/dhcpha/internal/rig"
)

// options are the command line.
type options struct {
	pairs    [][2]bool // whether a server is a failoverd
	families []family
	kinds    []kind
	mode     string
	length   time.Duration
	seed     uint64
	rate     int
	clients  int
	logs     string
	write    bool
}

func main() {
	log.SetFlags(log.Ltime)
	log.SetPrefix("chaos: ")
	o, err := parse(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		stop()
		log.Fatal(err)
	}
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("chaos", flag.ExitOnError)
	pairs := flags.String("pairs", "ours/ours,ours/kea,kea/kea", "who is with whom; the first is the primary")
	families := flags.String("families", "4,6", "of DHCP")
	names := flags.String("faults", "", "only these kinds; -h lists them")
	flags.StringVar(&o.mode, "mode", "hot-standby", "of the pairs; or load-balancing")
	flags.DurationVar(&o.length, "for", 3*time.Minute, "begin faults for so long")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano())%1_000_000, "what the schedule comes from")
	flags.IntVar(&o.rate, "rate", 200, "queries of clients a second, of each pair")
	flags.IntVar(&o.clients, "clients", 1000, "of each pair")
	flags.StringVar(&o.logs, "logs", "", "log more, and put what the servers log into this `folder`")
	flags.BoolVar(&o.write, "write", false, "replace the table in docs/reliability.md")
	flags.Usage = func() {
		flags.PrintDefaults()
		fmt.Fprintln(flags.Output(), "\nkinds of faults:")
		for _, k := range kinds() {
			fmt.Fprintf(flags.Output(), "  %-12s %s\n", k.name, k.about)
		}
	}
	_ = flags.Parse(args) // it exits
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	for text := range strings.SplitSeq(*pairs, ",") {
		i := slices.Index([]string{"kea/kea", "kea/ours", "ours/kea", "ours/ours"}, text)
		if i < 0 {
			return o, fmt.Errorf("-pairs: %q is no pair", text)
		}
		o.pairs = append(o.pairs, [2]bool{i >= 2, i%2 == 1})
	}
	for text := range strings.SplitSeq(*families, ",") {
		i := slices.Index([]string{"4", "6"}, text)
		if i < 0 {
			return o, fmt.Errorf("-families: %q is none", text)
		}
		o.families = append(o.families, []family{dhcp4(), dhcp6()}[i])
	}
	o.kinds = kinds()
	if *names != "" {
		o.kinds = nil
		for name := range strings.SplitSeq(*names, ",") {
			i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name })
			if i < 0 {
				return o, fmt.Errorf("-faults: %q is none; -h lists them", name)
			}
			o.kinds = append(o.kinds, kinds()[i])
		}
	}
	if o.mode != "hot-standby" && o.mode != "load-balancing" {
		return o, fmt.Errorf("-mode: %q is none", o.mode)
	}
	if o.rate < 1 || o.clients < 1 || o.clients > poolSize/2 {
		return o, fmt.Errorf("-rate must be at least 1, and -clients 1 to %d", poolSize/2)
	}
	return o, nil
}

// run has all pairs suffer, prints what was found, and returns what is wrong
// with ours.
func run(ctx context.Context, o options) error {
	var outcomes []*outcome
	machine, notes := "", rig.LoadAverage()
	log.Printf("seed %d", o.seed)
	err := rig.Session(func(s *rig.TB) {
		machine = rig.DescribeMachine(s.Dir)
		program := programs{rig.Build(s, "examples/failoverd"), rig.Build(s, "internal/dhcpload")}
		unmountAbandoned()
		var running sync.WaitGroup
		for _, f := range o.families {
			for _, ours := range o.pairs {
				out := &outcome{family: f, ours: ours, name: f.nameOf(ours[0]) + " / " + f.nameOf(ours[1])}
				outcomes = append(outcomes, out)
				running.Go(func() {
					out.err = rig.Session(func(s *rig.TB) { newPair(s, o, program, out).suffer(ctx) })
				})
			}
		}
		running.Wait()
	})
	if err != nil {
		return err
	}
	text := table(outcomes) + "\n" +
		fmt.Sprintf("In %s, for %v, with %d clients and %d queries a second of each pair, all pairs at the same time. ", o.mode, o.length, o.clients, o.rate) +
		fmt.Sprintf("Seed %d. %s%s.\n", o.seed, notes, machine) +
		"`.ci/chaos`, as root, does it again.\n"
	fmt.Print("\n", text, "\n", details(outcomes))
	if o.write {
		if err := rig.WriteMarked([]string{"docs/reliability.md"}, "chaos", text); err != nil {
			return err
		}
		if err := rig.WriteMarked([]string{"README.md"}, "chaos summary", summary(outcomes)); err != nil {
			return err
		}
	}
	var wrong []error
	for _, out := range outcomes {
		wrong = append(wrong, out.wrong()...)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("seed %d: %w", o.seed, errors.Join(wrong...))
	}
	return nil
}
