// Command dhcpload drives DHCPv4 exchanges (DISCOVER, OFFER, REQUEST, ACK) or
// DHCPv6 exchanges (Solicit, Advertise, Request, Reply) against one or more
// servers, as a relay agent would, and reports throughput, latency and every
// address or prefix that was acknowledged to two clients.
//
// It is closed-loop: -window exchanges are kept in flight. With -rate it is
// open-loop: so many exchanges are started a second whatever comes back, and
// latencies are counted from when a message should have been sent, so that a
// server that stops is not asked less.
//
// An exchange has a client never seen before, or with -clients N one of N
// returning clients, which with -renew renews the lease that it has: first, and
// not measured, all get one. With several servers in -to, every message goes to
// all, as a relay agent with several helper addresses sends it, and the first
// answer wins.
//
// With -insist clients do what clients do when something goes wrong: who is
// refused, or asks in vain for what was offered, begins anew; who renews in vain
// asks any server, until the lease is over. With -release some give their leases
// back, with -change some never return.
//
//	dhcpload -bind 10.77.0.100:67 -to 10.77.0.1:67,10.77.0.2:67 -window 64 -for 10s
//	dhcpload -bind 10.77.0.100:67 -to 10.77.0.1:67 -rate 1000 -clients 50000 -renew
//	dhcpload -bind 10.77.0.100:67 -to 10.77.0.1:67 -rate 200 -clients 1000 -renew -insist -tries 3 -release 5 -change 1
//	dhcpload -bind [fd77::100]:547 -to [fd77::1]:547 -pd -window 64 -for 10s
//
// The addresses say which DHCP it is. What the report says of offers and ACKs
// is with DHCPv6 of Advertise and Reply, and NAKs are the messages without an
// address, or without the prefix that -pd asks for.
//
// The report is one line of JSON on standard output. The exit status is not
// zero if no exchange was completed or an address had two owners.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("dhcpload: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	var (
		s     settings
		flags = flag.NewFlagSet("dhcpload", flag.ExitOnError)
		bind  = flags.String("bind", "10.77.0.100:67", "local relay address; its IP is giaddr or link-address")
		to    = flags.String("to", "10.77.0.1:67", "comma-separated servers")
		acks  = flags.String("acks", "", "write every ACK to this file: unix-ms client address server lease-seconds, and the milliseconds since the client began to ask, a line for each address and prefix; one that the client does not heed, as another server was faster, has -1 of them; what is given back, just before that is said, has no server (-) and 0 seconds")
	)
	flags.IntVar(&s.window, "window", 64, "exchanges in flight")
	flags.IntVar(&s.rate, "rate", 0, "start this many exchanges a second, whatever is in flight; 0 is -window")
	flags.DurationVar(&s.duration, "for", 10*time.Second, "how long new exchanges are started")
	flags.DurationVar(&s.timeout, "timeout", time.Second, "retransmit after")
	flags.IntVar(&s.tries, "tries", 0, "send a message at most this often and then give up; 0 is no limit")
	flags.IntVar(&s.clients, "clients", 0, "number of distinct clients; 0 is one per exchange")
	flags.BoolVar(&s.renew, "renew", false, "clients that have a lease renew it; wants -clients")
	flags.BoolVar(&s.insist, "insist", false, "clients never give up: after -tries messages in vain they go on by another one")
	flags.IntVar(&s.release, "release", 0, "of 100 times that a client would renew its lease, it gives it back so often; wants -renew")
	flags.IntVar(&s.change, "change", 0, "of 100 times that a client would renew its lease, it is gone and a new client comes instead so often; wants -renew")
	flags.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "seed of the client identifiers")
	flags.IntVar(&s.batch, "batch", 1, "messages that are handed to the system in one to be divided (UDP_SEGMENT), at most; more than 1 saves most of the sender's time, and is not for servers with packet sockets behind a veth without gso_max_segs 1")
	flags.BoolVar(&s.pd, "pd", false, "DHCPv6: ask for a prefix beside the address")
	flags.BoolVar(&s.rapid, "rapid", false, "DHCPv6: ask for rapid commit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	local, err := netip.ParseAddrPort(*bind)
	if err != nil || local.Addr().IsUnspecified() {
		return fmt.Errorf("-bind: %q is no address with port", *bind)
	}
	for server := range strings.SplitSeq(*to, ",") {
		addr, err := netip.ParseAddrPort(server)
		if err != nil || addr.Addr().Is4() != local.Addr().Is4() {
			return fmt.Errorf("-to: %q is no address with port of the family of -bind", server)
		}
		s.servers = append(s.servers, addr)
	}
	if (s.pd || s.rapid) && local.Addr().Is4() {
		return errors.New("-pd and -rapid are of DHCPv6")
	}
	if s.window < 1 || s.batch < 1 || s.batch > maxBatch || s.rate < 0 || s.tries < 0 || s.clients < 0 {
		return fmt.Errorf("-window must be at least 1, -batch 1 to %d, and no number negative", maxBatch)
	}
	if s.renew && s.clients == 0 {
		return errors.New("-renew wants -clients")
	}
	if s.release < 0 || s.change < 0 || s.release+s.change > 100 || s.release+s.change > 0 && !s.renew {
		return errors.New("-release and -change are of 100 times, together, and want -renew")
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		return err
	}
	defer conn.Close()
	if *acks != "" {
		f, err := os.Create(*acks)
		if err != nil {
			return err
		}
		defer f.Close()
		s.acks = f
	}

	l, err := newLoad(s, conn)
	if err != nil {
		return err
	}
	report, err := l.run()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	switch {
	case report.Completed == 0:
		return errors.New("no exchange was completed")
	case report.Duplicates > 0:
		return fmt.Errorf("%d addresses or prefixes were acknowledged to a second client", report.Duplicates)
	}
	return nil
}
