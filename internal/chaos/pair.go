package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/rig"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// programs are what runs beside Kea.
type programs struct{ failoverd, load string }

// pair is two servers, a network with their clients, and a wire between them.
type pair struct {
	family
	s       *rig.TB
	options options
	out     *outcome
	program programs
	net     *testnet.Net
	wire    *testnet.Wire
	servers [2]*server
	clients *testnet.Host
	book    *book
}

// patience is how long all may take that is not measured, on a machine that has
// other work.
const patience = 2 * time.Minute

func newPair(s *rig.TB, o options, program programs, out *outcome) *pair {
	testnet.Require(s, "ip", "nft", out.kea)
	p := &pair{family: out.family, s: s, options: o, out: out, program: program, net: testnet.New(s)}
	lan := p.net.LAN()
	for i := range p.servers {
		h := p.net.Host(fmt.Sprintf("server%d", i+1))
		h.Join(lan, "eth0", p.addrs[i]+p.length)
		p.servers[i] = p.newServer(i, h)
	}
	p.wire = p.net.Wire("ha0", o.seed,
		p.servers[0].host, partnerAddrs[0]+"/24", p.servers[1].host, partnerAddrs[1]+"/24")
	p.clients = p.net.Host("clients")
	p.clients.Join(lan, "eth0", p.relay+p.length)
	p.book = newBook(filepath.Join(p.net.Dir(), "acks"))
	return p
}

// startClients has clients ask until the end. They renew their leases every few
// seconds; now and then one gives its lease back, or another comes in its place.
func (p *pair) startClients() {
	p.clients.Start(p.program.load,
		"-bind", p.endpoint(p.relay), "-to", p.endpoint(p.addrs[0])+","+p.endpoint(p.addrs[1]), "-acks", p.book.file,
		"-rate", fmt.Sprint(p.options.rate), "-clients", fmt.Sprint(p.options.clients), "-seed", fmt.Sprint(p.options.seed),
		"-renew", "-insist", "-tries", "3", "-timeout", "1s", "-release", "5", "-change", "1", "-for", "1000h")
}

// filter is what a host is to drop.
type filter struct {
	host   *testnet.Host
	chains string
}

func (p *pair) filter(all ...filter) (undo func()) {
	var each []func()
	for _, f := range all {
		each = append(each, f.host.Filter(f.chains))
	}
	return func() {
		for _, undo := range each {
			undo()
		}
	}
}

// kill kills servers at once, and looks whether what clients have been
// acknowledged before is on their disks.
func (p *pair) kill(victims ...int) {
	at := time.Now()
	for _, i := range victims {
		p.servers[i].Kill()
	}
	promised := p.readAcks(at)
	for _, i := range victims {
		has, err := p.servers[i].kept()
		p.must(err)
		lost := compare(promised, has, time.Now())
		p.out.window().looked(len(promised))
		p.out.lose(i, lost, p.book)
	}
}

// awaitNormal waits until both servers say that they work together, and does
// what a person would have to do if they do not come to it.
func (p *pair) awaitNormal(ctx context.Context) {
	p.s.Helper()
	const grace = 5 * time.Second // to find out that the other one has given up, or has not
	began, terminated := time.Now(), time.Time{}
	for {
		var why error
		finished := ""
		for i, sv := range p.servers {
			local, remote, err := sv.states()
			switch {
			case sv.gone():
				finished = fmt.Sprintf("server%d has ended by itself", i+1)
				p.out.window().ended = append(p.out.window().ended, i)
			case err != nil:
				why = fmt.Errorf("server%d: %w", i+1, err)
			case local != p.options.mode || remote != p.options.mode:
				why = fmt.Errorf("server%d is %s, and knows its partner to be %s", i+1, local, remote)
			}
			if local == "terminated" && terminated.IsZero() {
				terminated = time.Now()
			}
		}
		switch {
		case finished == "" && why == nil, ctx.Err() != nil:
			return
		case finished != "":
		case !terminated.IsZero() && time.Since(terminated) > grace:
			finished = "they have terminated their work: " + why.Error()
		case time.Since(began) > patience:
			finished = fmt.Sprintf("they do not find together in %v: %v", patience, why)
		}
		if finished != "" {
			w := p.out.window()
			if w.byHand++; w.byHand > 3 {
				p.s.Fatalf("%s, and restarts do not help: %s", p.out.title(), finished)
			}
			p.logf("restarted by hand: %s", finished)
			p.restart()
			began, terminated = time.Now(), time.Time{}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// restart starts both anew, as a person would.
func (p *pair) restart() {
	for i, sv := range p.servers {
		sv.Kill()
		p.launch(i)
	}
	for i := range p.servers {
		p.awaitAnswer(i)
	}
}

// readAcks takes note of what clients have been acknowledged, and returns what
// they had been before a time.
func (p *pair) readAcks(before time.Time) map[netip.Addr]claim {
	p.s.Helper()
	n, err := p.book.read(before)
	p.must(err)
	p.out.note(n)
	// Which of two clients keeps an address is decided when the servers meet again.
	undecided := func(c conflict) {
		delete(p.book.claims, c.addr)
		delete(n.before, c.addr)
	}
	for _, c := range n.twice {
		if p.out.split(c) {
			undecided(c)
		}
	}
	for _, c := range n.disputed {
		if p.out.apart(c.second.at) {
			undecided(c)
		}
	}
	return n.before
}

func (p *pair) must(err error) {
	p.s.Helper()
	if err != nil {
		p.s.Fatalf("%s: %v", p.out.title(), err)
	}
}

func (p *pair) logf(format string, args ...any) {
	p.s.Logf("%s: %s", p.out.title(), fmt.Sprintf(format, args...))
}

// writeLogs puts what the servers have logged, and what clients were
// acknowledged, where it was asked for.
func (p *pair) writeLogs() {
	if p.options.logs == "" {
		return
	}
	name := filepath.Join(p.options.logs, strings.NewReplacer(" / ", "-", ", ", "-").Replace(p.out.title()))
	p.must(os.MkdirAll(p.options.logs, 0o755))
	for i, sv := range p.servers {
		var text strings.Builder
		for n, run := range sv.runs {
			fmt.Fprintf(&text, "=== start %d\n%s", n+1, run.Output())
		}
		p.must(os.WriteFile(fmt.Sprintf("%s-server%d.log", name, i+1), []byte(text.String()), 0o644))
	}
	acks, err := os.ReadFile(p.book.file)
	p.must(errors.Join(err, os.WriteFile(name+".acks", acks, 0o644)))
}
