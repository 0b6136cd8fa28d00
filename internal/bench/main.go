// Command bench measures failoverd beside kea-dhcp4 and kea-dhcp6, with the
// same configuration, in network namespaces of this machine. It needs Linux,
// root, these two, kea-ctrl-agent and perf, and a machine that does nothing else.
//
//	go run ./internal/bench                everything
//	go run ./internal/bench alone size     these figures; -h lists them
//
// What was measured is printed, and with -write put into README.md and
// docs/performance.md, where the rest stays as it is. A goal that was missed is
// shown as such.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/rig"
)

// tb is what stands for a test.
type tb = rig.TB

// figure is something that can be measured.
type figure struct {
	name    string
	about   string
	measure func(*tb, options) report
}

// figures are in the order of the table of goals.
var figures = []figure{
	{"pairs", "leases a second of pairs", func(s *tb, o options) report { return dhcp4.pairs(s, o, "hot-standby", "load-balancing") }},
	{"pairs6", "the same of DHCPv6", func(s *tb, o options) report { return dhcp6.pairs(s, o, "hot-standby") }},
	{"alone", "leases a second of single servers", dhcp4.alone},
	{"alone6", "the same of DHCPv6", dhcp6.alone},
	{"latency", "how long pairs take to answer", latency},
	{"curves", "what pairs do at every load, with plots", curves},
	{"profile", "where the time of an exchange goes, in a pair of ours; wants perf", profile},
	{"failover", "how long a pair is silent when its primary dies", failover},
	{"outage", "how a standby returns, with and without its leases", dhcp4.outage},
	{"outage6", "the same of DHCPv6", dhcp6.outage},
	{"size", "what the number of leases costs", dhcp4.size},
	{"size6", "the same of DHCPv6", dhcp6.size},
	{"overload", "ten times as many exchanges as can be completed", dhcp4.overload},
	{"overload6", "the same of DHCPv6", dhcp6.overload},
}

type options struct {
	windows []int
	repeat  int
	length  time.Duration
	segment bool
	leases  int
	many    int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	windows := flags.String("windows", "64,256,1024", "leases a second: exchanges in flight that are tried, for the best of each server")
	flags.IntVar(&o.repeat, "repeat", 3, "measurements of each kind of server")
	flags.DurationVar(&o.length, "for", 4*time.Second, "leases a second: length of a measurement")
	flags.IntVar(&o.leases, "leases", 200_000, "outage: leases that there are")
	flags.IntVar(&o.many, "many", 1_000_000, "size: leases that there are")
	flags.BoolVar(&o.segment, "segment", false, "failoverd runs with -segment, which is not its default")
	write := flags.Bool("write", false, "replace the figures in README.md and docs/performance.md")
	flags.Usage = func() {
		out := flags.Output()
		fmt.Fprintln(out, "bench [figure ...] [flags]\n\nWithout a figure every one is measured.")
		for _, f := range figures {
			fmt.Fprintf(out, "  %-10s %s\n", f.name, f.about)
		}
		fmt.Fprintln(out)
		flags.PrintDefaults()
	}
	var chosen []figure
	args := os.Args[1:]
	for ; len(args) > 0 && !strings.HasPrefix(args[0], "-"); args = args[1:] {
		i := slices.IndexFunc(figures, func(f figure) bool { return f.name == args[0] })
		if i < 0 {
			log.Fatalf("%q is no figure; -h lists them", args[0])
		}
		chosen = append(chosen, figures[i])
	}
	_ = flags.Parse(args) // it exits
	if flags.NArg() > 0 {
		log.Fatalf("%q: figures stand before flags", flags.Arg(0))
	}
	if chosen == nil {
		chosen = figures
	}
	for w := range strings.SplitSeq(*windows, ",") {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			log.Fatalf("-windows: %q is no number of exchanges", w)
		}
		o.windows = append(o.windows, n)
	}
	if err := run(chosen, o, *write); err != nil {
		log.Fatal(err)
	}
}

// run measures figures, prints them and, with write, puts them into the
// documentation. What can not be measured keeps nothing else from being so.
func run(chosen []figure, o options, write bool) error {
	var failed error
	machine, goals, notes := "", "", rig.LoadAverage()
	if o.segment {
		notes += "failoverd ran with -segment.\n"
	}
	put := func(name, text string) {
		fmt.Print("\n", text)
		if write {
			failed = cmp.Or(failed, rig.WriteMarked(documents, "bench "+name, text))
		}
	}
	for _, f := range chosen {
		var r report
		err := rig.Session(func(s *tb) {
			if machine == "" {
				machine = rig.DescribeMachine(s.Dir)
			}
			r = f.measure(s, o)
		})
		if err != nil {
			log.Printf("%s: %v", f.name, err)
			failed = cmp.Or(failed, fmt.Errorf("%s: %w", f.name, err))
			continue
		}
		for name, svg := range r.plots {
			if write {
				failed = cmp.Or(failed, os.WriteFile(filepath.Join("docs", name), []byte(svg), 0o644))
			}
		}
		put(f.name, r.text+notes+"Load and servers share the machine: "+machine+".\n"+
			"`go run ./internal/bench "+f.name+" -write`, as root, measures it again.\n")
		if len(r.goals) == 0 {
			continue
		}
		had := goals
		if write {
			had = rig.ReadMarked(documents, "bench goals")
		}
		goals = mergeGoals(had, goalsTable(r.goals))
		put("goals", goals+"\n"+notes+"Medians of "+fmt.Sprint(o.repeat)+", in turns. Load and servers share the machine: "+machine+".\n"+
			"`go run ./internal/bench -write`, as root, measures it again.\n")
	}
	return failed
}
