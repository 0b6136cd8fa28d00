// Command bench measures failoverd beside kea-dhcp4, or kea-dhcp6, with the same
// configuration, in network namespaces of this machine. It needs Linux, root
// and these two, and a machine that does nothing else.
//
//	go run ./internal/bench alone     leases a second of single servers
//	go run ./internal/bench alone6    the same of DHCPv6
//	go run ./internal/bench pairs     leases a second of pairs
//	go run ./internal/bench failover  how long a pair is silent when its primary dies
//	go run ./internal/bench outage    how a standby returns, with and without its leases
//
// The table is printed, and with -write put into README.md.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figures are what can be measured; each returns its text for the README.
var figures = map[string]func(*tb, options) string{
	"alone":    dhcp4.alone,
	"alone6":   dhcp6.alone,
	"pairs":    pairs,
	"failover": failover,
	"outage":   outage,
}

type options struct {
	windows []int
	repeat  int
	length  time.Duration
	leases  int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	windows := flags.String("windows", "16,64,256,1024", "alone, alone6, pairs: exchanges in flight that are tried, for the best of each server")
	flags.IntVar(&o.repeat, "repeat", 3, "measurements of each kind of server")
	flags.DurationVar(&o.length, "for", 5*time.Second, "alone, alone6, pairs: length of a measurement")
	flags.IntVar(&o.leases, "leases", 200_000, "outage: leases that there are")
	write := flags.Bool("write", false, "replace the table in README.md")
	name, args := "alone", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	figure := figures[name]
	if figure == nil {
		log.Fatalf("%q is none of %s", name, strings.Join(slices.Sorted(maps.Keys(figures)), ", "))
	}
	_ = flags.Parse(args) // it exits
	for w := range strings.SplitSeq(*windows, ",") {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			log.Fatalf("-windows: %q is no number of exchanges", w)
		}
		o.windows = append(o.windows, n)
	}

	var text string
	busy := loadAverage()
	err := session(func(s *tb) {
		text = figure(s, o) + busy + "Load and servers share the machine: " + describeMachine(s.dir) + ".\n" +
			"`go run ./internal/bench " + name + " -write`, as root, measures it again.\n"
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	if *write {
		if err := writeReadme("README.md", name, text); err != nil {
			log.Fatal(err)
		}
	}
}
