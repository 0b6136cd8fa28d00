// Command bench measures how many leases a second failoverd and kea-dhcp4 give
// out, with the same configuration, in turns, in network namespaces of this
// machine. It needs Linux, root and kea-dhcp4, and a machine that does nothing
// else.
//
//	go run ./internal/bench -write
//
// The table is printed, and with -write put into README.md.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	windows := flags.String("windows", "16,64,256,1024", "exchanges in flight that are tried, for the best of each server")
	flags.IntVar(&o.repeat, "repeat", 3, "measurements of each server")
	flags.DurationVar(&o.length, "for", 5*time.Second, "length of a measurement")
	write := flags.Bool("write", false, "replace the table in README.md")
	_ = flags.Parse(os.Args[1:]) // it exits
	for w := range strings.SplitSeq(*windows, ",") {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			log.Fatalf("-windows: %q is no number of exchanges", w)
		}
		o.windows = append(o.windows, n)
	}

	var text string
	err := session(func(s *tb) { text = table(measure(s, o), describeMachine(s.dir)) })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	if *write {
		if err := writeReadme("README.md", text); err != nil {
			log.Fatal(err)
		}
	}
}
