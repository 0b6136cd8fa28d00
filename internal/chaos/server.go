package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dhcpha/dhcpha/internal/rig"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// server is one of a pair.
type server struct {
	*testnet.Process // nil: it was never started
	ours             bool
	host             *testnet.Host
	dir              string // its configuration, its control socket, and its disk
	disk             *disk
	csv              csvFile            // of a Kea
	runs             []*testnet.Process // all of them
	v6               bool
}

func (p *pair) newServer(i int, h *testnet.Host) *server {
	dir := filepath.Join(p.net.Dir(), h.Name)
	sv := &server{ours: p.out.ours[i], host: h, dir: dir, v6: p.root == "Dhcp6"}
	p.must(os.Mkdir(dir, 0o755))
	p.must(os.Mkdir(sv.path("disk"), 0o755))
	var err error
	sv.disk, err = mountDisk(sv.path("disk"))
	p.must(err)
	p.s.Cleanup(sv.disk.unmount)
	severity := "WARN"
	if p.options.logs != "" {
		severity = "INFO"
	}
	text := p.configuration(i, p.options.mode, severity, func(library string) string { return testnet.KeaHook(p.s, library) }, dir, sv.leases())
	p.must(os.WriteFile(sv.path("conf"), []byte(text), 0o644))
	return sv
}

func (sv *server) path(name string) string { return filepath.Join(sv.dir, name) }
func (sv *server) leases() string          { return sv.path("disk/leases.csv") }

// launch starts a server, without waiting for it.
func (p *pair) launch(i int) {
	sv := p.servers[i]
	program := p.kea
	if sv.ours {
		program = p.program.failoverd
	}
	cmd := sv.host.Command(context.Background(), program, "-c", sv.path("conf"))
	cmd.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+sv.dir, "KEA_LOCKFILE_DIR="+sv.dir)
	sv.Process = sv.host.StartCommand(cmd)
	sv.runs = append(sv.runs, sv.Process)
}

// awaitAnswer waits until a server that was launched answers commands.
func (p *pair) awaitAnswer(i int) {
	p.s.Helper()
	sv := p.servers[i]
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	testnet.Until(ctx, p.s, fmt.Sprintf("%s: server%d answers", p.out.title(), i+1), func() error {
		if sv.gone() {
			p.s.Fatalf("%s: server%d has ended: %v\n%s", p.out.title(), i+1, sv.Wait(ctx), sv.Output())
		}
		_, _, err := sv.states()
		return err
	})
}

// gone says whether a server has ended.
func (sv *server) gone() bool {
	select {
	case <-sv.Done():
		return true
	default:
		return false
	}
}

// states are those that a server knows of itself and of its partner.
func (sv *server) states() (local, remote string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return rig.Control(sv.path("ctrl")).States(ctx)
}
