package main

import (
	"context"
	"net/netip"
	"slices"
	"time"
)

// suffer starts a pair and its clients, and takes it through the schedule.
func (p *pair) suffer(ctx context.Context) {
	defer p.writeLogs()
	p.out.begin(nil)
	for i := range p.servers {
		p.launch(i)
	}
	for i := range p.servers {
		p.awaitAnswer(i)
	}
	p.awaitNormal(ctx)
	p.startClients()
	p.awaitLeases(ctx)
	p.check(ctx)
	end := time.Now().Add(p.options.length)
	for f := range schedule(p.options.seed, p.options.kinds) {
		pause(ctx, f.after)
		if ctx.Err() != nil || time.Now().After(end) {
			break
		}
		p.strike(ctx, f)
	}
	p.check(ctx)
	p.out.begin(nil)
	p.kill(0, 1) // what is on both disks in the end
}

// strike does harm, and looks what has come of it when all is well again.
func (p *pair) strike(ctx context.Context, f fault) {
	w := p.out.begin(&f)
	heal := f.kind.inject(p, f)
	pause(ctx, f.length)
	heal()
	healed := time.Now()
	p.awaitNormal(ctx)
	w.normal = time.Now()
	p.check(ctx)
	p.book.disallow()
	p.logf("%v: normal again %.1f s after its end, a client waited for %.1f s; %d leases looked for, %v late, %v lost, %d addresses given twice, %d of a split",
		f, w.normal.Sub(healed).Seconds(), w.longest.Seconds(), w.checked, w.late, w.lost, len(w.twice), len(w.split))
	for _, d := range w.details {
		p.logf("%s", d)
	}
	p.out.begin(nil)
}

// pause is the time that the schedule leaves between two moments.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// awaitLeases waits until all clients have had their first leases.
func (p *pair) awaitLeases(ctx context.Context) {
	for began := time.Now(); len(p.book.claims) < p.options.clients && ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
		p.readAcks(time.Now())
		if time.Since(began) > patience {
			p.s.Fatalf("%s: %d clients have leases in %v, of %d", p.out.title(), len(p.book.claims), patience, p.options.clients)
		}
	}
}

// moments is how long a server that has just returned may take to be brought up
// to date.
const moments = 5 * time.Second

// check looks whether both servers have what clients have been acknowledged, on
// their disks. What is not there is waited for, for moments.
func (p *pair) check(ctx context.Context) {
	w := p.out.window()
	promised := p.readAcks(time.Now())
	for i := range p.servers {
		w.looked(len(promised))
		if err := p.out.lookAt(i, p.servers[i].PID()); err != nil && !p.servers[i].gone() {
			p.must(err)
		}
	}
	missing := p.missing(promised)
	for i := range missing {
		p.out.delay(i, missing[i])
	}
	for began := time.Now(); len(missing[0])+len(missing[1]) > 0 && time.Since(began) < moments && ctx.Err() == nil; {
		pause(ctx, 200*time.Millisecond)
		missing = p.missing(promised)
	}
	for i := range missing {
		p.out.lose(i, missing[i], p.book)
	}
}

// missing is what the servers have not of what was promised, and not been
// promised anew since: the file of a server is read after the promise was made,
// and what has become of it meanwhile after that.
func (p *pair) missing(promised map[netip.Addr]claim) (missing [2][]loss) {
	for i, sv := range p.servers {
		has, err := sv.kept()
		p.must(err)
		missing[i] = compare(promised, has, time.Now())
	}
	p.readAcks(time.Now())
	for i := range missing {
		missing[i] = slices.DeleteFunc(missing[i], func(l loss) bool { return p.book.claims[l.addr] != l.claim })
	}
	return missing
}
